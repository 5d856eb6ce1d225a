import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { Readable } from 'node:stream';

/** What a lane speaks. */
export type SoakKind = 'HTTP/1.1' | 'HTTP/1.1, TLS' | 'HTTP/2' | 'HTTP/2, TLS' | 'gRPC';

export const SOAK_KINDS: readonly SoakKind[] = ['HTTP/1.1', 'HTTP/1.1, TLS', 'HTTP/2', 'HTTP/2, TLS', 'gRPC'];

export interface SoakTarget {
  readonly kind: SoakKind;
  readonly port: number;
  readonly ca: string;
}

/** One connection after another; each is closed after so many requests. */
const REQUESTS_PER_CONNECTION = 40;
const UPLOAD = Buffer.alloc(8192, 'u');
/** A gRPC message: five octets of head. */
const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 4, 0]), Buffer.alloc(1024, 'g')]);
export const SOAK_DOWNLOAD = Buffer.alloc(2048, 'd');

/** Asks on and on, one request at a time. `request` resolves when the answer was right, and rejects with what was wrong. */
export interface SoakLane {
  request(): Promise<void>;
  readonly connections: number;
  close(): void;
}

export function openLane(target: SoakTarget): SoakLane {
  return target.kind.startsWith('HTTP/1.1') ? new Http1Lane(target) : new Http2Lane(target);
}

/** What an answer must be; every third request uploads. */
function judge(status: number | undefined, bytes: number, uploaded: boolean): void {
  if (status !== 200) throw new Error(`status ${status}`);
  const wanted = uploaded ? UPLOAD.length : SOAK_DOWNLOAD.length;
  if (bytes !== wanted) throw new Error(`${bytes} bytes instead of ${wanted}`);
}

async function count(stream: Readable): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

class Http1Lane implements SoakLane {
  connections = 0;
  private readonly target: SoakTarget;
  private agent: http.Agent | undefined;
  private requests = 0;

  constructor(target: SoakTarget) {
    this.target = target;
  }

  async request(): Promise<void> {
    const { port, ca, kind } = this.target;
    const secure = kind !== 'HTTP/1.1';
    if (this.requests % REQUESTS_PER_CONNECTION === 0) {
      this.close();
      this.connections += 1;
      this.agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: 1 });
    }
    const upload = this.requests % 3 === 2;
    this.requests += 1;
    const options = { host: '127.0.0.1', port, agent: this.agent, method: upload ? 'POST' : 'GET', path: '/' };
    const outgoing = secure ? https.request({ ...options, ca, servername: 'localhost' }) : http.request(options);
    outgoing.end(upload ? UPLOAD : undefined);
    try {
      const [response] = (await once(outgoing, 'response')) as [http.IncomingMessage];
      judge(response.statusCode, await count(response), upload);
    } catch (error) {
      this.requests = 0;
      throw error;
    }
  }

  close(): void {
    this.agent?.destroy();
    this.agent = undefined;
  }
}

class Http2Lane implements SoakLane {
  connections = 0;
  private readonly target: SoakTarget;
  private session: http2.ClientHttp2Session | undefined;
  private requests = 0;

  constructor(target: SoakTarget) {
    this.target = target;
  }

  async request(): Promise<void> {
    if (this.requests % REQUESTS_PER_CONNECTION === 0) await this.connect();
    const session = this.session as http2.ClientHttp2Session;
    const upload = this.requests % 3 === 2;
    this.requests += 1;
    try {
      if (this.target.kind === 'gRPC') await call(session);
      else await ask(session, upload);
    } catch (error) {
      this.requests = 0;
      throw error;
    }
  }

  private async connect(): Promise<void> {
    const { kind, port, ca } = this.target;
    this.close();
    this.connections += 1;
    const url = kind === 'HTTP/2, TLS' ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    this.session = http2.connect(url, { ca });
    this.session.on('error', () => undefined);
    await once(this.session, 'connect');
  }

  close(): void {
    this.session?.close();
    this.session = undefined;
  }
}

async function ask(session: http2.ClientHttp2Session, upload: boolean): Promise<void> {
  const stream = session.request({ ':method': upload ? 'POST' : 'GET', ':path': '/' }, { endStream: !upload });
  if (upload) stream.end(UPLOAD);
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & { ':status'?: number }];
  judge(headers[':status'], await count(stream), upload);
}

/** A unary call: what was sent comes back, with `grpc-status: 0` behind it. */
async function call(session: http2.ClientHttp2Session): Promise<void> {
  const fields = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ':method': 'POST', ':path': '/weft.Soak/Echo', ...fields });
  let status: unknown;
  stream.once('trailers', (trailers: http2.IncomingHttpHeaders) => (status = trailers['grpc-status']));
  stream.end(MESSAGE);
  await once(stream, 'response');
  const bytes = await count(stream);
  if (status !== '0') throw new Error(`grpc-status ${String(status)}`);
  if (bytes !== MESSAGE.length) throw new Error(`${bytes} bytes instead of ${MESSAGE.length}`);
}
