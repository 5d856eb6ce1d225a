import type { Metadata } from '@weft/core-http';
import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { Counter, StatsScope, Tallies } from '@weft/core-stats';
import {
  clusterFingerprint,
  DEFAULT_ASSIGNMENT_POLICY,
  endpointAddressText,
  healthClass,
  type AssignmentPolicy,
  type ClusterConfig,
  type EndpointAddress,
  type EndpointMetadata,
  type HappyEyeballs,
  type LoadAssignment,
  type SourceAddress,
} from '@weft/model-cluster';
import type { RoutePriority } from '@weft/model-route';
import type {
  Cluster,
  Host,
  HttpPoolCallbacks,
  InternalListeners,
  LoadBalancerContext,
  PoolHandle,
  RetryBreaker,
  TcpPoolCallbacks,
} from '@weft/proxy-filter-api';
import { addressOrder } from './address-order.ts';
import { codecSettings } from './client-codecs.ts';
import { ClusterStats } from './cluster-stats.ts';
import { HttpPool, type HttpPoolOwner } from './http-pool.ts';
import { HostSockets, socketsOf } from './host-sockets.ts';
import { OverloadDrops } from './overload-drops.ts';
import { UpstreamHost, type HostOptions, type SocketEndpoint } from './host.ts';
import { createPicker, type Picker } from './load-balancer.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolKind } from './pool-kind.ts';
import { PoolKinds } from './pool-kinds.ts';
import { ResourceLimits } from './resource-limits.ts';
import { TcpConnection } from './tcp-connection.ts';
import type { BufferedBytes } from './upstream-connection.ts';
import type { TlsWorld } from '@weft/proxy-transport-sockets';
import type { UpstreamTlsContexts } from './tls-contexts.ts';

/** What a cluster needs of the world. */
export interface ClusterWorld {
  readonly runtime: Runtime;
  readonly flags: RuntimeSnapshot;
  /** The root of all stat names. */
  readonly stats: StatsScope;
  /** Where certificates come from beyond files. */
  readonly tls: TlsWorld;
  /** What all workers of the process count together. Absent: there is one. */
  readonly tallies?: Tallies;
  /** Where connections come from unless a cluster says so. Absent: the system chooses. */
  readonly sourceAddresses?: readonly SourceAddress[] | undefined;
  /** Where clusters reach listeners of this process. Absent: there are none. */
  readonly internalListeners?: InternalListeners | undefined;
  /** Counts changes of hosts after the first ones. */
  readonly clusterUpdated: Counter;
}

/** Tells the host of each request by itself: clusters whose hosts are not picked among a set. */
export interface HostProvider {
  pick(cx: LoadBalancerContext): UpstreamHost | undefined;
}

const NO_LABELS: EndpointMetadata = {};
const NEVER = { numerator: 0, denominator: 100 } as const;

/**
 * One cluster: its hosts, the picker among them, their pools. Its configuration never changes; its hosts do, and then the
 * picker is made anew while hosts that stay keep their connections.
 *
 *   serving -> drained (replaced or removed: what is under way finishes)
 */
export class UpstreamCluster implements Cluster, HttpPoolOwner {
  readonly config: ClusterConfig;
  readonly name: string;
  readonly altStatName: string;
  readonly metadata: Metadata;
  readonly requestStats: ClusterStats;
  readonly stats: StatsScope;
  private readonly world: ClusterWorld;
  private readonly sockets: HostSockets;
  private readonly cx: PoolContext;
  private readonly kinds: PoolKinds;
  private readonly maintenanceKey: string;
  private hostList: readonly UpstreamHost[] = [];
  /** Of its endpoints. */
  policy = DEFAULT_ASSIGNMENT_POLICY;
  readonly overloadDrops: OverloadDrops;
  /** Set by the cluster's discovery where it has one. */
  hostProvider: HostProvider | undefined;
  private picker: Picker = { pick: () => undefined };
  /** Replaced or removed. */
  private drained = false;

