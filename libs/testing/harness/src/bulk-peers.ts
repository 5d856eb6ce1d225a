import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { IssuedCertificate } from './certificate-authority.ts';

export type BulkCodec = 'http1' | 'http2';

/** Where one side of a transfer stops until something has happened. */
export interface Gate {
  readonly atBytes: number;
  readonly open: () => Promise<unknown>;
}

export interface Received {
  readonly bytes: number;
  /** Every byte was the one that was sent. */
  readonly intact: boolean;
}

/** A prime length: a piece that is lost, doubled or out of order is seen wherever it is cut. */
const PATTERN = Buffer.from(Array.from({ length: 65_521 }, (_, i) => (i * 167 + (i >> 7)) & 255));
const SLOW_PIECE_BYTES = 1000;
const SLOW_PIECES = 500;
/** So that the peers' own windows are not what is measured. */
const PEER_WINDOW_BYTES = 1 << 20;

/** Writes `bytes` of the pattern and the end: the first half megabyte in small pieces, a turn each; waits for the reader. */
export async function writePattern(to: Writable, bytes: number): Promise<void> {
  for (let at = 0, pieces = 0; at < bytes; pieces += 1) {
    const from = at % PATTERN.length;
    const most = pieces < SLOW_PIECES ? SLOW_PIECE_BYTES : PATTERN.length;
    const piece = PATTERN.subarray(from, Math.min(PATTERN.length, from + Math.min(most, bytes - at)));
    at += piece.length;
    if (!to.write(piece)) await once(to, 'drain');
    else if (pieces < SLOW_PIECES) await new Promise((resolve) => setImmediate(resolve));
  }
  to.end();
}

/** Reads to the end; at the gate it reads nothing until that opens. */
export async function readPattern(from: Readable, gate?: Gate): Promise<Received> {
  let bytes = 0;
  let intact = true;
  let waiting = gate;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length;) {
      const start = bytes % PATTERN.length;
      const length = Math.min(chunk.length - at, PATTERN.length - start);
      if (chunk.compare(PATTERN, start, start + length, at, at + length) !== 0) intact = false;
      at += length;
      bytes += length;
    }
    if (waiting === undefined || bytes < waiting.atBytes) continue;
    await waiting.open();
    waiting = undefined;
  }
  return { bytes, intact };
}

/** Takes uploads (POST: answers what it received, as JSON) and gives downloads (GET /<bytes>). */
export class BulkUpstream {
  readonly port: number;
  /** Holds the next upload. */
  gate: Gate | undefined;
  readonly #server: http.Server | http2.Http2Server;

  private constructor(server: http.Server | http2.Http2Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(codec: BulkCodec, own?: IssuedCertificate): Promise<BulkUpstream> {
    const upstream: { made?: BulkUpstream } = {};
    const serve = (request: http.IncomingMessage | http2.Http2ServerRequest, response: Writable): void => {
      void upstream.made?.serve(request, response);
    };
    const server = createBulkServer(codec, own, serve);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
    return (upstream.made = new BulkUpstream(server));
  }

  private async serve(request: http.IncomingMessage | http2.Http2ServerRequest, response: Writable): Promise<void> {
    request.once('error', () => undefined);
    response.once('error', () => undefined);
    if (request.method === 'GET') return writePattern(response, Number(request.url?.slice(1)));
    const { gate } = this;
    this.gate = undefined;
    response.end(JSON.stringify(await readPattern(request, gate)));
  }

  async stop(): Promise<void> {
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

type Serve = (request: http.IncomingMessage | http2.Http2ServerRequest, response: Writable) => void;

function createBulkServer(codec: BulkCodec, own: IssuedCertificate | undefined, serve: Serve) {
  const settings = { initialWindowSize: PEER_WINDOW_BYTES };
  if (codec === 'http1') return own === undefined ? http.createServer(serve) : https.createServer(own, serve);
  const server =
    own === undefined ? http2.createServer({ settings }, serve) : http2.createSecureServer({ ...own, settings }, serve);
  // A server of this kind does not close its sessions by itself.
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session: http2.ServerHttp2Session) => {
    session.setLocalWindowSize(PEER_WINDOW_BYTES * 2);
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  return Object.assign(server, { closeAllConnections: () => sessions.forEach((session) => session.destroy()) });
}

export interface BulkTarget {
  readonly port: number;
  readonly codec: BulkCodec;
  /** The authority to trust; with it, TLS to `localhost`. */
  readonly ca?: string;
}

/** Sends `bytes` through; gives back what the upstream says that it received. */
export async function upload(target: BulkTarget, bytes: number): Promise<Received> {
  const { outgoing, response, close } = await ask(target, 'POST', '/');
  const [body] = await Promise.all([textOf(response), writePattern(outgoing, bytes)]);
  close();
  return JSON.parse(body) as Received;
}

/** Fetches `bytes`; stops reading at the gate. */
export async function download(target: BulkTarget, bytes: number, gate?: Gate): Promise<Received> {
  const { outgoing, response, close } = await ask(target, 'GET', `/${bytes}`);
  outgoing.end();
  const received = await readPattern(await response, gate);
  close();
  return received;
}

interface Asked {
  readonly outgoing: Writable;
  readonly response: Promise<Readable>;
  readonly close: () => void;
}

async function ask({ port, codec, ca }: BulkTarget, method: string, path: string): Promise<Asked> {
  if (codec === 'http1') {
    const options = { host: '127.0.0.1', port, method, path, agent: false, servername: 'localhost' };
    const outgoing = ca === undefined ? http.request(options) : https.request({ ...options, ca });
    return { outgoing, response: responseOf(outgoing), close: () => outgoing.destroy() };
  }
  const settings = { initialWindowSize: PEER_WINDOW_BYTES };
  const session =
    ca === undefined
      ? http2.connect(`http://127.0.0.1:${port}`, { settings })
      : http2.connect(`https://localhost:${port}`, { settings, ca });
  await once(session, 'connect');
  session.setLocalWindowSize(PEER_WINDOW_BYTES * 2);
  const stream = session.request({ ':method': method, ':path': path });
  return { outgoing: stream, response: responseOf(stream).then(() => stream), close: () => session.destroy() };
}

async function responseOf(outgoing: Writable): Promise<Readable> {
  const [response] = (await once(outgoing, 'response')) as [Readable];
  return response;
}

async function textOf(response: Promise<Readable>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await response) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
