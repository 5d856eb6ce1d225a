import { configToJson, type DecodeContext } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { LogLevel, Runtime } from '@weft/core-runtime';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import type { GrpcChannel } from '@weft/core-grpc';
import type { ConfigSource, GrpcService } from '@weft/model-config-source';
import type {
  CertificateStatus,
  ClusterStatus,
  ConfigDumpSection,
  ListenerStatus,
  UnreadyTargets,
} from '@weft/observe-admin';
import { StatsStore } from '@weft/observe-metrics';
import type {
  CommandTracer,
  FilterDiscovery as WantedFilter,
  FilterProvider,
  ClusterDiscovery,
  ClusterDiscoverySource,
  ListenSockets,
  RouteProvider,
  ServerContext,
} from '@weft/proxy-filter-api';
import { DownstreamTlsFactory } from '@weft/proxy-transport-sockets';
import { ListenerManager, type DecodedListener } from '@weft/proxy-listeners';
import { ClusterManager, type ClusterManagerOptions, type DecodedCluster } from '@weft/proxy-upstream';
import {
  LoadCounter,
  nodeFields,
  Subscriptions,
  type ClusterLoad,
  type GrpcChannels,
  type LoadWish,
  type NodeIdentity,
} from '@weft/xds-client';
import { AccessLogFiles } from './access-log-files.ts';
import { decodeBootstrap, type BootstrapConfig, type NodeConfig } from './bootstrap.decode.ts';
import { ClusterDiscoveries } from './cluster-discovery.ts';
import { ClusterFetch } from './cluster-fetch.ts';
import { DataPlaneView } from './data-plane-view.ts';
import type { ConfigDumpOptions, DataPlane, DataPlaneFacts, DrainOrder } from './data-plane.ts';
import type { Discovered, ProxySubscriptions } from './discovered.ts';
import { DrainState } from './drain-state.ts';
import { FilterDiscovery } from './filter-discovery.ts';
import { grpcChannels } from './grpc-channels.ts';
import { weftVersion } from './version.ts';
import { reportedClusters } from './load-reports.ts';
import { MainClusters } from './main-clusters.ts';
import { networkFilters } from './network-filter-registry.ts';
import type { ProxyOptions } from './options.ts';
import { LoopDelay } from './overload/loop-delay.ts';
import { LoopOverload, type OverloadReading } from './overload/overload-state.ts';
import { ProxyReports } from './proxy-reports.ts';
import { localTallies, tlsWorld, type ProxyWorld } from './proxy-world.ts';
import { RecordedResources } from './recorded-resources.ts';
import { ResourceSets } from './resource-sets.ts';
import { InlineRoutes } from './inline-routes.ts';
import { RouteDiscovery } from './route-discovery.ts';
import { RuntimeDiscovery } from './runtime-discovery.ts';
import { RuntimeLayers } from './runtime-layers.ts';
import { Tracers } from './tracers.ts';

/**
 * The data plane of one event loop: everything between a bootstrap and its sockets. A proxy without workers has one; with
 * workers, each of them has one, and the main thread has one that is never started: it holds the subscriptions of all.
 */
export class ProxyServer implements ServerContext, DataPlane {
  readonly runtime: Runtime;
  readonly options: ProxyOptions;
  readonly bootstrap: Bootstrap;
  readonly config: BootstrapConfig;
  readonly flags: RuntimeLayers;
  readonly store: StatsStore;
  readonly stats: StatsScope;
  readonly subscriptions: ProxySubscriptions;
  /** The way to resources whose messages dumps show. */
  readonly recorded: RecordedResources;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly node: NodeConfig;
  readonly routeDiscovery: RouteDiscovery;
  readonly accessLogs: AccessLogFiles;
  readonly overload: LoopOverload;
  readonly workerIndex: number;
  readonly sockets?: ListenSockets;
  /** TLS of listeners. */
  readonly tls: DownstreamTlsFactory;
  /** What goes to servers, from when the proxy serves on. */
  readonly reports = new ProxyReports(this);
  /** How gRPC services are reached. */
  readonly channels: GrpcChannels;
  healthCheckFailed = false;
  isLive = false;
  private readonly tracers: Tracers;
  private readonly resources: ResourceSets;
  private readonly view: DataPlaneView;
  private readonly filterDiscovery: FilterDiscovery;
  private readonly clusterDiscoveries: ClusterDiscoveries;
  private readonly runtimeDiscovery: RuntimeDiscovery;
  private readonly drainState: DrainState;
  private readonly loopDelay = new LoopDelay();
  private readonly loads: LoadCounter;
  /** The way to the servers that this thread calls. */
  private readonly called: MainClusters | ClusterManager;
  private staticListeners: readonly DecodedListener[] = [];
  private staticClusters: readonly DecodedCluster[] = [];

