import type { Server } from 'node:http';
import { mkdirSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { seedRedis, type DataSetName } from '@weft/demo-data';
import { applySettings, writeVideosSettings, type SettingsTargets } from './apply-settings.ts';
import type { StartOptions } from './cli/options.ts';
import type { Applied } from './control/control-client.ts';
import { startControlServer } from './control/control-server.ts';
import { Collector } from './figures/collector.ts';
import { documentStatuses, folderRows, isShown } from './mesh/document-status.ts';
import { FileWriter } from './mesh/file-writer.ts';
import { FolderWatch } from './mesh/folder-watch.ts';
import { meshDocuments, type MeshFacts } from './mesh/mesh-documents.ts';
import { freshBundles } from './processes/bundles.ts';
import type { Child } from './processes/child.ts';
import { choosePorts } from './processes/choose-ports.ts';
import { ListenerPids } from './processes/listener-pids.ts';
import { processTable } from './processes/process-table.ts';
import {
  buildBundlesProgram,
  buildPageProgram,
  CONTROL_PLANE,
  controlPlaneProgram,
  GATEWAY,
  gatewayProgram,
  redisProgram,
  serviceProgram,
  type Places,
  type ProgramFacts,
} from './processes/programs.ts';
import { Supervisor } from './processes/supervisor.ts';
import { untilCatalogServed } from './processes/readiness.ts';
import type { Ports } from './ports.ts';
import { planRedis, type RedisPlan } from './redis/redis-plan.ts';
import { readEnd, readText } from './read-text.ts';
import { removeRunState, runStateFile, writeRunState } from './run-state.ts';
import { remarksOn, type Settings } from './settings.ts';
import type { Status } from './status.ts';
import { DATABASES, PROXIES, SERVICES, type DatabaseName } from './topology.ts';

export interface DemoEvents {
  /** A line of progress, or of something unexpected later. */
  say(line: string): void;
  /** The demo has to end: somebody asked over the control endpoint, or a process keeps ending. */
  end(reason: string, exitCode: number): void;
}

const READY_WITHIN_MS = 30_000;
const BUILD_WITHIN_MS = 120_000;
/** Of a log, in bytes: its end. */
const SHOWN_OF_LOG = 256 * 1024;
const DATA_SETS: Readonly<Record<DatabaseName, DataSetName>> = { 'playlists-db': 'playlists', 'videos-db': 'videos' };
/** What `weft run` says when the sidecar is configured, and the program about to start. */
const WORKLOAD_READY = /^weft run: \S+ is ready/m;

/** The whole demo, from nothing to everything running and back. */
export class RunningDemo {
  readonly #options: StartOptions;
  readonly #events: DemoEvents;
  readonly #redis: RedisPlan;
  readonly #ports: Ports;
  readonly #places: Places;
  readonly #facts: MeshFacts;
  #programs: ProgramFacts;
  readonly #supervisor: Supervisor;
  readonly #collector: Collector;
  readonly #writer: FileWriter;
  readonly #listeners = new ListenerPids();
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
    this.#places = {
      mesh: join(stateDir, 'mesh'),
      controlPlane: join(stateDir, 'control-plane'),
      logs,
      videosSettings: join(stateDir, 'settings/videos-api'),
    };
    const { redis, ports } = found;
    this.#facts = {
      gatewayPort: ports.gateway,
      redis: redis.kind === 'url' ? { host: redis.host, port: redis.port } : undefined,
    };
    this.#programs = { ports, places: this.#places, envoy: options.envoy, zipkin: options.zipkin, bundles: undefined };
    this.#writer = new FileWriter(this.#places.mesh);
    this.#supervisor = new Supervisor({
      say: (line) => events.say(line),
      giveUp: (reason) => events.end(reason, 1),
    });
    const watch = new FolderWatch((line) => events.say(line));
    this.#collector = new Collector(found.ports, () => watch.look(this.#documents()));
  }

  /** Chooses the Redis and the ports. Rejects, with nothing started, when the demo cannot run here. */
  static async prepare(options: StartOptions, events: DemoEvents, env: NodeJS.ProcessEnv): Promise<RunningDemo> {
    const redis = planRedis(env);
    const unused = redis.kind === 'url' ? DATABASES.flatMap(({ app, inbound, admin }) => [app, inbound, admin]) : [];
    const ports = await choosePorts({ auto: options.autoPorts, chosen: options.chosenPorts, unused });
    return new RunningDemo(options, events, { redis, ports });
  }

  /** Starts everything and waits until a page has come through the gateway. Rejects with the last lines of what failed. */
  async start(): Promise<void> {
    const { mesh, controlPlane, logs, videosSettings } = this.#places;
    for (const folder of [mesh, controlPlane, logs, join(videosSettings, '..')]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
    this.#supervisor.removeAtEnd(runStateFile(this.#options.stateDir));
    // Not flaky before everything is seen to work: without retries that would take forty pages.
    writeVideosSettings(videosSettings, { flaky: false });
    this.#writer.write(meshDocuments(this.#facts, this.#settings));
    const page = this.#buildPage();
    await Promise.all([this.#bundle(), this.#startControlPlane()]);
    await Promise.all([this.#startRedis(), this.#startGateway(), ...this.#startServices(page)]);
    await untilCatalogServed(this.#ports.gateway, READY_WITHIN_MS);
    this.#say('a page and the API came through the gateway');
    if (this.#settings.flaky) await applySettings({ ...this.#settings, flaky: false }, this.#settings, this.#targets());
    this.#control = await startControlServer(this.#ports.statusPage, {
      status: () => this.status(),
      apply: (changes) => this.apply(changes),
      stop: () => this.#events.end('weft demo stop', 0),
      document: (file) => this.#document(file),
      log: (file) => this.#log(file),
    });
    this.#supervisor.keepRunning();
    await this.#collector.collect();
    this.#collector.start();
    this.#refreshListeners();
    this.#state = 'running';
    writeRunState(this.#options.stateDir, {
      pid: process.pid,
      control: `http://127.0.0.1:${this.#ports.statusPage}`,
      gateway: `http://localhost:${this.#ports.gateway}`,
      controlPlane: `http://localhost:${this.#ports.controlPlaneDebug}`,
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
      [GATEWAY],
      [...SERVICES.map(({ name }) => name), ...DATABASES.map(({ name }) => name)],
      [CONTROL_PLANE],
    ]);
    removeRunState(this.#options.stateDir);
  }

  apply(changes: Partial<Settings>): Promise<Applied> {
    const change = this.#changes.then(() => this.#applyNow(changes));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  status(): Status {
    const { gateway, statusPage } = this.#ports;
    const { zipkin, envoy } = this.#options;
    if (this.#state === 'running') this.#refreshListeners();
    return {
      state: this.#state,
      page: `http://localhost:${gateway}/home/`,
      api: `http://localhost:${gateway}/api/playlists`,
      statusPage: `http://localhost:${statusPage}`,
      redis: redisText(this.#redis),
      proxy: envoy === undefined ? 'weft proxy' : `${envoy} (in place of weft proxy)`,
      zipkin: zipkin === undefined ? null : `http://${zipkin.host}:${zipkin.port}`,
      uptimeSeconds: Math.round((performance.now() - this.#startedAtMs) / 1000),
      settings: this.#settings,
      remarks: remarksOn(this.#settings),
      meshFolder: this.#places.mesh,
      documents: this.#documents(),
      processes: processTable({
        ports: this.#ports,
        logs: this.#places.logs,
        supervisor: this.#supervisor,
        listeners: this.#listeners,
        foreignRedis: this.#facts.redis,
      }),
      edges: this.#collector.edges(),
      apps: this.#collector.apps(),
    };
  }

  async #applyNow(changes: Partial<Settings>): Promise<Applied> {
    const startedMs = performance.now();
    const after = { ...this.#settings, ...changes };
    const { who, documents } = await applySettings(this.#settings, after, this.#targets());
    this.#settings = after;
    const tookMs = Math.round(performance.now() - startedMs);
    return { settings: after, remarks: remarksOn(after), changed: who, documents, tookMs };
  }

  #targets(): SettingsTargets {
    return {
      facts: this.#facts,
      ports: this.#ports,
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
      DATABASES.map(async ({ name, app }) => {
        const seed = async (): Promise<void> => {
          const url = `redis://127.0.0.1:${this.#ports[app]}`;
          await seedRedis({ url, dataSets: [DATA_SETS[name]], patienceMs: 10_000 });
        };
        const program = redisProgram(name, plan.kind === 'server' ? plan.command : undefined, this.#programs);
        // Started again it is empty.
        const child = this.#supervisor.start(program, seed);
        await this.#listening(child, /Ready to accept connections/);
        await seed();
        this.#say(`${name} holds its data`);
      }),
    );
  }

  async #startControlPlane(): Promise<void> {
    const child = this.#supervisor.start(controlPlaneProgram(this.#programs));
    await this.#listening(child, /Serving \d+ documents/);
    this.#say('the control plane has read the mesh, and serves');
  }

  async #startGateway(): Promise<void> {
    await this.#listening(this.#supervisor.start(gatewayProgram(this.#programs)), WORKLOAD_READY);
    this.#say('the gateway takes requests');
  }

  /** What cannot be bundled runs from its sources: slower, and the same. */
  async #bundle(): Promise<void> {
    if (freshBundles() === undefined) {
      const build = this.#supervisor.start(buildBundlesProgram(this.#places.logs));
      await build.waitFor(/bundled/, { withinMs: BUILD_WITHIN_MS }).catch((error: Error) => this.#say(error.message));
    }
    this.#programs = { ...this.#programs, bundles: freshBundles() };
  }

  async #buildPage(): Promise<void> {
    const build = this.#supervisor.start(buildPageProgram(this.#places.logs));
    await this.#orLastLines(build.waitFor(/built|up to date/, { withinMs: BUILD_WITHIN_MS }), 'build of the page');
  }

  #startServices(page: Promise<void>): Promise<void>[] {
    return SERVICES.map(async (service) => {
      if (service.service === 'videos-web') await page;
      const child = this.#supervisor.start(serviceProgram(service, this.#programs));
      await this.#listening(child, service.ready);
      this.#say(`${service.name} listens behind its sidecar`);
    });
  }

  #listening(child: Child, ready: RegExp): Promise<void> {
    return this.#orLastLines(child.waitFor(ready, { withinMs: READY_WITHIN_MS }), child.program.name);
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

  #refreshListeners(): void {
    const foreign = this.#facts.redis !== undefined;
    const workloads = [...SERVICES, ...(foreign ? [] : DATABASES)];
    const names = [...PROXIES.map(({ admin }) => admin), ...workloads.flatMap(({ app, admin }) => [app, admin])];
    this.#listeners.refresh(names.map((name) => this.#ports[name]));
  }

  #documents(): Status['documents'] {
    const { rows } = this.#collector;
    return documentStatuses(meshDocuments(this.#facts, this.#settings), rows && folderRows(rows, this.#places.mesh));
  }

  /** As it is in the folder: somebody may have edited it. */
  #document(file: string): string | undefined {
    return isShown(file, this.#documents()) ? readText(join(this.#places.mesh, file)) : undefined;
  }

  #log(file: string): string | undefined {
    const known = this.status().processes.some(({ log }) => log !== null && basename(log) === file);
    return known ? readEnd(join(this.#places.logs, file), SHOWN_OF_LOG) : undefined;
  }

  #say(line: string): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(1);
    this.#events.say(`${seconds.padStart(6)} s  ${line}`);
  }
}

function redisText(plan: RedisPlan): string {
  switch (plan.kind) {
    case 'url':
      return `${plan.url} from $REDIS_URL, for both data sets`;
    case 'server':
      return `${plan.command} ${redisVersion(plan.command)}from the path, a process for each data set`;
    case 'embedded':
      return 'embedded in the demo, a process for each data set (neither $REDIS_URL nor redis-server on the path)';
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
