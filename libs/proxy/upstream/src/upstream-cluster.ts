import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import { endpointAddressText, healthClass, type ClusterConfig, type LoadAssignment } from '@weft/model-cluster';
import type { RoutePriority } from '@weft/model-route';
import { http1ClientSettings } from '@weft/net-h1';
import type {
  Cluster,
  Host,
  HttpPoolCallbacks,
  LoadBalancerContext,
  PoolHandle,
  RetryBreaker,
  TcpPoolCallbacks,
} from '@weft/proxy-filter-api';
import { ClusterStats } from './cluster-stats.ts';
import { HttpPool } from './http-pool.ts';
import { UpstreamHost, type HostOptions } from './host.ts';
import { createPicker, type Picker } from './load-balancer.ts';
import type { PoolContext } from './pool-context.ts';
import { ResourceLimits } from './resource-limits.ts';
import { TcpConnection } from './tcp-connection.ts';
import { UpstreamTlsContexts, type Environment } from './tls-contexts.ts';

/** What a cluster needs of the world. */
export interface ClusterWorld {
  readonly runtime: Runtime;
  readonly flags: RuntimeSnapshot;
  /** The root of all stat names. */
  readonly stats: StatsScope;
  readonly environment: Environment;
  /** Counts changes of hosts after the first ones. */
  readonly clusterUpdated: Counter;
}

const NEVER = { numerator: 0, denominator: 100 } as const;

/**
 * One cluster: its hosts, the picker among them, their pools. Its configuration never changes; its hosts do, and then the
 * picker is made anew while hosts that stay keep their connections.
 *
 *   serving -> drained (replaced or removed: what is under way finishes)
 */
export class UpstreamCluster implements Cluster {
  readonly config: ClusterConfig;
  readonly name: string;
  readonly altStatName: string;
  readonly requestStats: ClusterStats;
  private readonly world: ClusterWorld;
  readonly tls: UpstreamTlsContexts | undefined;
  private readonly cx: PoolContext;
  private readonly maintenanceKey: string;
  private hostList: readonly UpstreamHost[] = [];
  private picker: Picker = { pick: () => undefined };
  /** Replaced or removed. */
  private drained = false;

  /** Throws where the certificates of the configuration cannot be used; `upstreamTlsFault` asks before. */
  constructor(config: ClusterConfig, world: ClusterWorld) {
    this.config = config;
    this.name = config.name;
    this.altStatName = config.altStatName;
    this.world = world;
    this.maintenanceKey = `upstream.maintenance_mode.${config.name}`;
    const scope = world.stats.scope(`cluster.${config.altStatName}.`);
    const stats = new ClusterStats(scope, config.tls !== undefined);
    this.requestStats = stats;
    this.tls = config.tls && new UpstreamTlsContexts(config.tls, world.environment, stats.ssl);
    const breakers = scope.scope('circuit_breakers.');
    this.cx = {
      config,
      stats,
      limits: {
        default: new ResourceLimits(config.circuitBreakers.default, breakers.scope('default.')),
        high: new ResourceLimits(config.circuitBreakers.high, breakers.scope('high.')),
      },
      clock: world.runtime.clock,
      timers: world.runtime.timers,
      tls: this.tls,
      http1: http1ClientSettings({
        maxResponseHeadersKb: config.http.maxResponseHeadersKb,
        maxHeadersCount: config.http.maxHeadersCount,
        enableTrailers: config.http.enableTrailers,
      }),
    };
  }

  get hosts(): readonly UpstreamHost[] {
    return this.hostList;
  }

  get maintenanceMode(): boolean {
    const { flags, runtime } = this.world;
    if (flags.get(this.maintenanceKey) === undefined) return false;
    return flags.enabled(this.maintenanceKey, NEVER, runtime.random.below(2 ** 32));
  }

  pick(cx: LoadBalancerContext): Host | undefined {
    let host = this.picker.pick();
    for (let i = 0; i < cx.hostSelectionRetries && host !== undefined && cx.shouldSelectAnotherHost(host); i += 1)
      host = this.picker.pick();
    return host;
  }

  retryBreaker(priority: RoutePriority): RetryBreaker {
    return this.cx.limits[priority].retries;
  }

