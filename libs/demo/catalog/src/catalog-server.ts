import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { traceHeaders } from '@weft/demo-trace-headers';
import { routeRequest, type RoutingDecision, type ServiceRoute } from './go-routing.ts';

export interface CatalogService {
  readonly route: ServiceRoute;
  /** Headers of every answer to a GET that was served. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body for a GET. `id` is empty for the route `/`. A rejection closes the connection with nothing written, as a
   * panic in a Go handler does: clients see an empty reply, never a status.
   */
  readonly answer: (id: string) => Promise<string | Buffer>;
  /** Where the service writes its log, line ends included by the caller. */
  readonly print: (text: string) => void;
}

const TEXT = 'text/plain; charset=utf-8';
const MAX_ID_LENGTH = 4096;

/** A server that answers on the wire as the Go services of the catalog do. Not listening yet. */
export async function createCatalogServer(service: CatalogService): Promise<FastifyInstance> {
  const app = fastify({
    routerOptions: { maxParamLength: MAX_ID_LENGTH },
    exposeHeadRoutes: false,
    rewriteUrl: (request) => originForm(request.url ?? '/'),
    frameworkErrors: (_error, _request, reply) => void answerRouting(reply, { kind: 'bad-request' }),
    // No idle limit: proxies keep their connections, and closing one under a request in flight would lose it.
    keepAliveTimeout: 0,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  });
  await app.register(traceHeaders);
  closeConnectionsWhenStopping(app);
  // Before fastify reads a body or looks for a route: 404, 405 and redirects do not depend on either.
  app.addHook('onRequest', (request, reply, next) => {
    const decision = routeRequest(request.method, request.raw.url ?? '/', service.route);
    if (decision.kind === 'serve') next();
    else answerRouting(reply, decision);
  });
  app.setErrorHandler((error, _request, reply) => {
    service.print(`panic: ${error instanceof Error ? error.message : String(error)}\n`);
    closeAbruptly(reply);
  });
  app.get(service.route, async (request: FastifyRequest<{ Params: { id?: string } }>, reply) => {
    const body = await service.answer(request.params.id ?? '');
    return reply.headers(service.headers).type(TEXT).send(body);
  });
  return app;
}

/** A request line that names the whole address (as sent to a proxy) means its path. */
function originForm(url: string): string {
  const [, path = '/'] = /^https?:\/\/[^/?]*([/?].*)?$/i.exec(url) ?? [undefined, url];
  return path.startsWith('?') ? `/${path}` : path;
}

/** A connection that is answering while the service stops is told so, instead of being kept alive for ever. */
function closeConnectionsWhenStopping(app: FastifyInstance): void {
  let stopping = false;
  app.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done();
  });
}

function closeAbruptly(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.socket?.destroy();
}

function answerRouting(reply: FastifyReply, decision: Exclude<RoutingDecision, { kind: 'serve' }>): FastifyReply {
  switch (decision.kind) {
    case 'options':
      if (decision.allow !== '') reply.header('allow', decision.allow);
      return reply.code(200).header('content-length', '0').send();
    case 'redirect': {
      const { location } = decision;
      const link = `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n`;
      return reply.code(301).header('location', location).type('text/html; charset=utf-8').send(link);
    }
    case 'method-not-allowed':
      return plainError(reply.header('allow', decision.allow), 405, 'Method Not Allowed\n');
    case 'bad-request':
      return reply.code(400).header('connection', 'close').type(TEXT).send('400 Bad Request');
    case 'not-found':
      return plainError(reply, 404, '404 page not found\n');
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;');
}

function plainError(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('x-content-type-options', 'nosniff').type(TEXT).send(text);
}
