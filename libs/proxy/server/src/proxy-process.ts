import { after, type LogLevel, type Runtime } from '@weft/core-runtime';
import { compileRe2 } from '@weft/model-match';
import { AdminServer, type AdminAddress, type DrainOptions, type ServerState } from '@weft/observe-admin';
import { StatsEndpoint, startFlushing, type StatsSink, type StatsStore } from '@weft/observe-metrics';
import { explainBindError } from '@weft/proxy-listeners';
import { writeFileSync } from 'node:fs';
import { ProxyAdminSource } from './admin-source.ts';
import type { BootstrapConfig } from './bootstrap.decode.ts';
import type { DataPlane, DataPlaneFacts } from './data-plane.ts';
import type { HotRestart } from './hot-restart/hot-restart.ts';
import type { ProxyOptions } from './options.ts';
import { OverloadManager } from './overload/overload-manager.ts';
import type { ProxyServer } from './proxy-server.ts';
import { ServerStats } from './server-stats.ts';

/** What a process is put together from. */
export interface ProcessParts {
  /** The configuration as it was decoded on this thread: its facts. */
  readonly view: ProxyServer;
  /** What carries the traffic: `view` itself, or workers. */
  readonly plane: DataPlane;
  /** Absent where it is disabled. */
  readonly hotRestart: HotRestart | undefined;
}

/**
 * One proxy as a process: the admin server, stats, drain, overload and hot restart around the data plane.
 *
 *   PRE_INITIALIZING (decoded) -> INITIALIZING (admin up, clusters warm) -> LIVE -> DRAINING -> stopped
 */
export class ProxyProcess {
  readonly runtime: Runtime;
  readonly options: ProxyOptions;
  readonly view: ProxyServer;
  readonly plane: DataPlane;
  readonly store: StatsStore;
  readonly hotRestart: HotRestart | undefined;
  /** Called when a shutdown is complete. */
  onExit: () => void = () => undefined;
  private readonly config: BootstrapConfig;
  private readonly serverStats: ServerStats;
  private readonly overload: OverloadManager;
  private serverState: ServerState = 'PRE_INITIALIZING';
  private healthcheckFailing = false;
  private admin: AdminServer | undefined;
  private stopFlushing: () => void = () => undefined;
  private shuttingDown: Promise<void> | undefined;
  private gracefulDrain = false;

  constructor({ view, plane, hotRestart }: ProcessParts) {
    this.view = view;
    this.plane = plane;
    this.hotRestart = hotRestart;
    this.runtime = view.runtime;
    this.options = view.options;
    this.config = view.config;
    this.store = view.store;
    this.serverStats = new ServerStats(this.store.root.scope('server.'), {
      clock: this.runtime.clock,
      concurrency: this.options.concurrency,
      restartEpoch: this.options.restartEpoch,
      generation: hotRestart?.generation ?? 1,
    });
    this.overload = new OverloadManager(this.config.overload, { runtime: this.runtime, stats: this.store.root, plane });
  }

  get state(): ServerState {
    return this.healthcheckFailing && this.serverState === 'LIVE' ? 'DRAINING' : this.serverState;
  }
  get uptimeMs(): number {
    return this.runtime.clock.nowMs() - this.serverStats.startMs;
  }
  /** Since the first process of a row of hot restarts began. */
  get uptimeAllEpochsMs(): number {
    return (
      this.runtime.clock.wallMs() - (this.hotRestart?.firstStartWallMs ?? this.runtime.clock.wallMs() - this.uptimeMs)
    );
  }
  get flushIntervalMs(): number {
    return this.config.statsFlushIntervalMs;
  }

  /** Brings the stats that nobody pushes up to date. */
  async refreshStats(): Promise<DataPlaneFacts> {
    const facts = await this.plane.refresh();
    this.serverStats.refresh(facts, this.hotRestart?.parentConnections ?? 0);
    return facts;
  }

  /** Starts to serve. Rejects with a sentence when an address cannot be bound. */
  async start(): Promise<void> {
    const logger = this.runtime.loggers.get('main');
    this.setState('INITIALIZING');
    this.hotRestart?.closeParentAdmin();
    await this.startAdmin();
    await this.plane.start();
    this.overload.start();
    this.startFlushing();
    const facts = await this.refreshStats();
    this.setState('LIVE');
    this.store.histogram('server.initialization_time_ms').record(this.uptimeMs);
    // Scripts made for Envoy wait for its words.
    logger.info(
      `starting main dispatch loop: ${count(facts.listeners, 'listener')}, ${count(facts.clusters, 'cluster')}`,
    );
    this.hotRestart?.takeOver(this);
  }

  private startFlushing(): void {
    const sinks = this.view.reports.createStatsSinks();
    const { timers } = this.runtime;
    const fresh: StatsSink = {
      flush: (store) => void this.refreshStats().then(() => sinks.forEach((sink) => sink.flush(store))),
      close: () => sinks.forEach((sink) => sink.close()),
    };
    const told = sinks.length === 0 ? [] : [fresh];
    const stop = startFlushing(this.store, timers, this.config.statsFlushIntervalMs, told);
    this.stopFlushing = () => {
      stop();
      fresh.close();
    };
  }