  newStream(host: Host, priority: RoutePriority, owner: HttpPoolCallbacks): PoolHandle | undefined {
    const { pools } = host as UpstreamHost;
    const pool = pools[priority] ?? this.makePool(host as UpstreamHost, priority);
    if (pool !== undefined) return pool.newStream(owner);
    this.cx.stats.upstreamCxPoolOverflow.inc();
    owner.onPoolFailure({ reason: 'overflow', details: '', host });
    return undefined;
  }

  newConnection(host: Host, priority: RoutePriority, owner: TcpPoolCallbacks): PoolHandle | undefined {
    const { connections, pendingRequests } = this.cx.limits[priority];
    if (!connections.canCreate || !pendingRequests.canCreate) {
      const { upstreamCxOverflow, upstreamRqPendingOverflow } = this.cx.stats;
      (connections.canCreate ? upstreamRqPendingOverflow : upstreamCxOverflow).inc();
      owner.onPoolFailure({ reason: 'overflow', details: '', host });
      return undefined;
    }
    return new TcpConnection(this.cx, host as UpstreamHost, priority, owner);
  }

  /**
   * Makes the cluster's hosts be exactly these, each address once. Hosts that stay are told by address, name and locality.
   * False: nothing changed.
   */
  setHosts(wanted: readonly HostOptions[], overprovisioningFactor: number): boolean {
    const staying = new Map(this.hostList.map((host) => [endpointAddressText(host.endpoint), host]));
    const next = new Map<string, UpstreamHost>();
    let changed = false;
    let members = false;
    for (const options of wanted) {
      const key = endpointAddressText(options.endpoint);
      if (next.has(key)) continue;
      const known = staying.get(key);
      if (known === undefined || !isSameHost(known, options)) {
        members = true;
        next.set(key, new UpstreamHost(options));
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

  /** The gauge of bytes that wait: summed up when somebody looks, since to keep it would cost at every write. */
  refreshStats(): void {
    let bytes = 0;
    for (const { pools } of this.hostList)
      bytes += (pools.default?.bufferedBytes ?? 0) + (pools.high?.bufferedBytes ?? 0);
    this.requestStats.upstreamCxTxBytesBuffered.set(bytes);
  }

  /** The cluster was replaced or removed: idle connections close, requests under way finish. */
  drain(): void {
    if (this.drained) return;
    this.drained = true;
    for (const host of this.hostList) this.releaseHost(host);
  }

  private makePool(host: UpstreamHost, priority: RoutePriority): HttpPool | undefined {
    const { connectionPools } = this.cx.limits[priority];
    const pool = new HttpPool(this.cx, host, priority);
    if (host.removed) {
      // Picked just before it left: its connection ends with this request, and no limit waits for that.
      pool.drain();
    } else {
      if (!connectionPools.canCreate) return undefined;
      connectionPools.inc();
    }
    host.pools[priority] = pool;
    return pool;
  }

  private releaseHost(host: UpstreamHost): void {
    for (const priority of ['default', 'high'] as const)
      if (host.pools[priority] !== undefined) this.cx.limits[priority].connectionPools.dec();
    host.drain();
  }
}

/** The hosts that an assignment of IP addresses names. */
export function hostsOf(assignment: LoadAssignment): HostOptions[] {
  return assignment.localities.flatMap(({ locality, priority, endpoints }) =>
    endpoints.map(({ address, hostname, weight, healthStatus }) => ({
      endpoint: address,
      hostname,
      weight,
      healthStatus,
      locality,
      priority,
    })),
  );
}

/** Name and place are what a host is; only weight, health and priority may change under it. */
function isSameHost(host: UpstreamHost, options: HostOptions): boolean {
  const { region, zone, subZone } = options.locality;
  const { locality, hostname } = host;
  return (
    hostname === options.hostname &&
    locality.region === region &&
    locality.zone === zone &&
    locality.subZone === subZone
  );
}

function updateHost(host: UpstreamHost, options: HostOptions): boolean {
  const { weight, healthStatus, priority } = options;
  if (host.weight === weight && host.healthStatus === healthStatus && host.priority === priority) return false;
  host.weight = weight;
  host.healthStatus = healthStatus;
  host.priority = priority;
  return true;
}
