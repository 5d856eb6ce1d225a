import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseSettings, type Settings } from '../settings.ts';
import type { Status } from '../status.ts';
import type { Applied } from './control-client.ts';

/** What the control endpoint can ask of the demo. */
export interface Controlled {
  status(): Status;
  /** Rejects when a proxy does not take the change. */
  apply(changes: Partial<Settings>): Promise<Applied>;
  stop(): void;
  /** The text of a document of the mesh, as it is now; undefined where there is none. */
  document(file: string): string | undefined;
  /** The end of what a process has printed, or a proxy served; undefined where there is no such log. */
  log(file: string): string | undefined;
}

const PAGE_FOLDER = join(import.meta.dirname, '../page');
const PAGE_FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: 'page.html', type: 'text/html; charset=utf-8' },
  '/page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
  '/graph.css': { file: 'graph.css', type: 'text/css; charset=utf-8' },
  '/page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/graph.js': { file: 'graph.js', type: 'text/javascript; charset=utf-8' },
  '/format.js': { file: 'format.js', type: 'text/javascript; charset=utf-8' },
};
const BODY_LIMIT = 10_000;

/** The status page, `/status.json`, and the switches. Only for this machine, and only for pages that come from it. */
export async function startControlServer(port: number, demo: Controlled): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, demo).catch((error: unknown) => {
      sendJson(response, 500, { faults: [error instanceof Error ? error.message : String(error)] });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, demo: Controlled): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const [path = '/'] = url.split('?');
  if (!isLocal(request.headers.host))
    return sendJson(response, 403, {
      faults: [`this page is for this machine only, not for ${request.headers.host ?? 'no host'}`],
    });
  if (method === 'GET' || method === 'HEAD') return answerGet(path, response, demo);
  if (method !== 'POST')
    return sendJson(response, 405, { faults: [`${method} means nothing here`] }, { allow: 'GET, HEAD, POST' });
  // A page of another site could send a form here, but neither JSON nor our own origin.
  const origin = request.headers.origin;
  if (origin !== undefined && origin !== `http://${request.headers.host ?? ''}`)
    return sendJson(response, 403, { faults: [`switches cannot be set from ${origin}`] });
  if (request.headers['content-type']?.startsWith('application/json') !== true)
    return sendJson(response, 415, { faults: ['expected content-type: application/json'] });
  if (path === '/stop') {
    sendJson(response, 202, { stopping: true });
    return demo.stop();
  }
  if (path !== '/settings')
    return sendJson(response, 404, { faults: [`there is no POST ${path}: there are /settings and /stop`] });
  return answerSettings(await readBody(request), response, demo);
}

function answerGet(path: string, response: ServerResponse, demo: Controlled): void {
  if (path === '/status.json') return sendJson(response, 200, demo.status());
  if (path.startsWith('/mesh/'))
    return sendText(response, demo.document(decoded(path.slice('/mesh/'.length))), 'document');
  if (path.startsWith('/logs/')) return sendText(response, demo.log(decoded(path.slice('/logs/'.length))), 'log');
  const page = PAGE_FILES[path];
  if (page === undefined)
    return sendJson(response, 404, { faults: [`there is no ${path}: there are /, /status.json, /mesh/… and /logs/…`] });
  // The page may also send traffic to the gateway, which is another origin of this machine.
  const policy = "default-src 'self'; connect-src 'self' http://localhost:*; img-src 'self' data:";
  response.writeHead(200, {
    'content-type': page.type,
    'cache-control': 'no-cache',
    'content-security-policy': policy,
  });
  response.end(readFileSync(join(PAGE_FOLDER, page.file)));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function sendText(response: ServerResponse, text: string | undefined, what: string): void {
  if (text === undefined) return sendJson(response, 404, { faults: [`there is no such ${what} now`] });
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

async function answerSettings(body: string | undefined, response: ServerResponse, demo: Controlled): Promise<void> {
  const values = body === undefined ? undefined : parseObject(body);
  if (values === undefined)
    return sendJson(response, 400, {
      faults: ['expected a JSON object of switches, e.g. {"flaky": true, "split": 50}'],
    });
  const { settings, faults } = parseSettings(values);
  if (faults.length > 0) return sendJson(response, 400, { faults });
  return sendJson(response, 200, await demo.apply(settings));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The whole body, undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Against a foreign name that was made to point here. */
function isLocal(host: string | undefined): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i.test(host ?? '');
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(`${JSON.stringify(body)}\n`);
}
