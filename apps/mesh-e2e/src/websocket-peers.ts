import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp1, type IncomingHttpHeaders, type Server } from 'node:http';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Opcode, webSocketFrame, WebSocketReader } from './websocket-frames.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A server that echoes every message; `closed` says how many of its WebSockets are over. */
export interface EchoServer {
  readonly port: number;
  closed(): number;
  stop(): void;
}

function acceptOf(headers: IncomingHttpHeaders): string {
  return createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
}

function echo(wire: Duplex): void {
  const reader = new WebSocketReader();
  wire.on('error', () => undefined);
  wire.on('data', (chunk: Buffer) => {
    for (const { opcode, payload } of reader.read(chunk)) {
      wire.write(webSocketFrame(opcode, payload, false));
      if (opcode === Opcode.close) wire.end();
    }
  });
}

/** WebSockets by `Upgrade` (RFC 6455). */
export async function echoOverHttp1(): Promise<EchoServer> {
  let over = 0;
  const server: Server = createHttp1((_, response) => response.writeHead(426).end());
  server.on('upgrade', (request, socket: Duplex) => {
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
    socket.write([...lines, `Sec-WebSocket-Accept: ${acceptOf(request.headers)}`, '', ''].join('\r\n'));
    socket.once('close', () => (over += 1));
    echo(socket);
  });
  return started(server, () => over);
}

/** WebSockets by extended CONNECT (RFC 8441). */
export async function echoOverHttp2(): Promise<EchoServer> {
  let over = 0;
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    if (headers[':protocol'] !== 'websocket') return stream.respond({ ':status': 426 }, { endStream: true });
    // HTTP/2 needs no such proof; who began in HTTP/1.1 does.
    stream.respond({ ':status': 200, 'sec-websocket-accept': acceptOf(headers) });
    stream.once('close', () => (over += 1));
    echo(stream);
  });
  server.on('session', (session) => session.on('error', () => undefined));
  return started(server, () => over);
}

async function started(server: Server | http2.Http2Server, closed: () => number): Promise<EchoServer> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  server.unref();
  return { port: (server.address() as AddressInfo).port, closed, stop: () => void server.close() };
}

/** What a client of either protocol can do. */
export interface EchoClient {
  /** Sends a message and gives back the next one that comes. */
  ask(message: string | Buffer): Promise<string | Buffer>;
  /** Closes as WebSockets do, to the end of the connection. */
  close(): Promise<void>;
}

/** A WebSocket of Node's own client. Rejects when the handshake fails. */
export async function webSocketOverHttp1(port: number): Promise<EchoClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  socket.binaryType = 'arraybuffer';
  const event = (name: string): Promise<Event> =>
    new Promise((resolve, reject) => {
      socket.addEventListener(name, resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error('the WebSocket failed')), { once: true });
    });
  await event('open');
  return {
    async ask(message) {
      const answer = event('message');
      socket.send(typeof message === 'string' ? message : new Uint8Array(message));
      const { data } = (await answer) as MessageEvent & { readonly data: string | ArrayBuffer };
      return typeof data === 'string' ? data : Buffer.from(data);
    },
    async close() {
      const closed = event('close');
      socket.close(1000);
      await closed;
    },
  };
}

/** The status of an extended CONNECT, and the WebSocket where it is 200. */
export async function webSocketOverHttp2(port: number): Promise<EchoClient & { readonly status: number }> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  const version = { 'sec-websocket-version': '13' };
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/chat',
      ':scheme': 'http',
      ':authority': 'a',
      ...version,
    },
    { endStream: false },
  );
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
  const reader = new WebSocketReader();
  const waiting: ((answer: string | Buffer) => void)[] = [];
  stream.on('data', (chunk: Buffer) => {
    for (const { opcode, payload } of reader.read(chunk))
      if (opcode !== Opcode.close) waiting.shift()?.(opcode === Opcode.text ? payload.toString() : payload);
  });
  return {
    status: headers[':status'] ?? 0,
    ask(message) {
      const { promise, resolve } = Promise.withResolvers<string | Buffer>();
      waiting.push(resolve);
      const opcode = typeof message === 'string' ? Opcode.text : Opcode.binary;
      stream.write(webSocketFrame(opcode, Buffer.from(message as string), true));
      return promise;
    },
    async close() {
      const closed = once(stream, 'close');
      stream.end(webSocketFrame(Opcode.close, Buffer.from([3, 232]), true));
      stream.resume();
      await closed;
      session.destroy();
    },
  };
}
