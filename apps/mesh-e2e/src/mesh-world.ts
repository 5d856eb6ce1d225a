import { execPath } from 'node:process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  call,
  eventually,
  freePorts,
  startControlPlane,
  startSource,
  WORKSPACE,
  type ControlPlaneWorld,
  type RunningProcess,
} from '@weft/testing-harness';

/** A service of the mesh: its port, and how it is asked whether it answers. */
interface CatalogService {
  readonly port: number;
  readonly protocol: 'HTTP' | 'TCP';
  /** Of a request that it answers with 200. */
  readonly path: string;
  readonly main: string;
  readonly ready: RegExp;
}

const REDIS_MAIN = 'apps/demo/src/redis/embedded-main.ts';

export const CATALOG = {
  'videos-web': { port: 80, protocol: 'HTTP', path: '/', main: 'apps/videos-web/src/main.ts', ready: /version 1 on/ },
  'playlists-api': { port: 80, protocol: 'HTTP', path: '/', main: 'apps/playlists-api/src/main.ts', ready: /^Running/m },
  'videos-api': { port: 10010, protocol: 'HTTP', path: '/OFgziggbCOg', main: 'apps/videos-api/src/main.ts', ready: /^Running/m },
  'playlists-db': { port: 6379, protocol: 'TCP', path: '', main: REDIS_MAIN, ready: /Ready to accept/ },
  'videos-db': { port: 6379, protocol: 'TCP', path: '', main: REDIS_MAIN, ready: /Ready to accept/ },
} as const satisfies Readonly<Record<string, CatalogService>>; // prettier-ignore

export type CatalogName = keyof typeof CATALOG;
/** The services, and who calls them from the edge. */
export type CallerName = CatalogName | 'gateway';

export const CATALOG_NAMES = Object.keys(CATALOG) as CatalogName[];
export const CALLER_NAMES: readonly CallerName[] = ['gateway', ...CATALOG_NAMES];

/** What a call through two sidecars came to. */
export type Outcome = 'allowed' | 'denied' | `other: ${string}`;

/** The catalog as workloads of a mesh, by `weft run`: each may try to call each. */
export class MeshWorld {
  readonly controlPlane: ControlPlaneWorld;
  private readonly running = new Map<CallerName, RunningProcess>();
  private readonly ports: ReadonlyMap<string, number>;

  private constructor(controlPlane: ControlPlaneWorld, ports: ReadonlyMap<string, number>) {
    this.controlPlane = controlPlane;
    this.ports = ports;
  }

