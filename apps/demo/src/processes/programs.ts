import { join, relative } from 'node:path';
import type { Tracing } from '../cli/options.ts';
import type { Ports } from '../ports.ts';
import { DATABASES, SERVICE_PORTS, type DatabaseName, type Service, type Workload } from '../topology.ts';
import { WORKSPACE } from '../workspace.ts';
import { BUNDLED, WORKLOAD_BUNDLE } from './bundles.ts';
import type { Program } from './child.ts';

/** Flags of every process that runs this workspace's sources. */
const FROM_SOURCES = ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning'];
/** Sources are compiled once, not by each of twenty processes: it halves the time until they run. */
const COMPILED = join(WORKSPACE, '.weft/compiled');
/** How long a program may take to end before it is killed, in seconds. */
const GRACE_SECONDS = '5';

export interface Places {
  /** The documents of the mesh. */
  readonly mesh: string;
  /** Roots, keys and addresses of the control plane. */
  readonly controlPlane: string;
  readonly logs: string;
  /** The settings file of videos-api. */
  readonly videosSettings: string;
}

export interface ProgramFacts {
  readonly ports: Ports;
  readonly places: Places;
  /** A real Envoy to run as the sidecars. */
  readonly envoy: string | undefined;
  readonly zipkin: Tracing | undefined;
  /** The folder with the bundles of `weft run` and the proxy; undefined: they run from their sources. */
  readonly bundles: string | undefined;
}

/** A workload: from its bundle where there is one, which loads in a third of the time. */
function weftRun(name: string, args: readonly string[], facts: ProgramFacts): Program {
  const { bundles } = facts;
  const program = weft(name, ['run', '--name', name, ...args], facts);
  if (bundles === undefined) return program;
  return { ...program, args: [...FROM_SOURCES, join(bundles, WORKLOAD_BUNDLE), '--name', name, ...args] };
}

function weft(name: string, args: readonly string[], { places }: ProgramFacts): Program {
  return {
    name,
    command: process.execPath,
    args: [...FROM_SOURCES, join(WORKSPACE, 'apps/cli/src/main.ts'), ...args],
    cwd: WORKSPACE,
    env: { NODE_COMPILE_CACHE: COMPILED },
    log: join(places.logs, `${name}.log`),
  };
}

export const CONTROL_PLANE = 'control-plane';
export const GATEWAY = 'gateway';

export function controlPlaneProgram(facts: ProgramFacts): Program {
  const { ports, places, zipkin } = facts;
  const listening = [
    ['--xds-port', ports.controlPlaneXds],
    ['--secure-port', ports.controlPlaneSecure],
    ['--metrics-port', ports.controlPlaneMetrics],
    ['--debug-port', ports.controlPlaneDebug],
  ].flat();
  const recording = ['--access-log-file', '/dev/stdout', '--redis-filter', 'on', '--debounce-after', '20ms'];
  const host = zipkin?.host.includes(':') === true ? `[${zipkin.host}]` : zipkin?.host;
  const traced = zipkin === undefined ? [] : ['--zipkin', `${host}:${zipkin.port}`];
  // Places of documents are told as the folder was: below the workspace they are short.
  const short = relative(WORKSPACE, places.mesh);
  const folders = ['--config-dir', short.startsWith('..') ? places.mesh : short, '--state-dir', places.controlPlane];
  return weft(CONTROL_PLANE, [CONTROL_PLANE, ...folders, ...listening.map(String), ...recording, ...traced], facts);
}

/** The gateway: a proxy of the mesh without a program behind it. */
export function gatewayProgram(facts: ProgramFacts): Program {
  const args = ['--gateway', '--service-account', GATEWAY, '--labels', `app=${GATEWAY}`];
  return weftRun(GATEWAY, [...args, ...agentFlags(GATEWAY, facts.ports.gatewayAdmin, facts)], facts);
}

