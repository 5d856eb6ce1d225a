import { configToJson, type DecodeContext } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import { after, type Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { compileRe2 } from '@weft/model-match';
import { AdminServer, type AdminAddress, type DrainOptions, type ServerState } from '@weft/observe-admin';
import { StatsEndpoint, StatsStore, startFlushing } from '@weft/observe-metrics';
import type { RouteProvider, ServerContext } from '@weft/proxy-filter-api';
import { ListenerManager, type DecodedListener } from '@weft/proxy-listeners';
import { ClusterManager, type DecodedCluster } from '@weft/proxy-upstream';
import { writeFileSync } from 'node:fs';
import { AccessLogFiles } from './access-log-files.ts';
import { ProxyAdminSource } from './admin-source.ts';
import { decodeBootstrap, type BootstrapConfig } from './bootstrap.decode.ts';
import { networkFilters } from './network-filter-registry.ts';
import type { ProxyOptions } from './options.ts';
import { ResourceSets } from './resource-sets.ts';
import { RouteDiscovery } from './route-discovery.ts';
import { RuntimeLayers } from './runtime-layers.ts';
import { ServerStats } from './server-stats.ts';
import { Tracers } from './tracers.ts';

/** What a proxy is made from beyond its bootstrap. */
export interface ProxyWorld {
  readonly options: ProxyOptions;
  readonly runtime: Runtime;
}

/**
 * One proxy: everything between a bootstrap and its sockets.
 *
 *   PRE_INITIALIZING (decoded) -> INITIALIZING (admin up, clusters warm) -> LIVE -> DRAINING -> stopped
 */
export class ProxyServer implements ServerContext {
  readonly runtime: Runtime;
  readonly options: ProxyOptions;
  readonly bootstrap: Bootstrap;
  readonly flags: RuntimeLayers;
  readonly stats: StatsScope;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly node: { readonly id: string; readonly cluster: string; readonly zone: string };
  readonly routeDiscovery: RouteDiscovery;
  readonly startWallMs: number;
  draining = false;
  /** Called when a shutdown is complete. */
  onExit: () => void = () => undefined;
  private readonly config: BootstrapConfig;
  private readonly store = new StatsStore();
  private readonly serverStats: ServerStats;
  private readonly accessLogs: AccessLogFiles;
  private readonly tracers: Tracers;
  private readonly resources: ResourceSets;
  private staticListeners: readonly DecodedListener[] = [];
  private staticClusters: readonly DecodedCluster[] = [];
  private serverState: ServerState = 'PRE_INITIALIZING';
  private healthcheckFailing = false;
  private admin: AdminServer | undefined;
  private stopFlushing: () => void = () => undefined;
  private shuttingDown: Promise<void> | undefined;

  private constructor(bootstrap: Bootstrap, config: BootstrapConfig, world: ProxyWorld) {
    const { runtime, options } = world;
    this.runtime = runtime;
    this.options = options;
    this.bootstrap = bootstrap;
    this.config = config;
    this.node = config.node;
    this.startWallMs = runtime.clock.wallMs();
    this.stats = this.store.root;
    this.flags = new RuntimeLayers(config.layers);
    this.serverStats = new ServerStats(this.stats.scope('server.'), runtime.clock);
    this.clusters = new ClusterManager({ runtime, flags: this.flags, stats: this.stats });
    this.routeDiscovery = new RouteDiscovery(runtime);
    this.accessLogs = new AccessLogFiles(runtime, this.flags, {
      stats: this.stats,
      flushIntervalMs: options.fileFlushIntervalMs,
    });
    this.tracers = new Tracers(this);
    this.listeners = new ListenerManager(
      this,
      networkFilters(this.accessLogs, this.tracers),
      options.drainTimeS * 1000,
    );
    this.resources = new ResourceSets(this);
  }

  /** Decodes a bootstrap whole. Faults go to `cx`; with any, nothing is returned and nothing was opened. */
  static decode(message: Bootstrap, cx: DecodeContext, world: ProxyWorld): ProxyServer | undefined {
    const config = decodeBootstrap(message, cx, world.options);
    const server = new ProxyServer(message, config, world);
    const place = cx.at('static_resources');
    const { listeners = [], clusters = [] } = message.staticResources ?? {};
    server.staticClusters = server.resources.decodeClusters(
      clusters.map((cluster, i) => ({ message: cluster, cx: place.at('clusters', i) })),
    );
    server.staticListeners = server.resources.decodeListeners(
      listeners.map((listener, i) => ({ message: listener, cx: place.at('listeners', i) })),
    );
    server.resources.checkRoutes(server.staticListeners, clusters, place);
    return cx.faults.length > 0 ? undefined : server;
  }

  get state(): ServerState {
    return this.healthcheckFailing && this.serverState === 'LIVE' ? 'DRAINING' : this.serverState;
  }
  get uptimeMs(): number {
    return this.runtime.clock.nowMs() - this.serverStats.startMs;
  }
  get nodeJson(): unknown {
    const { node } = this.bootstrap;
    return {
      ...(node === undefined ? {} : (configToJson(node) as object)),
      id: this.node.id,
      cluster: this.node.cluster,
    };
  }
  get adminAddress(): AdminAddress | undefined {
    return this.boundAdmin;
  }
  private boundAdmin: AdminAddress | undefined;

  refreshStats(): void {
    this.serverStats.refresh();
    this.clusters.refreshStats();
  }

  routes(name: string, source: ConfigSource, stats: StatsScope): RouteProvider {
    return this.routeDiscovery.subscribe(name, source, stats);
  }

  /** Starts to serve. Rejects with a sentence when an address cannot be bound. */
  async start(): Promise<void> {
    const logger = this.runtime.loggers.get('main');
    this.setState('INITIALIZING');
    this.stopFlushing = startFlushing(this.store, this.runtime.timers, this.config.statsFlushIntervalMs);
    await this.startAdmin();
    this.clusters.addStatic(this.staticClusters);
    await this.resources.startClusters(this.config.cds);
    await this.clusters.initialized();
    await this.listeners.addStatic(this.staticListeners);
    await this.resources.startListeners(this.config.lds);
    this.setState('LIVE');
    // Scripts made for Envoy wait for its words.
    logger.info(
      `starting main dispatch loop: ${this.listeners.all.length} listeners, ${this.clusters.all.length} clusters`,
    );
  }

  /** POST /drain_listeners. */
  drainListeners(options: DrainOptions): void {
    if (options.graceful || options.skipExit) this.draining = true;
    if (options.skipExit) return;
    const stop = (): void => void this.listeners.stopAll(options.inboundOnly);
    if (options.graceful) after(this.runtime.timers, this.options.drainTimeS * 1000, stop);
    else stop();
  }

  setHealthcheckFailing(failing: boolean): void {
    this.healthcheckFailing = failing;
    this.serverStats.state(this.state);
  }

  reopenLogs(): void {
    this.accessLogs.reopen();
  }

  /** Accepts nothing new, lets requests in flight finish (within the drain time), then stops and calls `onExit`. */
  shutdown(): Promise<void> {
    this.shuttingDown ??= this.drainAndStop();
    return this.shuttingDown;
  }

  /** Closes everything at once. */
  async stop(): Promise<void> {
    this.stopFlushing();
    this.resources.close();
    this.routeDiscovery.close();
    this.listeners.destroyConnections();
    await this.listeners.stopAll(false);
    this.tracers.close();
    this.clusters.close();
    await this.admin?.close();
    await this.accessLogs.close();
  }

  private async drainAndStop(): Promise<void> {
    this.draining = true;
    this.setState('DRAINING');
    await this.listeners.stopAll(false);
    await this.listeners.drained();
    this.tracers.flush();
    await this.stop();
    this.onExit();
  }

  private async startAdmin(): Promise<void> {
    const { admin } = this.config;
    if (admin === undefined) return;
    const { address } = admin;
    const source = new ProxyAdminSource(this, new StatsEndpoint(this.store, regexTest));
    const accessLogs = this.accessLogs.create(admin.accessLogs);
    this.admin = new AdminServer(source, { clock: this.runtime.clock, compileRegex: regexTest, accessLogs });
    const wanted = address.kind === 'pipe' ? { path: address.path } : { ip: address.ip, port: address.port };
    try {
      this.boundAdmin = await this.admin.listen(wanted);
    } catch (error) {
      throw new Error(`the admin server cannot listen: ${(error as Error).message}`, { cause: error });
    }
    const text = 'path' in this.boundAdmin ? this.boundAdmin.path : `${this.boundAdmin.ip}:${this.boundAdmin.port}`;
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
