import { join } from 'node:path';
import type { Ports } from '../ports.ts';
import type { DatabaseName, ProxyName, Service } from '../topology.ts';
import { WORKSPACE } from '../workspace.ts';
import type { Program } from './child.ts';

/** Flags of every process that runs this workspace's sources. */
const FROM_SOURCES = ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning'];

export interface Places {
  readonly proxies: string;
  readonly logs: string;
  /** The settings file of videos-api. */
  readonly videosSettings: string;
}

export function serviceProgram(service: Service, ports: Ports, places: Places): Program {
  return {
    name: service.name,
    command: process.execPath,
    args: [...FROM_SOURCES, join(WORKSPACE, service.main)],
    cwd: WORKSPACE,
    env: {
      HOST: '127.0.0.1',
      PORT: String(ports[service.app]),
      ENVIRONMENT: 'DEBUG',
      ...serviceEnv(service, ports, places),
    },
    log: join(places.logs, `${service.name}.log`),
  };
}

/** Each service knows only the listeners of its own sidecar. */
function serviceEnv({ name }: Service, ports: Ports, { videosSettings }: Places): Record<string, string> {
  switch (name) {
    case 'videos-web':
      return { VERSION: '1' };
    case 'videos-web-v2':
      return { VERSION: '2' };
    case 'playlists-api':
      return { ...redis(ports.playlistsApiToDb), VIDEOS_API_URL: `http://127.0.0.1:${ports.playlistsApiToVideosApi}` };
    case 'videos-api':
      return { ...redis(ports.videosApiToDb), SETTINGS_FILE: videosSettings, FLAKY: '', DELAY: '' };
  }
}

function redis(port: number): Record<string, string> {
  return { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) };
}

/** `weft proxy`, or the program in its place, on the same files. */
export function proxyProgram(name: ProxyName, places: Places, envoy: string | undefined): Program {
  const bootstrap = join(places.proxies, name, 'bootstrap.yaml');
  const weft = [...FROM_SOURCES, join(WORKSPACE, 'apps/cli/src/main.ts'), 'proxy', '-c', bootstrap];
  return {
    name: proxyProcess(name),
    command: envoy ?? process.execPath,
    args: envoy === undefined ? weft : ['-c', bootstrap, '--disable-hot-restart', '--concurrency', '1'],
    cwd: WORKSPACE,
    env: {},
    log: join(places.logs, `${proxyProcess(name)}.log`),
  };
}

/** `gateway`, `playlists-api-sidecar` */
export function proxyProcess(name: ProxyName): string {
  return name === 'gateway' ? name : `${name}-sidecar`;
}

export function redisProgram(
  name: DatabaseName,
  command: string,
  { port, logs }: { port: number; logs: string },
): Program {
  return {
    name,
    command,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    cwd: logs,
    env: {},
    log: join(logs, `${name}.log`),
  };
}

export function buildPageProgram(logs: string): Program {
  return {
    name: 'build of the page',
    command: process.execPath,
    args: [...FROM_SOURCES, join(WORKSPACE, 'apps/videos-web/src/build.ts')],
    cwd: join(WORKSPACE, 'apps/videos-web'),
    env: {},
    log: join(logs, 'build.log'),
  };
}
