import { startControlPlane, type ControlPlaneWorld } from './control-plane-process.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { call } from './http-call.ts';
import { startSource, type RunningProcess } from './processes.ts';
import { SteadyLoad, type LoadResult } from './steady-load.ts';

/** Answers the same to everybody. It closes no idle connection: a request may be on its way to it just then. */
const ECHO = `
  require('node:http').createServer({ keepAliveTimeout: 0 }, (request, response) => response.end('echo'))
    .listen(Number(process.argv.at(-1)), '127.0.0.1');
`;
const IDLE = 'setInterval(() => undefined, 1000)';
/** Connections that stand keep their certificate: these end, so that the outage has handshakes too. */
const SHORT_CONNECTIONS = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec: {host: echo, trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 50}}}}
`;
const READY = /weft run: sidecar (\S+) is ready/;
const HAS = /has a certificate for \S+ until (\S+); renews at (\S+)/g;
const LACKS = /no new certificate for/g;
/** How long before the first renewal the control plane is killed, at most. */
const BEFORE_RENEWAL_MS = 1500;
/** How long asking both sidecars for their state may take on a busy machine. */
const LOOKING_MS = 3000;
/** A proxy whose control plane was away long asks again every 30 seconds at most; twice that, for a busy machine. */
const RECONNECTED_WITHIN_MS = 60_000;

export interface OutageOptions {
  /** Flags of `weft run` that choose the sidecar. */
  readonly sidecar: readonly string[];
  readonly perSecond: number;
  /** How long the control plane is away at least. Certificates live six times as long. */
  readonly seconds: number;
}

export interface OutageResult extends LoadResult {
  readonly outageSeconds: number;
  /** How often a workload asked in vain for a new certificate. */
  readonly failedRenewals: number;
  /** The life that the certificate with the least of it had left when the next came, in seconds. */
  readonly leastLifeSeconds: number;
  /** How many streams each sidecar has with the control plane afterwards. */
  readonly streams: readonly number[];
  /** What each sidecar worked with, before and afterwards. */
  readonly states: readonly { readonly before: string; readonly after: string }[];
}

/** Two workloads, the caller under load, and a control plane that is killed and comes back. */
export class OutageWorld {
  private readonly plane: ControlPlaneWorld;
  private readonly options: OutageOptions;
  private readonly workloads: RunningProcess[] = [];

  private constructor(plane: ControlPlaneWorld, options: OutageOptions) {
    this.plane = plane;
    this.options = options;
  }

  static async run(options: OutageOptions): Promise<OutageResult> {
    const plane = await startControlPlane(['--certificate-ttl', `${options.seconds * 6}s`]);
    const world = new OutageWorld(plane, options);
    try {
      return await world.run();
    } finally {
      await Promise.all(world.workloads.map((process) => process.stop()));
      await plane.stop();
    }
  }

  private async run(): Promise<OutageResult> {
    const { perSecond, seconds } = this.options;
    const local = await this.startWorkloads();
    await eventually('the first answer', async () => (await call({ port: local })).status === 200 || undefined, 20_000);
    const load = new SteadyLoad(local, perSecond);
    try {
      const before = await this.beforeRenewal();
      const [had, lacked] = [this.count(HAS), this.count(LACKS)];
      const killedMs = performance.now();
      await this.plane.kill();
      await eventually(
        'a renewal of each falls into the outage',
        () => (performance.now() - killedMs > seconds * 1000 && this.each(LACKS, lacked)) || undefined,
        (seconds + 60) * 1000,
      );
      const expiries = this.workloads.map((process) => lastOf(process)[0]);
      const outageSeconds = (performance.now() - killedMs) / 1000;
      await this.plane.start();
      const leastLifeSeconds = await this.renewed(had, expiries);
      const after = await eventually(
        'the same state',
        async () => {
          await this.synced();
          const states = await this.states();
          return states.join() === before.join() ? states : undefined;
        },
        RECONNECTED_WITHIN_MS,
      ).catch(() => this.states());
      const failedRenewals = sum(this.count(LACKS)) - sum(lacked);
      const states = before.map((text, at) => ({ before: text, after: after[at] ?? '' }));
      const streams = await this.streams();
      return { ...(await load.stop()), outageSeconds, failedRenewals, leastLifeSeconds, streams, states };
    } finally {
      load.halt();
    }
  }

  private async startWorkloads(): Promise<number> {
    const [port, local] = [await freePort(), await freePort()];
    const place = ['--config-dir', this.plane.configDir, '--drain-time', '0', '--verbose', ...this.options.sidecar];
    const run = (...args: readonly string[]): Promise<RunningProcess> =>
      startSource({
        main: 'apps/workload/src/main.ts',
        args: [...place, ...args],
        ready: READY,
        readyWithinMs: 60_000,
      });
    const program = (...args: readonly string[]): string[] => ['--', process.execPath, '-e', ...args];
    this.plane.write('echo.yaml', SHORT_CONNECTIONS);
    const started = await Promise.all([
      run('--name', 'echo', '--port', `80:${port}`, '--protocol', 'HTTP', ...program(ECHO, String(port))),
      run('--name', 'caller', '--upstream', `echo:80=${local}`, ...program(IDLE)),
    ]);
    this.workloads.push(...started);
    return local;
  }

  /** Waits until a renewal is near, and gives the state of each sidecar then: what was pushed before has long arrived. */
  private beforeRenewal(): Promise<readonly string[]> {
    const untilRenewal = (): number => Math.min(...this.workloads.map((process) => lastOf(process)[1] - Date.now()));
    return eventually(
      'both are healthy, and a renewal is near',
      async () => {
        if (untilRenewal() > LOOKING_MS + BEFORE_RENEWAL_MS) return undefined;
        await this.synced();
        const states = await this.states();
        const left = untilRenewal();
        const isNear = left > BEFORE_RENEWAL_MS / 3 && left < BEFORE_RENEWAL_MS;
        return isNear && !states.join().includes('"UNHEALTHY"') ? states : undefined;
      },
      this.options.seconds * 12_000,
    );
  }

  /** Until the control plane knows both proxies and has an answer of each for everything. */
  private async synced(): Promise<void> {
    await eventually('both proxies acknowledge everything', async () => {
      const { body } = await call({ port: this.plane.debugPort, path: '/debug/syncz' });
      if (/STALE|NACKED|NEVER_ACKNOWLEDGED/.test(body)) return undefined;
      return (body.includes('~echo.default~') && body.includes('~caller.default~')) || undefined;
    });
  }

  private async streams(): Promise<readonly number[]> {
    const { body } = await call({ port: this.plane.debugPort, path: '/debug/syncz' });
    return (JSON.parse(body) as readonly { readonly streams: number }[]).map(({ streams }) => streams);
  }

  /** Until each has a new certificate. Gives the least life that an old one had left then, in seconds. */
  private async renewed(had: readonly number[], expiries: readonly number[]): Promise<number> {
    const left = this.workloads.map(async (process, at) => {
      const count = (): number => [...process.output.matchAll(HAS)].length;
      await eventually('a new certificate', () => count() > (had[at] ?? 0) || undefined, 120_000);
      return ((expiries[at] ?? 0) - Date.now()) / 1000;
    });
    return Math.min(...(await Promise.all(left)));
  }

  private count(pattern: RegExp): readonly number[] {
    return this.workloads.map(({ output }) => [...output.matchAll(pattern)].length);
  }

  private each(pattern: RegExp, moreThan: readonly number[]): boolean {
    return this.count(pattern).every((count, at) => count > (moreThan[at] ?? 0));
  }

  /** What each sidecar works with: no times, and no secrets, which renewals change. */
  private states(): Promise<string[]> {
    return Promise.all(
      this.workloads.map(async ({ output }) => {
        const admin = Number(new URL(READY.exec(output)?.[1] ?? '').port);
        return workingState((await call({ port: admin, path: '/config_dump?include_eds' })).body);
      }),
    );
  }
}

/** A config dump without its times and without secrets, its fields in the order of their names: Envoy's maps have none. */
export function workingState(dump: string): string {
  const settled = (key: string, value: unknown): unknown => {
    if (key === 'last_updated') return undefined;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  };
  const { configs } = JSON.parse(dump, settled) as { configs: readonly { readonly '@type': string }[] };
  return JSON.stringify(configs.filter((section) => !section['@type'].endsWith('.SecretsConfigDump')));
}

/** Until when the newest certificate is valid, and when it is renewed, in milliseconds of the wall clock. */
function lastOf({ output }: RunningProcess): readonly [number, number] {
  const [, until = '', renews = ''] = [...output.matchAll(HAS)].at(-1) ?? [];
  return [Date.parse(until), Date.parse(renews)];
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
