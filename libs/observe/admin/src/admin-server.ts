import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { Clock } from '@weft/core-runtime';
import { AdminExchange } from './admin-exchange.ts';
import type { AdminAddress, AdminReply, AdminSource, Awaitable } from './admin-source.ts';
import { textReply, type Endpoint, type RegexCompiler } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { helpText } from './help.ts';
import { indexPage } from './index-page.ts';

/** A form is small; more than this is answered with 413. */
const MAX_BODY_BYTES = 64 * 1024;

/** What the admin server calls at the end of each request. The access logs of the bootstrap fit. */
export interface AdminAccessLog {
  log(info: StreamInfo, request: RequestHeaderMap, response: ResponseHeaderMap): void;
}

export interface AdminOptions {
  readonly clock: Clock;
  /** For the filters that requests bring: it must match in linear time. */
  readonly compileRegex: RegexCompiler;
  readonly accessLogs: readonly AdminAccessLog[];
}

/** The admin endpoints of one proxy, over node:http: an operator's door, not a hot path. */
export class AdminServer {
  private readonly source: AdminSource;
  private readonly options: AdminOptions;
  private readonly server: Server;
  private readonly byPath = new Map<string, Endpoint>(ENDPOINTS.map((endpoint) => [endpoint.path, endpoint]));

  constructor(source: AdminSource, options: AdminOptions) {
    this.source = source;
    this.options = options;
    this.server = createServer((request, response) => this.receive(request, response));
  }

  /** Listens, on any free port for port 0. Rejects with the system's error (EADDRINUSE …). */
  listen(address: AdminAddress): Promise<AdminAddress> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      const done = (): void => {
        this.server.off('error', reject);
        resolve('path' in address ? address : { ip: address.ip, port: (this.server.address() as AddressInfo).port });
      };
      if ('path' in address) this.server.listen(address.path, done);
      else this.server.listen(address.port, address.ip, done);
    });
  }

  /** Stops listening and ends idle connections; resolves when the last reply is out. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new AdminExchange(request, this.options.clock);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      exchange.info.bytesReceived += chunk.length;
      if (exchange.info.bytesReceived <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => void this.serve(request, response, { exchange, body: Buffer.concat(chunks) }));
  }

  private async serve(
    request: IncomingMessage,
    response: ServerResponse,
    { exchange, body }: { readonly exchange: AdminExchange; readonly body: Buffer },
  ): Promise<void> {
    const [path = '/', query = ''] = splitAt(request.url ?? '/', '?');
    const tooLarge = exchange.info.bytesReceived > MAX_BODY_BYTES;
    let reply: AdminReply;
    try {
      reply = tooLarge
        ? textReply('Payload Too Large', 413)
        : await this.answer(request, { path, query, body: body.toString('utf8') });
    } catch (error) {
      reply = textReply(`${(error as Error).message}\n`, 500);
    }
    const afterReply = reply.status === 200 ? this.byPath.get(path)?.afterReply : undefined;
    this.send(response, reply, afterReply);
    exchange.end(reply, this.options.clock);
    for (const log of this.options.accessLogs) log.log(exchange.info, exchange.request, exchange.response);
  }

  private answer(
    request: IncomingMessage,
    { path, query, body }: { path: string; query: string; body: string },
  ): Awaitable<AdminReply> {
    const { method = 'GET' } = request;
    if (path === '/') {
      return { status: 200, contentType: 'text/html; charset=UTF-8', body: indexPage(this.source.serverInfo()) };
    }
    if (path === '/help') return textReply(helpText());
    const endpoint = this.byPath.get(path);
    if (endpoint === undefined) return textReply(`invalid path. ${helpText()}`, 404);
    if (endpoint.mutates && method !== 'POST') return textReply(`Method ${method} not allowed, POST required.`, 405);
    if (endpoint.mutates && fromAnotherSite(request)) {
      return textReply('A page of another site may not change this proxy.\n', 403);
    }
    const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
    const params = new URLSearchParams(query === '' && form ? body : query);
    return endpoint.handle(this.source, { params, compile: this.options.compileRegex });
  }

  private send(response: ServerResponse, reply: AdminReply, afterReply: Endpoint['afterReply']): void {
    response.writeHead(reply.status, {
      'content-type': reply.contentType,
      'cache-control': 'no-cache, max-age=0',
      'x-content-type-options': 'nosniff',
      server: 'envoy',
      ...(reply.contentType.startsWith('text/html') ? PAGE_HEADERS : {}),
      ...(afterReply === undefined && this.server.listening ? {} : { connection: 'close' }),
    });
    response.end(reply.body, () => afterReply?.(this.source));
  }
}

/** The index needs no script and nothing from elsewhere. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'",
};

// A page anywhere can send a form to localhost; browsers say in Origin where it came from.
function fromAnotherSite({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