export function serviceProgram(service: Service, facts: ProgramFacts): Program {
  const { ports } = facts;
  const command = [process.execPath, ...FROM_SOURCES, join(WORKSPACE, service.main)];
  const program = workload(service, command, facts);
  const env = { HOST: '127.0.0.1', PORT: String(ports[service.app]), ENVIRONMENT: 'DEBUG' };
  return { ...program, env: { ...program.env, ...env, ...serviceEnv(service, facts) } };
}

/** Each service knows only the listeners of its own sidecar. */
function serviceEnv({ name }: Service, { ports, places }: ProgramFacts): Record<string, string> {
  switch (name) {
    case 'videos-web':
      return { VERSION: '1' };
    case 'videos-web-v2':
      return { VERSION: '2' };
    case 'playlists-api':
      return { ...redis(ports.playlistsApiToDb), VIDEOS_API_URL: `http://127.0.0.1:${ports.playlistsApiToVideosApi}` };
    case 'videos-api':
      return { ...redis(ports.videosApiToDb), SETTINGS_FILE: places.videosSettings, FLAKY: '', DELAY: '' };
  }
}

function redis(port: number): Record<string, string> {
  return { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) };
}

/** A Redis; without the path of a redis-server one of our own. */
export function redisProgram(name: DatabaseName, server: string | undefined, facts: ProgramFacts): Program {
  const database = DATABASES.find((one) => one.name === name) as Workload<DatabaseName>;
  const port = String(facts.ports[database.app]);
  const inMemory = ['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--dir', facts.places.logs];
  const command =
    server === undefined
      ? [process.execPath, ...FROM_SOURCES, join(WORKSPACE, 'apps/demo/src/redis/embedded-main.ts'), port]
      : [server, '--port', port, '--bind', '127.0.0.1', ...inMemory];
  return workload(database, command, facts);
}

/** A program with its sidecar. */
function workload(one: Workload, command: readonly string[], facts: ProgramFacts): Program {
  const { name, service, version, app, inbound, admin, upstreams } = one;
  const { ports } = facts;
  const number = SERVICE_PORTS[service];
  const args = [
    ...['--service', service, '--service-account', service],
    ...['--labels', `app=${service},version=${version}`],
    ...['--port', `${number}:${ports[app]}`, '--protocol', number === 6379 ? 'REDIS' : 'HTTP'],
    ...['--inbound-port', String(ports[inbound])],
    ...upstreams.flatMap(({ to, local }) => ['--upstream', `${to}:${SERVICE_PORTS[to]}=${ports[local]}`]),
    ...agentFlags(name, ports[admin], facts),
  ];
  return weftRun(name, [...args, '--', ...command], facts);
}

function agentFlags(name: string, admin: number, { places, envoy }: ProgramFacts): string[] {
  return [
    ...['--state-dir', places.controlPlane, '--admin-port', String(admin)],
    ...['--proxy-log', join(places.logs, `${proxyProcess(name)}.log`)],
    ...['--drain-time', '0', '--grace-time', GRACE_SECONDS],
    ...(envoy === undefined ? [] : ['--envoy', envoy]),
  ];
}

/** `gateway-proxy`, `playlists-api-sidecar` */
export function proxyProcess(name: string): string {
  return name === GATEWAY ? `${GATEWAY}-proxy` : `${name}-sidecar`;
}

export function buildBundlesProgram(logs: string): Program {
  return {
    name: 'bundles of weft',
    command: process.execPath,
    args: [join(WORKSPACE, 'tools/demo-bundles.mjs'), BUNDLED],
    cwd: WORKSPACE,
    env: { NODE_COMPILE_CACHE: COMPILED },
    log: join(logs, 'bundles.log'),
  };
}

export function buildPageProgram(logs: string): Program {
  return {
    name: 'build of the page',
    command: process.execPath,
    args: [...FROM_SOURCES, join(WORKSPACE, 'apps/videos-web/src/build.ts')],
    cwd: join(WORKSPACE, 'apps/videos-web'),
    env: { NODE_COMPILE_CACHE: COMPILED },
    log: join(logs, 'build.log'),
  };
}