  /** POST /drain_listeners. */
  drainListeners({ graceful, inboundOnly, skipExit }: DrainOptions): void {
    if (!graceful) {
      if (!skipExit) void this.plane.stopListeners({ inboundOnly, keepIdle: true });
      return;
    }
    if (this.gracefulDrain) return;
    this.gracefulDrain = true;
    const { drainTimeS, drainStrategy } = this.options;
    void this.plane.drain({ strategy: drainStrategy, timeMs: drainTimeS * 1000, inboundOnly });
    if (skipExit) return;
    after(this.runtime.timers, drainTimeS * 1000, () => void this.plane.stopListeners({ inboundOnly, keepIdle: true }));
  }

  setHealthcheckFailing(failing: boolean): void {
    this.healthcheckFailing = failing;
    void this.plane.setHealthcheckFailing(failing);
    this.serverStats.state(this.state);
  }

  modifyRuntime(values: ReadonlyMap<string, string>): string | undefined {
    const refused = this.view.flags.modify(values);
    if (refused === undefined && this.plane !== this.view) void this.plane.modifyRuntime(values);
    return refused;
  }

  levelsChanged(): void {
    const levels = new Map<string, LogLevel>(this.runtime.loggers.all().map(({ name, level }) => [name, level]));
    if (this.plane !== this.view) void this.plane.setLevels(levels);
  }

  reopenLogs(): void {
    this.view.accessLogs.reopen();
    if (this.plane !== this.view) void this.plane.reopenLogs();
  }

  /** Accepts nothing new, lets requests in flight finish (within the drain time), then stops and calls `onExit`. */
  shutdown(): Promise<void> {
    this.shuttingDown ??= this.drainAndStop();
    return this.shuttingDown;
  }

  /** A successor serves: this process drains as long as its flags say, and ends when the successor says so. */
  async retire(): Promise<void> {
    const { drainTimeS, drainStrategy } = this.options;
    this.setState('DRAINING');
    await this.plane.drain({ strategy: drainStrategy, timeMs: drainTimeS * 1000, inboundOnly: false });
    await this.plane.stopListeners({ inboundOnly: false, keepIdle: true });
  }

  /** Ends at once, as a process whose successor no longer waits for it. */
  async terminate(): Promise<void> {
    await this.stop();
    this.onExit();
  }

  /** Makes room for a successor's admin server. */
  async closeAdmin(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await admin?.close();
  }

  /** Closes everything at once. */
  async stop(): Promise<void> {
    this.stopFlushing();
    this.overload.stop();
    this.hotRestart?.close();
    await this.plane.stop();
    await this.admin?.close();
    if (this.plane !== this.view) await this.view.stop();
  }

  private async drainAndStop(): Promise<void> {
    this.setState('DRAINING');
    await this.plane.drain({ strategy: 'immediate', timeMs: 0, inboundOnly: false });
    await this.plane.stopListeners({ inboundOnly: false, keepIdle: false });
    await this.plane.drained();
    await this.stop();
    this.onExit();
  }

  private async startAdmin(): Promise<void> {
    const { admin } = this.config;
    if (admin === undefined) return;
    const { address } = admin;
    if (address.kind === 'internal') throw new Error('the admin server cannot listen on an internal address');
    const source = new ProxyAdminSource(this, new StatsEndpoint(this.store, regexTest));
    const accessLogs = this.view.accessLogs.create(admin.accessLogs);
    const server = new AdminServer(source, { clock: this.runtime.clock, compileRegex: regexTest, accessLogs });
    const wanted = address.kind === 'pipe' ? { path: address.path } : { ip: address.ip, port: address.port };
    let bound: AdminAddress;
    try {
      bound = await server.listen(wanted);
    } catch (error) {
      const where = 'path' in wanted ? wanted.path : `${wanted.ip}:${wanted.port}`;
      throw new Error(`the admin server cannot listen on ${where}: ${explainBindError(error)}`, { cause: error });
    }
    this.admin = server;
    const text = 'path' in bound ? bound.path : `${bound.ip}:${bound.port}`;
    this.runtime.loggers.get('main').info(`The admin server answers on ${text}.`);
    if (this.options.adminAddressPath !== '') writeFileSync(this.options.adminAddressPath, text);
  }

  private setState(state: ServerState): void {
    this.serverState = state;
    this.serverStats.state(this.state);
  }
}

/** Regular expressions that requests to the admin server bring: linear time, or a sentence that says what is wrong. */
function regexTest(pattern: string): { test(text: string): boolean } | string {
  const compiled = compileRe2(pattern);
  return 'fault' in compiled ? compiled.fault : { test: (text) => compiled.finds(text) };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
