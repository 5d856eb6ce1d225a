import type { Server } from 'node:http';
import { mkdirSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startEmbeddedRedis, type EmbeddedRedis } from '@weft/demo-embedded-redis';
import { seedRedis, type DataSetName } from '@weft/demo-data';
import { applySettings, writeVideosSettings, type SettingsTargets } from './apply-settings.ts';
import type { StartOptions } from './cli/options.ts';
import { FileWriter } from './config/file-writer.ts';
import { proxyFiles, type Mesh } from './config/proxy-files.ts';
import type { Applied } from './control/control-client.ts';
import { startControlServer } from './control/control-server.ts';
import { Collector } from './figures/collector.ts';
import { choosePorts } from './processes/choose-ports.ts';
import { processTable } from './processes/process-table.ts';
import {
  buildPageProgram,
  proxyProcess,
  proxyProgram,
  redisProgram,
  serviceProgram,
  type Places,
} from './processes/programs.ts';
import { Supervisor } from './processes/supervisor.ts';
import { untilCatalogServed, untilProxyReady } from './processes/readiness.ts';
import type { PortName, Ports } from './ports.ts';
import { planRedis, type RedisPlan } from './redis/redis-plan.ts';
import { removeRunState, runStateFile, writeRunState } from './run-state.ts';
import { remarksOn, type Settings } from './settings.ts';
import type { Status } from './status.ts';
import { PROXIES, SERVICES, type DatabaseName } from './topology.ts';

export interface DemoEvents {
  /** A line of progress, or of something unexpected later. */
  say(line: string): void;
  /** The demo has to end: somebody asked over the control endpoint, or a process keeps ending. */
  end(reason: string, exitCode: number): void;
}

const READY_WITHIN_MS = 30_000;
const BUILD_WITHIN_MS = 120_000;
const DATABASES: readonly { readonly name: DatabaseName; readonly port: PortName; readonly set: DataSetName }[] = [
  { name: 'playlists-db', port: 'playlistsDb', set: 'playlists' },
  { name: 'videos-db', port: 'videosDb', set: 'videos' },
];

