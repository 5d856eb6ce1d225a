import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { accessLogLine } from './access-log.ts';
import type { Site, SiteFile } from './site.ts';

export interface SiteServerOptions {
  readonly site: Site;
  /** Every reply tells it as `x-version`: without a page to look at, both versions seem the same. */
  readonly version: string;
  /** Takes one line of the access log, without its end. */
  readonly log: (line: string) => void;
  readonly now: () => Date;
}

/** Serves the files of a site to GET and HEAD. Nothing is compressed. Not listening yet. */
export function siteServer({ site, version, log, now }: SiteServerOptions): Server {
  const server = createServer((request, response) => {
    const reply = answer(site, request);
    const body = request.method === 'HEAD' || reply.status === 304 ? Buffer.alloc(0) : reply.body;
    response.once('close', () => {
      log(accessLogLine({ request, status: reply.status, bodyBytes: body.length, at: now() }));
      // A server that was told to stop keeps busy connections until their answer is out.
      if (!server.listening) server.closeIdleConnections();
    });
    response.setHeader('x-version', version);
    send(response, reply, body);
  });
  // No idle limit: a proxy that reuses a connection must not find it closed under its request.
  server.keepAliveTimeout = 0;
  return server;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function answer(site: Site, request: IncomingMessage): Reply {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return errorPage(405, 'Method Not Allowed', { allow: 'GET, HEAD' });
  }
  const file = site.get(pathOf(request.url ?? '/'));
  if (file === undefined) return errorPage(404, 'Not Found', {});
  const unchanged = request.headers['if-none-match']?.split(/\s*,\s*/).includes(file.etag) ?? false;
  return { status: unchanged ? 304 : 200, headers: fileHeaders(file), body: file.body };
}

function pathOf(url: string): string {
  const [path = '/'] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?');
  try {
    return decodeURIComponent(path) || '/';
  } catch {
    return path;
  }
}

function fileHeaders({ type, etag, cacheControl }: SiteFile): Record<string, string> {
  return { 'content-type': type, etag, 'cache-control': cacheControl, 'x-content-type-options': 'nosniff' };
}

function errorPage(status: number, reason: string, headers: Readonly<Record<string, string>>): Reply {
  const title = `${status} ${reason}`;
  const html = `<!doctype html>\n<html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: Buffer.from(html) };
}

function send(response: ServerResponse, { status, headers, body: whole }: Reply, body: Buffer): void {
  const length: Record<string, string> = status === 304 ? {} : { 'content-length': String(whole.length) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}
