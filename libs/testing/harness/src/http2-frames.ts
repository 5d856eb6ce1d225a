import { connect, type Socket } from 'node:net';

export type Fields = readonly (readonly [name: string, value: string])[];

export const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_STREAM = 1;
const END_HEADERS = 4;
const HEAD_BYTES = 9;
const WITHIN_MS = 10_000;

/** A frame, whatever its payload says. Text is latin1. */
export function http2Frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, bytes]);
}

/** A whole header block of literals that enter no table and are not coded: any octets can be sent. */
export function headersFrame(streamId: number, fields: Fields, end: boolean): Buffer {
  const block = Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
  return http2Frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), streamId, block);
}

export function dataFrame(streamId: number, body: string, end: boolean): Buffer {
  return http2Frame(DATA, end ? END_STREAM : 0, streamId, body);
}

/** RFC 7541 section 5.2, not Huffman coded. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.of(...length, rest), bytes]);
}

/** How a stream ended, as its client saw it. */
export type StreamEnd = 'response' | 'reset' | 'goaway' | 'closed';

/** A client of HTTP/2 by prior knowledge that sends what it is given and looks no further than how stream 1 ends. */
export class RawHttp2Client {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #end: StreamEnd | undefined;
  #tell: (end: StreamEnd) => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay();
    this.#socket.write(Buffer.concat([Buffer.from(HTTP2_PREFACE), http2Frame(SETTINGS, 0, 0)]));
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', () => undefined).once('close', () => this.#over('closed'));
  }

  send(...frames: readonly Buffer[]): this {
    this.#socket.write(Buffer.concat(frames));
    return this;
  }

  /** The end of stream 1; rejects after 10 seconds without. */
  end(): Promise<StreamEnd> {
    const { promise, resolve, reject } = Promise.withResolvers<StreamEnd>();
    this.#tell = resolve;
    if (this.#end !== undefined) resolve(this.#end);
    const deadline = setTimeout(() => reject(new Error(`stream 1 has no end within ${WITHIN_MS} ms`)), WITHIN_MS);
    return promise.finally(() => clearTimeout(deadline));
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= HEAD_BYTES) {
      const size = HEAD_BYTES + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < size) return;
      const [type, flags] = [this.#bytes[3], this.#bytes[4] as number];
      if (type === GOAWAY) this.#over('goaway');
      if (type === RST_STREAM) this.#over('reset');
      if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) this.#over('response');
      this.#bytes = this.#bytes.subarray(size);
    }
  }

  #over(end: StreamEnd): void {
    this.#end ??= end;
    this.#tell(this.#end);
  }
}