  constructor(config: ClusterConfig, world: ClusterWorld) {
    this.config = config;
    this.name = config.name;
    this.altStatName = config.altStatName;
    this.metadata = config.metadata;
    this.world = world;
    this.kinds = new PoolKinds(config);
    this.overloadDrops = new OverloadDrops(world.flags, world.runtime.random);
    this.maintenanceKey = `upstream.maintenance_mode.${config.name}`;
    const scope = world.stats.scope(`cluster.${config.altStatName}.`);
    this.stats = scope;
    const secured = socketsOf(config).some(({ tls }) => tls !== undefined);
    const stats = new ClusterStats(scope, secured ? { tellsExpiry: (world.tls.workerIndex ?? 0) === 0 } : undefined);
    this.requestStats = stats;
    this.sockets = new HostSockets(config, world, { scope, ssl: stats.ssl });
    const breakers = scope.scope('circuit_breakers.');
    const tallies = (priority: RoutePriority): Tallies | undefined => {
      const { tallies: shared } = world;
      // A new version of a cluster counts anew, also while the old one finishes what it has.
      const version = shared === undefined ? '' : `${config.name} ${clusterFingerprint(config)} ${priority}`;
      return shared && ((kind) => shared(`${version} ${kind}`));
    };
    this.cx = {
      config,
      stats,
      limits: {
        default: new ResourceLimits(config.circuitBreakers.default, breakers.scope('default.'), tallies('default')),
        high: new ResourceLimits(config.circuitBreakers.high, breakers.scope('high.'), tallies('high')),
      },
      clock: world.runtime.clock,
      timers: world.runtime.timers,
      random: world.runtime.random,
      logger: world.runtime.loggers.get('upstream'),
      demand: { room: 0 },
      internalListeners: world.internalListeners,
      sourceAddresses: world.sourceAddresses ?? [],
      codecs: codecSettings(config, world.runtime, scope),
    };
  }

  /** Resolves when its TLS secrets have come, or came too late to be waited for. Undefined: none is waited for. */
  get pendingSecrets(): Promise<unknown> | undefined {
    return this.sockets.pending;
  }

  /** TLS of hosts without special labels. */
  get tls(): UpstreamTlsContexts | undefined {
    return this.sockets.usual.tls;
  }

  get hosts(): readonly UpstreamHost[] {
    return this.hostList;
  }

  get maxStreamDurationMs(): number {
    return this.config.http.maxStreamDurationMs;
  }
  get maintenanceMode(): boolean {
    const { flags, runtime } = this.world;
    if (flags.get(this.maintenanceKey) === undefined) return false;
    return flags.enabled(this.maintenanceKey, NEVER, runtime.random.below(2 ** 32));
  }

  decideDrop(): 'all' | 'this' | undefined {
    const { dropOverload } = this.policy;
    return dropOverload === undefined ? undefined : this.overloadDrops.judge(dropOverload);
  }

  pick(cx: LoadBalancerContext): Host | undefined {
    if (this.hostProvider !== undefined) return this.hostProvider.pick(cx);
    let host = this.picker.pick();
    for (let i = 0; i < cx.hostSelectionRetries && host !== undefined && cx.shouldSelectAnotherHost(host); i += 1)
      host = this.picker.pick();
    return host;
  }

  retryBreaker(priority: RoutePriority): RetryBreaker {
    return this.cx.limits[priority].retries;
  }

  newStream(
    host: Host,
    priority: RoutePriority,
    owner: HttpPoolCallbacks,
    cx?: LoadBalancerContext,
  ): PoolHandle | undefined {
    const upstreamHost = host as UpstreamHost;
    const { fixed } = this.kinds;
    const pool =
      (fixed === undefined ? undefined : upstreamHost.pools[priority]) ??
      this.poolOf(upstreamHost, priority, this.kinds.of(upstreamHost, cx));
    if (pool === undefined) {
      this.cx.stats.upstreamCxPoolOverflow.inc();
      owner.onPoolFailure({ reason: 'overflow', details: '', host });
      return undefined;
    }
    if (this.config.preconnect.predictiveRatio > 1) this.preconnect(priority, cx);
    return pool.newStream(owner);
  }

