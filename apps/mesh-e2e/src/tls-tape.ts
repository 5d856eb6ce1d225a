import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/** What went over a wire, one way. */
export interface TapedConnection {
  readonly fromClient: Buffer[];
  readonly fromServer: Buffer[];
}

/** A TCP relay that keeps every byte. */
export class Tape {
  readonly connections: TapedConnection[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** `to`: the port behind it. */
  static async start(to: number): Promise<Tape> {
    const server = createServer();
    const tape = new Tape(server);
    server.on('connection', (socket) => {
      const taped: TapedConnection = { fromClient: [], fromServer: [] };
      tape.connections.push(taped);
      const behind = connect(to, '127.0.0.1');
      socket.on('data', (chunk) => taped.fromClient.push(chunk)).pipe(behind);
      behind.on('data', (chunk) => taped.fromServer.push(chunk)).pipe(socket);
      for (const one of [socket, behind]) one.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return tape;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
  }
}

/** One record of TLS. Source: RFC 8446 section 5.1. */
export interface TlsRecord {
  readonly type: number;
  readonly version: number;
  readonly fragment: Buffer;
}

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
const HEADER_BYTES = 5;

/** The records of one direction; throws where the bytes are anything else. The last one may be on its way still. */
export function tlsRecords(chunks: readonly Buffer[]): TlsRecord[] {
  const bytes = Buffer.concat(chunks);
  const records: TlsRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const type = bytes.readUInt8(at);
    const version = bytes.readUInt16BE(at + 1);
    const end = at + HEADER_BYTES + bytes.readUInt16BE(at + 3);
    if (type < 20 || type > 23 || version >> 8 !== 3)
      throw new Error(`no TLS at byte ${at}: ${bytes.subarray(at, at + 32).toString('latin1')}`);
    records.push({ type, version, fragment: bytes.subarray(at + HEADER_BYTES, end) });
    at = end;
  }
  return records;
}

const SUPPORTED_VERSIONS = 43;

/** The versions that a ClientHello offers, or the one that a ServerHello chose. Source: RFC 8446 sections 4.1 and 4.2.1. */
export function helloVersions(hello: TlsRecord): number[] {
  const { fragment } = hello;
  const isClient = fragment.readUInt8(0) === 1;
  // Type and length, legacy version, random.
  let at = 4 + 2 + 32;
  at += 1 + fragment.readUInt8(at); // session id
  at += isClient ? 2 + fragment.readUInt16BE(at) : 2; // cipher suites, or the one
  at += isClient ? 1 + fragment.readUInt8(at) : 1; // compression
  const end = at + 2 + fragment.readUInt16BE(at);
  for (at += 2; at < end;) {
    const type = fragment.readUInt16BE(at);
    const length = fragment.readUInt16BE(at + 2);
    if (type === SUPPORTED_VERSIONS) {
      const list = fragment.subarray(at + 4 + (isClient ? 1 : 0), at + 4 + length);
      return Array.from({ length: list.length / 2 }, (_, i) => list.readUInt16BE(2 * i));
    }
    at += 4 + length;
  }
  return [];
}