/** The whole demo, from nothing to everything running and back. */
export class RunningDemo {
  readonly #options: StartOptions;
  readonly #events: DemoEvents;
  readonly #redis: RedisPlan;
  readonly #ports: Ports;
  readonly #places: Places;
  readonly #mesh: Mesh;
  readonly #supervisor: Supervisor;
  readonly #collector: Collector;
  readonly #writer = new FileWriter();
  readonly #embedded: EmbeddedRedis[] = [];
  readonly #startedAtMs = performance.now();
  #settings: Settings;
  #state: Status['state'] = 'starting';
  #control: Server | undefined;
  /** Changes of switches, one after the other. */
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(options: StartOptions, events: DemoEvents, found: { redis: RedisPlan; ports: Ports }) {
    this.#options = options;
    this.#events = events;
    this.#redis = found.redis;
    this.#ports = found.ports;
    this.#settings = options.settings;
    const { stateDir } = options;
    const logs = join(stateDir, 'logs');
    this.#places = { proxies: join(stateDir, 'proxies'), logs, videosSettings: join(stateDir, 'settings/videos-api') };
    this.#mesh = {
      ports: found.ports,
      folder: this.#places.proxies,
      logs,
      redis: redisAddress(found.redis, found.ports),
      zipkin: options.zipkin,
    };
    this.#supervisor = new Supervisor({
      say: (line) => events.say(line),
      giveUp: (reason) => events.end(reason, 1),
    });
    this.#collector = new Collector(found.ports);
  }

  /** Chooses the Redis and the ports. Rejects, with nothing started, when the demo cannot run here. */
  static async prepare(options: StartOptions, events: DemoEvents, env: NodeJS.ProcessEnv): Promise<RunningDemo> {
    const redis = planRedis(env);
    const unused = redis.kind === 'url' ? DATABASES.map(({ port }) => port) : [];
    const ports = await choosePorts({ auto: options.autoPorts, chosen: options.chosenPorts, unused });
    return new RunningDemo(options, events, { redis, ports });
  }

  /** Starts everything and waits until a page has come through the gateway. Rejects with the last lines of what failed. */
  async start(): Promise<void> {
    const { proxies, logs, videosSettings } = this.#places;
    for (const folder of [proxies, logs, join(videosSettings, '..')]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
    this.#supervisor.removeAtEnd(runStateFile(this.#options.stateDir));
    // Not flaky before everything is seen to work: without retries that would take forty pages.
    writeVideosSettings(videosSettings, { flaky: false });
    this.#writer.write(proxyFiles(this.#mesh, this.#settings));
    await Promise.all([this.#startRedis(), ...this.#startProxies(), this.#startServices()]);
    await untilCatalogServed(this.#ports.gateway, READY_WITHIN_MS);
    this.#say('a page and the API came through the gateway');
    if (this.#settings.flaky) await applySettings({ ...this.#settings, flaky: false }, this.#settings, this.#targets());
    this.#control = await startControlServer(this.#ports.statusPage, {
      status: () => this.status(),
      apply: (changes) => this.apply(changes),
      stop: () => this.#events.end('weft demo stop', 0),
    });
    this.#supervisor.keepRunning();
    await this.#collector.collect();
    this.#collector.start();
    this.#state = 'running';
    writeRunState(this.#options.stateDir, {
      pid: process.pid,
      control: `http://127.0.0.1:${this.#ports.statusPage}`,
      gateway: `http://localhost:${this.#ports.gateway}`,
    });
  }

  /** Ends everything in order: first what takes requests in, last what holds the data. */
  async stop(): Promise<void> {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    this.#collector.stop();
    this.#control?.close();
    this.#control?.closeAllConnections();
    await this.#supervisor.stop([
      ['gateway'],
      SERVICES.map(({ name }) => proxyProcess(name)),
      SERVICES.map(({ name }) => name),
      DATABASES.map(({ name }) => name),
    ]);
    await Promise.all(this.#embedded.map((server) => server.close()));
    removeRunState(this.#options.stateDir);
  }

  apply(changes: Partial<Settings>): Promise<Applied> {
    const change = this.#changes.then(() => this.#applyNow(changes));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  status(): Status {
    const { gateway, statusPage } = this.#ports;
    return {
      state: this.#state,
      page: `http://localhost:${gateway}/home/`,
      api: `http://localhost:${gateway}/api/playlists`,
      statusPage: `http://localhost:${statusPage}`,
      redis: redisText(this.#redis),
      proxy: this.#options.envoy === undefined ? 'weft proxy' : `${this.#options.envoy} (in place of weft proxy)`,
      zipkin: this.#mesh.zipkin === undefined ? null : `http://${this.#mesh.zipkin.host}:${this.#mesh.zipkin.port}`,
      uptimeSeconds: Math.round((performance.now() - this.#startedAtMs) / 1000),
      settings: this.#settings,
      remarks: remarksOn(this.#settings),
      processes: processTable({
        ports: this.#ports,
        logs: this.#places.logs,
        supervisor: this.#supervisor,
        databases: this.#databasePorts(),
      }),
      edges: this.#collector.edges(),
      apps: this.#collector.apps(),
    };
  }

  async #applyNow(changes: Partial<Settings>): Promise<Applied> {
    const startedMs = performance.now();
    const after = { ...this.#settings, ...changes };
    const changed = await applySettings(this.#settings, after, this.#targets());
    this.#settings = after;
    return { settings: after, remarks: remarksOn(after), changed, tookMs: Math.round(performance.now() - startedMs) };
  }

  #targets(): SettingsTargets {
    return {
      mesh: this.#mesh,
      writer: this.#writer,
      videosSettings: this.#places.videosSettings,
      videosApi: () => this.#supervisor.child('videos-api'),
    };
  }

  async #startRedis(): Promise<void> {
    const plan = this.#redis;
    if (plan.kind === 'url') {
      await seedRedis({ url: plan.url, dataSets: ['playlists', 'videos'], patienceMs: 5_000 });
      return this.#say(`the Redis at ${plan.url} holds the catalog: 10 keys written`);
    }
    await Promise.all(
      DATABASES.map(async ({ name, port: portName, set }) => {
        const port = this.#ports[portName];
        const seed = async (): Promise<void> => {
          await seedRedis({ url: `redis://127.0.0.1:${port}`, dataSets: [set], patienceMs: 10_000 });
        };
        if (plan.kind === 'embedded') this.#embedded.push(await startEmbeddedRedis({ port }));
        else {
          const program = redisProgram(name, plan.command, { port, logs: this.#places.logs });
          // Started again it is empty.
          const child = this.#supervisor.start(program, seed);
          await this.#orLastLines(child.waitFor(/Ready to accept connections/, { withinMs: READY_WITHIN_MS }), name);
        }
        await seed();
        this.#say(`${name} holds its data`);
      }),
    );
  }

  #startProxies(): Promise<void>[] {
    return PROXIES.map(async ({ name, admin }) => {
      const child = this.#supervisor.start(proxyProgram(name, this.#places, this.#options.envoy));
      await this.#orLastLines(untilProxyReady(this.#ports[admin], child, READY_WITHIN_MS), child.program.name);
      this.#say(`${child.program.name} takes requests`);
    });
  }

  async #startServices(): Promise<void> {
    const build = this.#supervisor.start(buildPageProgram(this.#places.logs));
    await this.#orLastLines(build.waitFor(/built|up to date/, { withinMs: BUILD_WITHIN_MS }), 'build of the page');
    await Promise.all(
      SERVICES.map(async (service) => {
        const child = this.#supervisor.start(serviceProgram(service, this.#ports, this.#places));
        await this.#orLastLines(child.waitFor(service.ready, { withinMs: READY_WITHIN_MS }), service.name);
        this.#say(`${service.name} listens`);
      }),
    );
  }

  /** Adds the last lines of a process's output to what went wrong with it. */
  async #orLastLines(started: Promise<void>, name: string): Promise<void> {
    try {
      await started;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const child = this.#supervisor.child(name);
      const lines = (child?.lastLines ?? []).map((line) => `    ${line}`);
      throw new Error([`${reason}. Its last lines (${child?.program.log ?? ''}):`, ...lines].join('\n'), {
        cause: error,
      });
    }
  }

  #databasePorts(): { name: DatabaseName; port: number }[] {
    const { playlistsPort, videosPort } = this.#mesh.redis;
    return [
      { name: 'playlists-db', port: playlistsPort },
      { name: 'videos-db', port: videosPort },
    ];
  }

  #say(line: string): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(1);
    this.#events.say(`${seconds.padStart(6)} s  ${line}`);
  }
}

function redisAddress(plan: RedisPlan, ports: Ports): Mesh['redis'] {
  if (plan.kind === 'url') return { host: plan.host, playlistsPort: plan.port, videosPort: plan.port };
  return { host: '127.0.0.1', playlistsPort: ports.playlistsDb, videosPort: ports.videosDb };
}

function redisText(plan: RedisPlan): string {
  switch (plan.kind) {
    case 'url':
      return `${plan.url} from $REDIS_URL, for both data sets`;
    case 'server':
      return `${plan.command} ${redisVersion(plan.command)}from the path, a process for each data set`;
    case 'embedded':
      return 'embedded in the demo, a server for each data set (neither $REDIS_URL nor redis-server on the path)';
  }
}

let knownVersion: string | undefined;

function redisVersion(command: string): string {
  if (knownVersion === undefined) {
    const [, version] = /v=([\d.]+)/.exec(execFileSync(command, ['--version'], { encoding: 'utf8' })) ?? [];
    knownVersion = version === undefined ? '' : `${version} `;
  }
  return knownVersion;
}