  newConnection(
    host: Host,
    priority: RoutePriority,
    owner: TcpPoolCallbacks,
    cx?: LoadBalancerContext,
  ): PoolHandle | undefined {
    const { connections, pendingRequests, maxConnectionsPerHost } = this.cx.limits[priority];
    const upstreamHost = host as UpstreamHost;
    const mayConnect = connections.canCreate && upstreamHost.stats.cxActive < maxConnectionsPerHost;
    if (!mayConnect || !pendingRequests.canCreate) {
      const { upstreamCxOverflow, upstreamRqPendingOverflow } = this.cx.stats;
      (mayConnect ? upstreamRqPendingOverflow : upstreamCxOverflow).inc();
      owner.onPoolFailure({ reason: 'overflow', details: '', host });
      return undefined;
    }
    return new TcpConnection(this.cx, upstreamHost, { priority, kind: this.kinds.ofBytes(upstreamHost, cx), owner });
  }

  /** A pool for one kind of request has nothing any more: the kind may never come again. */
  onPoolEmpty(pool: HttpPool): void {
    const { host, priority, kind } = pool;
    const key = poolKey(priority, kind);
    if (host.otherPools.get(key) !== pool) return;
    host.otherPools.delete(key);
    if (!host.removed) this.cx.limits[priority].connectionPools.dec();
  }

  /**
   * Makes the cluster's hosts be exactly these, each address once. Hosts that stay are told by address, name and locality.
   * False: nothing changed.
   */
  setHosts(wanted: readonly HostOptions[], policy: AssignmentPolicy = DEFAULT_ASSIGNMENT_POLICY): boolean {
    const staying = new Map(this.hostList.map((host) => [endpointAddressText(host.endpoint), host]));
    const next = new Map<string, UpstreamHost>();
    const { overprovisioningFactor } = policy;
    let changed = overprovisioningFactor !== this.policy.overprovisioningFactor;
    let members = false;
    this.policy = policy;
    for (const options of wanted) {
      const key = endpointAddressText(options.endpoint);
      if (next.has(key)) continue;
      const known = staying.get(key);
      if (known === undefined || !isSameHost(known, options)) {
        members = true;
        next.set(key, new UpstreamHost(options, this.sockets.for(options.metadata ?? NO_LABELS)));
        continue;
      }
      changed = updateHost(known, options) || changed;
      staying.delete(key);
      next.set(key, known);
    }
    members ||= staying.size > 0;
    if (!changed && !members) return false;
    if (this.hostList.length > 0) this.world.clusterUpdated.inc();
    this.hostList = [...next.values()];
    this.picker = createPicker(this.hostList, {
      config: this.config,
      overprovisioningFactor,
      random: this.world.runtime.random,
      healthyPanic: this.requestStats.lbHealthyPanic,
    });
    // Only once nothing picks them any more.
    for (const host of staying.values()) this.releaseHost(host);
    if (members) this.requestStats.membershipChange.inc();
    if (members && this.config.closeConnectionsOnHostSetChange)
      for (const host of this.hostList) for (const pool of host.allPools()) pool.renew();
    this.showMembership();
    return true;
  }

  /** Sets the membership gauges: those of the cluster that serves under the name, or 0 once it is gone. */
  showMembership(hosts: readonly UpstreamHost[] = this.hostList): void {
    const stats = this.requestStats;
    const classes = hosts.map((host) => healthClass(host.healthStatus));
    stats.membershipTotal.set(classes.length);
    stats.membershipHealthy.set(classes.filter((kind) => kind === 'healthy').length);
    stats.membershipDegraded.set(classes.filter((kind) => kind === 'degraded').length);
    stats.maxHostWeight.set(hosts.reduce((max, host) => Math.max(max, host.weight), 0));
  }

  /** Sums up what it would cost to keep at every write: the gauge of bytes that wait, and what long streams sent so far. */
  refreshStats(): void {
    const sums: BufferedBytes = { sent: 0, read: 0 };
    for (const host of this.hostList) for (const pool of host.allPools()) pool.refreshStats(sums);
    this.requestStats.upstreamCxTxBytesBuffered.set(sums.sent);
    this.requestStats.upstreamCxRxBytesBuffered.set(sums.read);
    this.cx.limits.default.refresh();
    this.cx.limits.high.refresh();
  }

  /** The cluster was replaced or removed: idle connections close, requests under way finish. */
  drain(): void {
    if (this.drained) return;
    this.drained = true;
    this.sockets.close();
    for (const host of this.hostList) this.releaseHost(host);
  }

