import { createHash } from 'node:crypto';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { seedRedis } from '@weft/demo-data';
import { freePort, startRedis, startSource, type RunningProcess, type RunningRedis } from '@weft/testing-harness';

type Env = Readonly<Record<string, string>>;

export interface RunningService {
  readonly port: number;
  readonly process: RunningProcess;
}

/** The body of playlists-api with all data, and with no answer from videos-api. */
export const GOLDEN_SHA256 = 'b3d8c362a371eec48c0d9d24d33db195fd05d4f0bbb5cefaa288e81bab586fee';
export const GOLDEN_WITHOUT_VIDEOS =
  '[{"id":"1","name":"CI/CD","videos":[]},{"id":"2","name":"K8s in the Cloud","videos":[]},{"id":"3","name":"Storage and MessageBrokers","videos":[]},{"id":"4","name":"K8s Autoscaling","videos":[]}]';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A real Redis that holds both data sets. */
export async function seededRedis(port?: number): Promise<RunningRedis> {
  const redis = await startRedis(port);
  await seedRedis({ url: redis.url, dataSets: ['playlists', 'videos'] });
  return redis;
}

/** Starts a service of the catalog on a free port of the loopback. */
async function startService(main: string, env: Env): Promise<RunningService> {
  const port = await freePort();
  const process = await startSource({
    main,
    env: { HOST: '127.0.0.1', PORT: String(port), ...env },
    ready: /Running\.\.\.\n/,
  });
  return { port, process };
}

export function startVideosApi(redisPort: number, env: Env = {}): Promise<RunningService> {
  return startService('apps/videos-api/src/main.ts', { ...redisEnv(redisPort), ...env });
}

export function startPlaylistsApi(redisPort: number, videosPort: number, env: Env = {}): Promise<RunningService> {
  const VIDEOS_API_URL = `http://127.0.0.1:${videosPort}`;
  return startService('apps/playlists-api/src/main.ts', { ...redisEnv(redisPort), VIDEOS_API_URL, ...env });
}

function redisEnv(port: number): Env {
  return { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) };
}

/** A stand-in for a service, with the behaviour a test needs. */
export interface FakeService {
  readonly port: number;
  readonly server: Server;
  /** How many connections it has had. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export async function fakeService(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakeService> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    connections: () => connections,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Builds the page if it has to be, and serves one version of it on a free port of the loopback. */
export async function startVideosWeb(version: '1' | '2'): Promise<RunningService> {
  const build = await startSource({ main: 'apps/videos-web/src/build.ts', ready: /built|up to date/ });
  await build.exited;
  const port = await freePort();
  const env = { HOST: '127.0.0.1', PORT: String(port), VERSION: version };
  const process = await startSource({ main: 'apps/videos-web/src/main.ts', env, ready: /videos-web version/ });
  return { port, process };
}

/**
 * What the ingress of the demo does: `/home` and what is below it goes to the page with that prefix removed,
 * `/api/playlists` to playlists-api. A peer that does not answer is a 503 with a line of text, as from a proxy.
 */
export function startIngress(ports: { readonly web: number; readonly api: number }): Promise<FakeService> {
  return fakeService((request, response) => {
    const [, prefix, path = ''] = /^\/(home|api\/playlists)(?:\/|$)?(.*)$/.exec(request.url ?? '/') ?? [];
    if (prefix === undefined) {
      response.writeHead(404).end('no route');
      return;
    }
    const port = prefix === 'home' ? ports.web : ports.api;
    const onward = httpRequest({ host: '127.0.0.1', port, path: `/${path}`, agent: false });
    onward.once('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers)));
    onward.once('error', () =>
      response.writeHead(503).end('upstream connect error or disconnect/reset before headers'),
    );
    onward.end();
  });
}
