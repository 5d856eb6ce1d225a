import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster as ClusterProto } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { Logger, Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import { createNullScope, type StatsScope, type Tallies } from '@weft/core-stats';
import {
  clusterFingerprint,
  decodeCluster,
  supported,
  type ClusterConfig,
  type DnsServers,
  type SourceAddress,
} from '@weft/model-cluster';
import type { CertificateStatus, ClusterStatus } from '@weft/observe-admin';
import type { Cluster, ClusterManager as Clusters, InternalListeners } from '@weft/proxy-filter-api';
import { ClusterManagerStats } from './cluster-manager-stats.ts';
import { clusterStatus } from './cluster-status.ts';
import type { Discovery, DiscoveryOwner } from './discovery.ts';
import type { DnsResolver } from './dns-resolver.ts';
import type { DnsResolverChoice } from './dns-relay.ts';
import { DnsResolvers } from './dns-resolvers.ts';
import { EndpointDiscovery } from './endpoint-discovery.ts';
import { socketsOf } from './host-sockets.ts';
import { LogicalDns } from './logical-dns.ts';
import { OriginalDst } from './original-dst.ts';
import { StaticHosts } from './static-hosts.ts';
import { StrictDns } from './strict-dns.ts';
import { certificateStatus, type TlsWorld } from '@weft/proxy-transport-sockets';
import { FileSubscriptions, type SubscriptionFactory } from '@weft/xds-client';
import { upstreamTlsFault } from './tls-contexts.ts';
import { UpstreamCluster, type ClusterWorld } from './upstream-cluster.ts';

export interface ClusterManagerOptions {
  readonly runtime: Runtime;
  readonly flags: RuntimeSnapshot;
  /** The root of all stat names. */
  readonly stats: StatsScope;
  /** What all workers of the process count together. Absent: there is one. */
  readonly tallies?: Tallies;
  /** Resolves all names, whatever clusters ask for. Default: the machine's own resolver, or the servers that clusters name. */
  readonly resolver?: DnsResolver;
  /** Gives the resolvers, in the place of those of this thread. */
  readonly resolvers?: DnsResolverChoice;
  /** Where certificates come from beyond files. Default: from nowhere. */
  readonly tls?: TlsWorld;
  /** Where endpoints and secrets of discovery come from. Default: from files only. */
  readonly subscriptions?: SubscriptionFactory;
  /** Where clusters reach listeners of this process (EnvoyInternalAddress). Default: nowhere. */
  readonly internalListeners?: InternalListeners;
  /** Who resolves the names of clusters that name no servers. Default: this machine. */
  readonly dnsServers?: DnsServers | undefined;
  /** Where connections come from unless a cluster says so (upstream_bind_config). Default: the system chooses. */
  readonly sourceAddresses?: readonly SourceAddress[];
}

/** A cluster that was decoded without fault, ready to be put to work. */
export interface DecodedCluster {
  /** Its own, where it has one: that of the whole response does not tell when it changed. */
  readonly version?: string;
  readonly config: ClusterConfig;
  readonly message: ClusterProto;
}

/** What one CDS update changes. */
export interface DiscoveredClusters {
  readonly added: readonly DecodedCluster[];
  readonly removed: readonly string[];
  readonly version: string;
}

/** A cluster at work, or on its way there, with where it comes from. */
export interface ManagedCluster {
  readonly cluster: UpstreamCluster;
  readonly message: ClusterProto;
  /** The version of the CDS response; undefined for static ones. */
  readonly version: string | undefined;
  readonly updatedMs: number;
}

/** A cluster that no request can find: health checks go through it. */
export interface DetachedCluster {
  readonly cluster: UpstreamCluster;
  close(): void;
}

/** warming -> active -> gone; static clusters are active at once. */
class Entry implements ManagedCluster, DiscoveryOwner {
  readonly cluster: UpstreamCluster;
  readonly message: ClusterProto;
  readonly fingerprint: string;
  readonly updatedMs: number;
  version: string | undefined;
  initialized = false;
  private closed = false;
  discovery: Discovery | undefined;
  private readonly onReady: (entry: Entry) => void;

  constructor(decoded: DecodedCluster, manager: { world: ClusterWorld; onReady: (entry: Entry) => void }) {
    this.message = decoded.message;
    this.fingerprint = clusterFingerprint(decoded.config);
    this.updatedMs = manager.world.runtime.clock.wallMs();
    this.cluster = new UpstreamCluster(decoded.config, manager.world);
    this.onReady = manager.onReady;
  }

  onInitialized(): void {
    const secrets = this.cluster.pendingSecrets;
    if (secrets === undefined) this.ready();
    // Without its certificates every connection would fail: the one before it serves meanwhile.
    else void secrets.then(() => this.ready());
  }

  private ready(): void {
    if (this.closed) return;
    this.initialized = true;
    this.onReady(this);
  }

  close(): void {
    this.closed = true;
    this.discovery?.close();
    this.cluster.drain();
  }
}

/**
 * The clusters of a proxy: those of the bootstrap and those of CDS. A changed cluster is a new one beside the old: the old
 * one serves until the new one knows its hosts, then finishes what it has under way.
 */
export class ClusterManager implements Clusters {
  static readonly supported: FieldSupport = supported;
  private readonly world: ClusterWorld;
  private readonly subscriptions: SubscriptionFactory;
  private readonly resolvers: DnsResolverChoice;
  private readonly stats: ClusterManagerStats;
  private readonly logger: Logger;
  private readonly active = new Map<string, Entry>();
  private readonly warmingEntries = new Map<string, Entry>();
  private waiters: (() => void)[] = [];
  private addedListener: (name: string) => void = () => undefined;

  constructor(options: ClusterManagerOptions) {
    const { runtime, flags, stats, tallies, resolver, tls, internalListeners, sourceAddresses } = options;
    this.stats = new ClusterManagerStats(stats.scope('cluster_manager.'));
    this.subscriptions = options.subscriptions ?? new FileSubscriptions(runtime);
    this.world = {
      runtime,
      flags,
      stats,
      tls: tls ?? { environment: {}, staticSecret: () => undefined },
      ...(tallies === undefined ? {} : { tallies }),
      internalListeners,
      sourceAddresses,
      clusterUpdated: this.stats.clusterUpdated,
    };
    this.resolvers = options.resolvers ?? new DnsResolvers(stats, { usual: options.dnsServers, only: resolver });
    this.logger = runtime.loggers.get('upstream');
  }

  get(name: string): Cluster | undefined {
    return this.active.get(name)?.cluster;
  }

  /** Epoch milliseconds at which the first certificate expires; undefined without certificates. */
  get firstCertExpiryMs(): number | undefined {
    const times = this.all.flatMap(({ cluster }) => cluster.tls?.expiryMs ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Decodes one cluster; faults go to `cx`. Files are read, nothing else is opened or changed. */
  decode(message: ClusterProto, cx: DecodeContext): DecodedCluster | undefined {
    const config = decodeCluster(message, cx);
    if (config === undefined) return undefined;
    const faults = socketsOf(config).map(({ tls }) => upstreamTlsFault(tls, this.world.tls));
    const fault = faults.find((found) => found !== undefined);
    if (fault === undefined) return { config, message };
    const place = cx.at('transport_socket');
    const plain = isTls(message) && fault === faults[0] && fault.at.length > 0;
    (plain ? place.at('typed_config', 'common_tls_context', ...fault.at) : place).error(
      `its certificates cannot be used: ${fault.message}`,
    );
    return undefined;
  }

  /** A cluster with the hosts of its own load assignment, beside all others, which counts for nobody. Faults go to `cx`. */
  detached(message: ClusterProto, cx: DecodeContext): DetachedCluster | undefined {
    const decoded = this.decode(message, cx);
    if (decoded === undefined) return undefined;
    const cluster = new UpstreamCluster(decoded.config, { ...this.world, stats: createNullScope() });
    new StaticHosts(cluster, { onInitialized: () => undefined }).start();
    return { cluster, close: () => cluster.drain() };
  }

  /** Adds the bootstrap's clusters. They can be asked for at once; `initialized` waits until their hosts are known. */
  addStatic(decoded: readonly DecodedCluster[]): void {
    for (const cluster of decoded) {
      const entry = new Entry(cluster, { world: this.world, onReady: (ready) => this.onReady(ready) });
      this.active.set(cluster.config.name, entry);
      this.stats.clusterAdded.inc();
      this.begin(entry);
    }
    this.count();
  }

  /**
   * Takes in what CDS changed. Static clusters stay, also against a CDS cluster of their name. A cluster that is the same as
   * before is not touched. Additions come first and removals last, so that no route is without its cluster.
   */
  applyDiscovered({ added, removed, version }: DiscoveredClusters): void {
    for (const cluster of added) this.put(cluster, cluster.version ?? version);
    for (const name of removed) {
      const warming = this.warmingEntries.get(name);
      this.warmingEntries.delete(name);
      warming?.close();
      const entry = this.active.get(name);
      if (entry?.version !== undefined) this.remove(name, entry);
    }
    this.count();
    this.wake();
  }

  /** Resolves when every cluster that the proxy is to wait for knows its first hosts, or that it has none. */
  initialized(): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.push(resolve);
      this.wake();
    });
  }

  /** From now on `listener` hears of each cluster of CDS that requests can use: after it is warm, new or changed. */
  onAdded(listener: (name: string) => void): void {
    this.addedListener = listener;
  }

  /** The clusters that are asked for by requests, in the order they came. */
  get all(): readonly ManagedCluster[] {
    return [...this.active.values()];
  }

  /** Clusters from CDS whose hosts are not known yet, for /config_dump. */
  get allWarming(): readonly ManagedCluster[] {
    return [...this.warmingEntries.values()];
  }

  /** The names of clusters whose hosts are not known yet. */
  get warming(): readonly string[] {
    return this.uninitialized().map((entry) => entry.cluster.name);
  }

  /** For /clusters. */
  status(): readonly ClusterStatus[] {
    return this.all.map(({ cluster, version }) => clusterStatus(cluster, version !== undefined));
  }

  /** For /certs. */
  certificates(): readonly CertificateStatus[] {
    return this.all.flatMap(({ cluster }) => certificateStatus(cluster.tls?.resolved, this.world.runtime.clock) ?? []);
  }

  /** Brings up to date the gauges that are not kept at each event. Called before stats are read. */
  refreshStats(): void {
    for (const { cluster } of this.active.values()) cluster.refreshStats();
  }

  /** Stops looking for hosts, and closes idle connections; requests under way finish. */
  close(): void {
    for (const entry of [...this.active.values(), ...this.warmingEntries.values()]) entry.close();
    this.active.clear();
    this.warmingEntries.clear();
    this.count();
    this.wake();
  }

  private put(decoded: DecodedCluster, version: string): void {
    const { name } = decoded.config;
    const old = this.active.get(name);
    if (old !== undefined && old.version === undefined) return;
    const fingerprint = clusterFingerprint(decoded.config);
    const warming = this.warmingEntries.get(name);
    const newest = warming ?? old;
    if (newest?.fingerprint === fingerprint) {
      newest.version = version;
      return;
    }
    warming?.close();
    this.warmingEntries.delete(name);
    if (old?.fingerprint === fingerprint) {
      old.version = version;
      return;
    }
    const entry = new Entry(decoded, { world: this.world, onReady: (ready) => this.onReady(ready) });
    entry.version = version;
    (old === undefined ? this.stats.clusterAdded : this.stats.clusterModified).inc();
    this.warmingEntries.set(name, entry);
    entry.cluster.requestStats.warmingState.set(1);
    this.begin(entry);
  }

  private begin(entry: Entry): void {
    entry.discovery = this.discoveryOf(entry);
    entry.discovery.start();
  }

  private discoveryOf(entry: Entry): Discovery {
    const { cluster } = entry;
    const { runtime, stats } = this.world;
    const { discovery } = cluster.config;
    switch (discovery.kind) {
      case 'STATIC':
        return new StaticHosts(cluster, entry);
      case 'EDS':
        return new EndpointDiscovery(cluster, { subscriptions: this.subscriptions, stats }, entry);
      case 'ORIGINAL_DST':
        return new OriginalDst(cluster, runtime, entry);
      case 'STRICT_DNS':
      case 'LOGICAL_DNS': {
        const resolver = this.resolvers.for(discovery.dns);
        const Kind = discovery.kind === 'STRICT_DNS' ? StrictDns : LogicalDns;
        return new Kind(cluster, { runtime, resolver }, entry);
      }
    }
  }

  /** A cluster knows its hosts: from now on it is the one that requests get. */
  private onReady(entry: Entry): void {
    const { name } = entry.cluster;
    const isWarm = this.warmingEntries.get(name) === entry;
    if (isWarm) {
      this.warmingEntries.delete(name);
      const old = this.active.get(name);
      this.active.set(name, entry);
      entry.cluster.requestStats.warmingState.set(0);
      old?.close();
      entry.cluster.showMembership();
      this.logger.info(`Cluster ${name} ${old === undefined ? 'is added' : 'has a new configuration'}.`);
    }
    this.count();
    this.wake();
    if (isWarm) this.addedListener(name);
  }

  private remove(name: string, entry: Entry): void {
    this.active.delete(name);
    this.stats.clusterRemoved.inc();
    entry.close();
    entry.cluster.showMembership([]);
    this.logger.info(`Cluster ${name} is gone from the configuration; its requests under way finish.`);
  }

  private uninitialized(): Entry[] {
    return [...this.active.values(), ...this.warmingEntries.values()].filter((entry) => !entry.initialized);
  }

  private awaitsAny(entries: ReadonlyMap<string, Entry>): boolean {
    for (const { initialized, cluster } of entries.values())
      if (!initialized && cluster.config.waitForWarmOnInit) return true;
    return false;
  }

  private wake(): void {
    if (this.waiters.length === 0 || this.awaitsAny(this.warmingEntries) || this.awaitsAny(this.active)) return;
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }

  private count(): void {
    this.stats.activeClusters.set(this.active.size);
    this.stats.warmingClusters.set(this.warmingEntries.size);
  }
}

/** True where the socket is TLS itself, and not one that wraps it. */
function isTls({ transportSocket }: ClusterProto): boolean {
  return transportSocket?.configType.value?.typeUrl.endsWith('.UpstreamTlsContext') ?? false;
}