  /** `extra`: further hosts that `gateway` calls, as `host:port`. */
  static async start(flags: readonly string[], extra: readonly string[]): Promise<MeshWorld> {
    const controlPlane = await startControlPlane([
      '--access-log-file',
      '/dev/stdout',
      '--debounce-after',
      '20ms',
      ...flags,
    ]);
    const names = [
      ...CATALOG_NAMES.flatMap((name) => [`app ${name}`, `inbound ${name}`]),
      ...CALLER_NAMES.flatMap((name) => [`admin ${name}`, ...targetsOf(name, extra).map((to) => `${name} to ${to}`)]),
    ];
    const numbers = await freePorts(names.length);
    const world = new MeshWorld(controlPlane, new Map(names.map((name, i) => [name, numbers[i] as number])));
    try {
      await Promise.all(CALLER_NAMES.map((name) => world.launch(name, extra)));
      await eventually('everybody is healthy', async () => {
        const registered = await controlPlane.registered();
        return CATALOG_NAMES.every((name) => registered.get(name)?.healthy === true) || undefined;
      });
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** Where the sidecar of a service takes calls. */
  inbound(name: CatalogName): number {
    return this.port(`inbound ${name}`);
  }
  app(name: CatalogName): number {
    return this.port(`app ${name}`);
  }
  admin(name: CallerName): number {
    return this.port(`admin ${name}`);
  }
  /** Where a workload calls a service, or one of the further hosts of `gateway`. */
  upstream(from: CallerName, to: string): number {
    return this.port(`${from} to ${to}`);
  }

  /** What the sidecar of a workload has printed: its log, and what it served. */
  log(name: CallerName): string {
    return readFileSync(this.logFile(name), 'utf8');
  }

  /** One stat of a sidecar; 0 where it has none. */
  async stat(name: CallerName, stat: string): Promise<number> {
    const { body } = await call({ port: this.admin(name), path: '/stats' });
    const line = body.split('\n').find((text) => text.startsWith(`${stat}: `));
    return Number(line?.slice(stat.length + 2) ?? 0);
  }

  /** Calls a service as a workload of the mesh. */
  async try(from: CallerName, to: CatalogName): Promise<Outcome> {
    const { protocol, path } = CATALOG[to];
    const port = this.upstream(from, to);
    if (protocol === 'TCP') return ping(port);
    const { status, body } = await call({ port, path });
    if (status === 200) return 'allowed';
    return status === 403 && body.startsWith('RBAC: access denied') ? 'denied' : `other: ${status} ${body}`;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((one) => one.stop()));
    await this.controlPlane.stop();
  }

  private port(name: string): number {
    const port = this.ports.get(name);
    if (port === undefined) throw new Error(`there is no port "${name}"`);
    return port;
  }

  private logFile(name: CallerName): string {
    return join(this.controlPlane.configDir, `${name}.log`);
  }

  private async launch(name: CallerName, extra: readonly string[]): Promise<void> {
    const upstreams = targetsOf(name, extra).flatMap((to) => {
      const host = name !== 'gateway' || isCatalog(to) ? `${to}:${CATALOG[to as CatalogName].port}` : to;
      return ['--upstream', `${host}=${this.upstream(name, to)}`];
    });
    const flags = ['--config-dir', this.controlPlane.configDir, '--proxy-log', this.logFile(name), '--drain-time', '0'];
    const admin = ['--admin-port', String(this.admin(name))];
    const own = ['run', '--name', name, '--service-account', name, ...flags, ...admin, ...upstreams];
    this.running.set(name, await (name === 'gateway' ? this.caller(own) : this.service(name, own)));
  }

  private caller(flags: readonly string[]): Promise<RunningProcess> {
    return startSource({
      main: 'apps/cli/src/main.ts',
      args: [...flags, '--', execPath, '-e', 'setInterval(() => undefined, 1000)'],
      ready: /is ready/,
      readyWithinMs: 60_000,
    });
  }

  private service(name: CatalogName, flags: readonly string[]): Promise<RunningProcess> {
    const { port, protocol, main, ready } = CATALOG[name];
    const app = String(this.app(name));
    const inbound = ['--port', `${port}:${app}`, '--protocol', protocol, '--inbound-port', String(this.inbound(name))];
    const source = [
      execPath,
      '--conditions=@weft/source',
      '--disable-warning=ExperimentalWarning',
      join(WORKSPACE, main),
    ];
    const database = name === 'playlists-api' ? 'playlists-db' : 'videos-db';
    return startSource({
      main: 'apps/cli/src/main.ts',
      args: [...flags, ...inbound, '--', ...source, app],
      env: {
        HOST: '127.0.0.1',
        PORT: app,
        VERSION: '1',
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: name.endsWith('-api') ? String(this.upstream(name, database)) : '',
        VIDEOS_API_URL: name === 'playlists-api' ? `http://127.0.0.1:${this.upstream(name, 'videos-api')}` : '',
      },
      ready,
      readyWithinMs: 60_000,
    });
  }
}

function isCatalog(name: string): name is CatalogName {
  return name in CATALOG;
}

function targetsOf(name: CallerName, extra: readonly string[]): string[] {
  return [...CATALOG_NAMES.filter((to) => to !== name), ...(name === 'gateway' ? extra : [])];
}

/** Asks a Redis for a PONG: a sidecar that denies hangs up without a byte. */
export function ping(port: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1').write('*1\r\n$4\r\nPING\r\n');
  socket.once('data', (text) => {
    resolve(String(text) === '+PONG\r\n' ? 'allowed' : `other: ${String(text)}`);
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.once('close', () => resolve('denied'));
  return promise;
}