  private constructor(bootstrap: Bootstrap, config: BootstrapConfig, world: ProxyWorld) {
    const { runtime, options, store = new StatsStore(), workerIndex = 0, sockets, tallies = localTallies() } = world;
    this.runtime = runtime;
    this.options = options;
    this.bootstrap = bootstrap;
    this.config = config;
    this.node = config.node;
    this.store = store;
    this.stats = store.root;
    this.workerIndex = workerIndex;
    if (sockets !== undefined) this.sockets = sockets;
    // Asked when a stream begins, when the clusters are there.
    this.channels = world.channels ?? ((service) => grpcChannels(this.called, runtime)(service));
    this.flags = new RuntimeLayers(config.layers);
    this.overload = new LoopOverload(config.overload, {
      random: runtime.random,
      stats: this.stats,
      connections: tallies('downstream_connections'),
    });
    this.subscriptions = world.subscriptions?.(config) ?? this.createSubscriptions();
    this.recorded = new RecordedResources(this.subscriptions, runtime.clock);
    const certificates = tlsWorld(config, this.recorded, world);
    this.tls = new DownstreamTlsFactory(certificates);
    this.drainState = new DrainState(runtime.clock, runtime.random);
    const clusterOptions: ClusterManagerOptions = {
      runtime,
      flags: this.flags,
      stats: this.stats,
      tls: certificates,
      subscriptions: this.subscriptions,
      internalListeners: { connect: (name) => this.listeners.connect(name) },
      sourceAddresses: config.sourceAddresses,
      dnsServers: config.dnsServers,
      ...(world.tallies === undefined ? {} : { tallies: world.tallies }),
      ...(world.resolvers === undefined ? {} : { resolvers: world.resolvers }),
    };
    this.clusters = new ClusterManager(clusterOptions);
    this.called = world.carries === false ? new MainClusters(() => this.staticClusters, clusterOptions) : this.clusters;
    this.loads = new LoadCounter(runtime.clock, () => reportedClusters(this.clusters));
    this.routeDiscovery = new RouteDiscovery(runtime, this.subscriptions);
    this.filterDiscovery = new FilterDiscovery(this.recorded, this.stats);
    this.clusterDiscoveries = new ClusterDiscoveries(this);
    this.runtimeDiscovery = new RuntimeDiscovery(this.flags);
    this.accessLogs = this.createAccessLogs();
    this.tracers = new Tracers(this);
    this.listeners = new ListenerManager(
      this,
      networkFilters(this.accessLogs, this.tracers, this.tls),
      options.drainTimeS * 1000,
      options.drainStrategy,
    );
    this.resources = new ResourceSets(this);
    this.view = new DataPlaneView(this);
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
    server.resources.checkRoutes(listeners, server.staticListeners, { clusters, cx: place });
    return cx.faults.length > 0 ? undefined : server;
  }

  /** Who this proxy is, for those that it asks and tells. */
  get identity(): NodeIdentity {
    const { id, cluster, metadata, region, zone, subZone } = this.config.node;
    return { id, cluster, locality: { region, zone, subZone }, metadata, version: weftVersion() };
  }

  private createAccessLogs(): AccessLogFiles {
    const { runtime, flags, stats, channels, options } = this;
    const node = nodeFields(this.identity);
    return new AccessLogFiles(runtime, flags, { stats, flushIntervalMs: options.fileFlushIntervalMs, channels, node });
  }

  private createSubscriptions(): Subscriptions {
    const { runtime, stats } = this;
    return new Subscriptions({
      node: this.identity,
      ads: this.config.ads,
      channels: this.channels,
      http: { post: (...call) => new ClusterFetch(this.called, runtime.timers).post(...call) },
      ...(this.config.authorities === undefined ? {} : { authorities: this.config.authorities }),
      runtime,
      stats,
    });
  }

  get nodeJson(): unknown {
    const { node } = this.bootstrap;
    return {
      ...(node === undefined ? {} : (configToJson(node) as object)),
      id: this.node.id,
      cluster: this.node.cluster,
    };
  }

  /** Responses also close their connections while the health check fails, as in Envoy. */
  get draining(): boolean {
    return this.healthCheckFailed || this.drainState.closes;
  }

  get commandTracer(): CommandTracer | undefined {
    return this.tracers.commandTracer;
  }

  routes(name: string, source: ConfigSource, stats: StatsScope): RouteProvider {
    return this.routeDiscovery.subscribe(name, source, stats);
  }

