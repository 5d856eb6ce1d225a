import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A request as its bytes came. */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  /** The request line and the header lines, without the empty line. */
  readonly head: string;
  /** The body as framed: with chunk sizes and trailers if it was chunked. */
  readonly body: string;
  header(name: string): string | undefined;
  /** How many requests with the same `x-case` header came before. */
  readonly earlier: number;
}

/** What the upstream does with a request: whatever it likes with the socket. */
export type Script = (request: ScriptedRequest, socket: Socket) => void;

/** A server that parses no more than where requests end, and answers in the bytes of its script. */
export class ScriptedUpstream {
  readonly port: number;
  /** All requests, in order. */
  readonly requests: ScriptedRequest[] = [];
  /** Connections accepted so far. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #cases = new Map<string, number>();
  readonly #watchers = new Set<() => void>();

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#serve(socket, script));
  }

  static async start(script: Script): Promise<ScriptedUpstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A suite whose world does not come up must end, not wait.
    server.unref();
    return new ScriptedUpstream(server, script);
  }

  /** Waits until so many requests came. */
  async received(count: number): Promise<void> {
    let look = (): void => undefined;
    await new Promise<void>((resolve) => {
      look = () => {
        if (this.requests.length >= count) resolve();
      };
      this.#watchers.add(look);
      look();
    });
    this.#watchers.delete(look);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server.close(), 'close');
  }

  #serve(socket: Socket, script: Script): void {
    this.connections += 1;
    this.#sockets.add(socket);
    let pending = '';
    const take = (chunk: string): void => {
      pending += chunk;
      for (let found = nextRequest(pending); found !== undefined; found = nextRequest(pending)) {
        pending = pending.slice(found.length);
        const request = this.#note(found.head, found.body);
        // Past an upgrade the bytes belong to the script.
        if (request.header('upgrade') !== undefined) socket.removeListener('data', take);
        script(request, socket);
      }
    };
    socket.setEncoding('latin1').on('data', take);
    socket.on('error', () => undefined);
    socket.once('end', () => socket.end());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #note(head: string, body: string): ScriptedRequest {
    const [method = '', path = ''] = head.split(' ');
    const header = (name: string): string | undefined =>
      new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head.replaceAll('\r', ''))?.[1];
    const id = header('x-case') ?? '';
    const earlier = this.#cases.get(id) ?? 0;
    this.#cases.set(id, earlier + 1);
    const request = { method, path, head, body, header, earlier };
    this.requests.push(request);
    for (const look of this.#watchers) look();
    return request;
  }
}

function nextRequest(text: string): { head: string; body: string; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const start = end + 4;
  const length = bodyLength(head, text.slice(start));
  if (length === undefined) return undefined;
  return { head, body: text.slice(start, start + length), length: start + length };
}

/** How long the body is, as far as it can be told yet. */
function bodyLength(head: string, rest: string): number | undefined {
  if (/^transfer-encoding:.*chunked/im.test(head)) return chunkedLength(rest);
  const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : length;
}

/** Up to the end of the trailers behind the last chunk; all there is, where it is no chunked body. */
function chunkedLength(text: string): number | undefined {
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = parseInt(text.slice(at, line), 16);
    if (Number.isNaN(size)) return text.length;
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', line);
      return end < 0 ? undefined : end + 4;
    }
    at = line + 2 + size + 2;
    if (at > text.length) return undefined;
  }
}