  private poolOf(host: UpstreamHost, priority: RoutePriority, kind: PoolKind): HttpPool | undefined {
    const key = poolKey(priority, kind);
    const known = host.otherPools.get(key);
    if (known !== undefined) return known;
    const { connectionPools } = this.cx.limits[priority];
    const pool = new HttpPool(this.cx, host, { priority, kind, owner: this });
    if (host.removed) {
      // Picked just before it left: its connection ends with this request, and no limit waits for that.
      pool.drain();
    } else {
      if (!connectionPools.canCreate) dropIdlePool(host, priority);
      if (!connectionPools.canCreate) return undefined;
      connectionPools.inc();
    }
    if (this.kinds.fixed === undefined) host.otherPools.set(key, pool);
    else host.pools[priority] = pool;
    return pool;
  }

  private releaseHost(host: UpstreamHost): void {
    for (const { priority } of host.allPools()) this.cx.limits[priority].connectionPools.dec();
    host.drain();
  }

  /** Connects in advance to the hosts that will be picked next. Source: Cluster.PreconnectPolicy. */
  private preconnect(priority: RoutePriority, cx: LoadBalancerContext | undefined): void {
    const { predictiveRatio } = this.config.preconnect;
    const { limits, demand } = this.cx;
    const { pendingRequests, requests } = limits[priority];
    for (let i = 0; i < MAX_PRECONNECTS; i += 1) {
      const underWay = pendingRequests.current + requests.current;
      if (demand.room + requests.current > (underWay + 1) * predictiveRatio) return;
      const host = this.picker.peek?.();
      const pool = host && (host.pools[priority] ?? this.poolOf(host, priority, this.kinds.of(host, cx)));
      if (pool?.preconnect(predictiveRatio) !== true) return;
    }
  }
}

/** How many connections one request may cause in advance. Source: Envoy's ClusterManagerImpl::maybePreconnect. */
const MAX_PRECONNECTS = 3;

function poolKey(priority: RoutePriority, kind: PoolKind): string {
  return `${priority} ${kind.key}`;
}

/** Makes room for another pool of a host, as Envoy does, where one of them has only idle connections. */
function dropIdlePool(host: UpstreamHost, priority: RoutePriority): void {
  for (const pool of host.otherPools.values())
    if (pool.priority === priority && pool.idle) {
      pool.drain();
      pool.owner.onPoolEmpty(pool);
      return;
    }
}

/** The hosts that an assignment of IP addresses names. */
export function hostsOf(assignment: LoadAssignment, happyEyeballs: HappyEyeballs): HostOptions[] {
  return assignment.localities.flatMap(({ locality, priority, endpoints }) =>
    endpoints.map(({ address, additionalAddresses, hostname, weight, healthStatus, metadata }) => ({
      endpoint: address,
      hostname,
      weight,
      healthStatus,
      locality,
      priority,
      alternatives: alternativesOf(address, additionalAddresses, happyEyeballs),
      metadata,
    })),
  );
}

/** The first attempt is the configured address's, whatever its family; its alternatives follow it in turns. */
function alternativesOf(
  address: EndpointAddress,
  additional: readonly EndpointAddress[],
  happyEyeballs: HappyEyeballs,
): SocketEndpoint[] {
  if (address.kind !== 'socket' || additional.length === 0) return [];
  const all = [address, ...additional.filter((entry) => entry.kind === 'socket')];
  return addressOrder(all, happyEyeballs).filter((entry) => entry !== address);
}

/** Name and place are what a host is; only weight, health and priority may change under it. */
function isSameHost(host: UpstreamHost, options: HostOptions): boolean {
  const { region, zone, subZone } = options.locality;
  const { locality, hostname } = host;
  return (
    JSON.stringify(host.metadata) === JSON.stringify(options.metadata ?? NO_LABELS) &&
    hostname === options.hostname &&
    locality.region === region &&
    locality.zone === zone &&
    locality.subZone === subZone
  );
}

function updateHost(host: UpstreamHost, options: HostOptions): boolean {
  const { weight, healthStatus, priority, endpoint, alternatives = [] } = options;
  // Only new connections look at it: nothing changes for the picker.
  host.moveTo(endpoint, alternatives);
  if (host.weight === weight && host.healthStatus === healthStatus && host.priority === priority) return false;
  host.weight = weight;
  host.healthStatus = healthStatus;
  host.priority = priority;
  return true;
}