  growingRoutes(...[routes, stats]: Parameters<NonNullable<ServerContext['growingRoutes']>>): RouteProvider {
    return new InlineRoutes(routes, { subscriptions: this.subscriptions, stats });
  }

  grpcChannel(service: GrpcService): GrpcChannel {
    return this.channels(service);
  }

  filters(wanted: WantedFilter): FilterProvider {
    return this.filterDiscovery.subscribe(wanted);
  }

  clusterDiscovery(from: ClusterDiscoverySource): ClusterDiscovery {
    return this.clusterDiscoveries.from(from);
  }

  // ---- DataPlane ----

  async start(): Promise<void> {
    if (this.config.overload.monitors.some(({ kind }) => kind === 'loop')) this.loopDelay.start();
    this.clusters.addStatic(this.staticClusters);
    await this.runtimeDiscovery.start(this.config.layers, this.subscriptions, this.stats);
    await this.resources.startClusters(this.config.cds);
    await this.clusters.initialized();
    await this.listeners.addStatic(this.staticListeners);
    await this.resources.startListeners(this.config.lds);
    this.isLive = true;
    this.reports.startHealthDiscovery();
    if (this.options.concurrency === 1) this.reports.startLoads(this);
    if (this.options.concurrency > 1 && this.workerIndex === 0) this.warnOfBalance();
  }

  /** The layers of the runtime as they are here, for /runtime, where workers have theirs: counted there. */
  startRuntime(): void {
    void this.runtimeDiscovery.start(this.config.layers, this.subscriptions, createNullScope());
  }

  private warnOfBalance(): void {
    for (const { listener } of this.listeners.all)
      if (listener.config.exactBalance)
        this.runtime.loggers
          .get('config')
          .warning(
            `Listener ${listener.config.name}: connection_balance_config.exact_balance has no effect. Node cannot pass a ` +
              'connection to another thread; the kernel spreads new ones over the workers.',
          );
  }

  refresh(): DataPlaneFacts {
    return this.view.refresh(this.loopDelay.take());
  }

  clusterStatus(): readonly ClusterStatus[] {
    return this.clusters.status();
  }

  listenerStatus(): readonly ListenerStatus[] {
    return this.view.listeners;
  }

  certificates(): readonly CertificateStatus[] {
    return this.view.certificates;
  }

  /** What is known here of what its subscriptions brought. */
  get discovered(): Discovered {
    return this.view.discovered;
  }

  /** The clusters that this thread calls beside its workers. */
  get calledStatus(): readonly ClusterStatus[] {
    return this.called === this.clusters ? [] : this.called.status();
  }

  configDump(options: ConfigDumpOptions): readonly ConfigDumpSection[] {
    return this.view.configDump(options);
  }

  beginLoads(wish: LoadWish): void {
    this.loads.beginLoads(wish);
  }

  takeLoads(): readonly ClusterLoad[] {
    return this.loads.takeLoads();
  }

  unreadyTargets(): readonly UnreadyTargets[] {
    return this.view.unreadyTargets;
  }

  modifyRuntime(values: ReadonlyMap<string, string>): string | undefined {
    return this.flags.modify(values);
  }

  setLevels(levels: ReadonlyMap<string, LogLevel>): void {
    for (const [name, level] of levels) this.runtime.loggers.get(name).level = level;
  }

  reopenLogs(): void {
    this.accessLogs.reopen();
  }

  setHealthcheckFailing(failing: boolean): void {
    this.healthCheckFailed = failing;
  }

  setOverload(reading: OverloadReading): void {
    this.overload.apply(reading);
  }

  drain(order: DrainOrder): void {
    if (order.inboundOnly) this.listeners.drainInbound();
    else this.drainState.begin(order);
  }

  stopListeners({ inboundOnly, keepIdle }: { inboundOnly: boolean; keepIdle: boolean }): Promise<void> {
    return this.listeners.stopAll(inboundOnly, keepIdle);
  }

  drained(): Promise<void> {
    return this.listeners.drained();
  }

  async stop(): Promise<void> {
    this.tracers.flush();
    this.reports.close();
    this.loopDelay.stop();
    this.resources.close();
    this.routeDiscovery.close();
    this.filterDiscovery.close();
    this.clusterDiscoveries.close();
    this.runtimeDiscovery.close();
    this.subscriptions.close();
    this.listeners.destroyConnections();
    await this.listeners.stopAll(false);
    this.tracers.close();
    this.clusters.close();
    if (this.called !== this.clusters) this.called.close();
    await this.accessLogs.close();
  }
}
