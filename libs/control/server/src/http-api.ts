import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostFault, type HostRule } from './host-check.ts';

/** One request to a port of the control plane. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the pattern's `*` stood for, one for each. */
  readonly parts: readonly string[];
  readonly body: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The IP address at the other end of the connection. */
  readonly peerAddress: string;
}

export interface ApiResponse {
  readonly status: number;
  /** A text as it is; anything else as JSON. */
  readonly body: unknown;
  readonly contentType?: string;
}

export type ApiHandler = (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;

/** `GET /debug/registryz`; `*` stands for one part of the path. */
export type ApiRoutes = Readonly<Record<string, ApiHandler>>;

const MAX_BODY_BYTES = 1024 * 1024;

/** A small HTTP server for people, scrapers and `weft`. */
export class HttpApi {
  private readonly server: Server;
  private readonly hosts: HostRule | undefined;
  private readonly routes: readonly {
    readonly method: string;
    readonly parts: readonly string[];
    handler: ApiHandler;
  }[];

  /** `hosts`: only requests whose Host is an IP address, `localhost` or one of these are answered. Default: all are. */
  constructor(routes: ApiRoutes, hosts?: HostRule) {
    this.hosts = hosts;
    this.routes = Object.entries(routes).map(([pattern, handler]) => {
      const [method = 'GET', path = '/'] = pattern.split(' ');
      return { method, parts: path.split('/'), handler };
    });
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /** Gives the address with the port that it has. Rejects when it cannot be had. */
  listen(port: number, host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        const { address, port: bound, family } = this.server.address() as AddressInfo;
        resolve(`${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: ApiResponse;
    try {
      answer = await this.answer(request);
    } catch (error) {
      answer = { status: 500, body: { error: (error as Error).message } };
    }
    const text = typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body, undefined, 2)}\n`;
    const type =
      answer.contentType ?? (typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json');
    response.writeHead(answer.status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
    response.end(request.method === 'HEAD' ? '' : text);
  }

  private async answer(request: IncomingMessage): Promise<ApiResponse> {
    const fault = this.hosts === undefined ? undefined : hostFault(request, this.hosts);
    if (fault !== undefined) return { status: 403, body: { error: fault } };
    const url = URL.parse(request.url ?? '/', 'http://control-plane');
    const path = url === null ? undefined : partsOf(url.pathname);
    if (url === null || path === undefined) return { status: 400, body: { error: 'the path cannot be read' } };
    const here = this.routes.filter(({ parts }) => matches(parts, path));
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const route = here.find((one) => one.method === method);
    if (here.length === 0)
      return { status: 404, body: { error: `there is nothing at ${url.pathname}`, paths: this.paths } };
    if (route === undefined)
      return { status: 405, body: { error: `${url.pathname} takes ${here.map((one) => one.method).join(', ')}` } };
    const body = await bodyOf(request);
    if (body === undefined) return { status: 413, body: { error: `a body may have ${MAX_BODY_BYTES} bytes` } };
    const headers = request.headers as Readonly<Record<string, string>>;
    const parts = route.parts.flatMap((part, i) => (part === '*' ? [path[i] as string] : []));
    return route.handler({
      method,
      path: url.pathname,
      query: url.searchParams,
      parts,
      body,
      headers,
      peerAddress: request.socket.remoteAddress ?? '',
    });
  }

  private get paths(): readonly string[] {
    return this.routes.map(({ method, parts }) => `${method} ${parts.join('/')}`);
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((part, i) => part === '*' || part === path[i]);
}

/** Undefined: an escape is broken. */
function partsOf(path: string): readonly string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Undefined: it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
