import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Runtime } from '@weft/core-runtime';
import type { CertificateStatus, ConfigDumpSection, ListenerStatus, UnreadyTargets } from '@weft/observe-admin';
import type { StatsStore } from '@weft/observe-metrics';
import type { ListenerManager } from '@weft/proxy-listeners';
import type { DownstreamTlsFactory } from '@weft/proxy-transport-sockets';
import type { ClusterManager } from '@weft/proxy-upstream';
import { configDump } from './config-dump.ts';
import type { ConfigDumpOptions, DataPlaneFacts } from './data-plane.ts';
import { discoveredBy, type Discovered, type ProxySubscriptions } from './discovered.ts';
import { listenerStatus } from './listener-status.ts';
import type { RecordedResources } from './recorded-resources.ts';
import type { RouteDiscovery } from './route-discovery.ts';
import { unreadyListeners } from './unready-targets.ts';

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';
const FILTER = 'envoy.config.core.v3.TypedExtensionConfig';

/** The data plane that is shown. */
export interface ViewOwner {
  readonly runtime: Runtime;
  readonly bootstrap: Bootstrap;
  readonly store: StatsStore;
  readonly subscriptions: ProxySubscriptions;
  readonly recorded: RecordedResources;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly routeDiscovery: RouteDiscovery;
  readonly tls: DownstreamTlsFactory;
  /** It has started: its first clusters are warm. */
  readonly isLive: boolean;
}

/** What a data plane shows of itself: facts for stats, and the admin server's lists and dumps. */
export class DataPlaneView {
  private readonly owner: ViewOwner;
  private readonly startWallMs: number;

  constructor(owner: ViewOwner) {
    this.owner = owner;
    this.startWallMs = owner.runtime.clock.wallMs();
  }

  /** `loopDelayMs`: how late the event loop was at worst. */
  refresh(loopDelayMs: number): DataPlaneFacts {
    const { clusters, listeners, tls } = this.owner;
    clusters.refreshStats();
    const { heapUsed, heapTotal } = process.memoryUsage();
    const expiries = [tls.firstExpiryMs, clusters.firstCertExpiryMs].filter((time) => time !== undefined);
    return {
      heapUsed,
      heapTotal,
      connections: listeners.all.reduce((sum, { listener }) => sum + listener.activeConnections, 0),
      listeners: listeners.all.length,
      clusters: clusters.all.length,
      firstCertExpiryMs: expiries.length === 0 ? undefined : Math.min(...expiries),
      loopDelayMs,
    };
  }

  get listeners(): readonly ListenerStatus[] {
    return this.owner.listeners.all.map(listenerStatus);
  }

  get certificates(): readonly CertificateStatus[] {
    const { tls, clusters, runtime } = this.owner;
    return [...tls.certificates(runtime.clock), ...clusters.certificates()];
  }

  /** What is known here of what its subscriptions brought. */
  get discovered(): Discovered {
    return discoveredBy(this.owner.subscriptions, this.owner.store);
  }

  configDump({ includeEds, discovered = this.discovered }: ConfigDumpOptions): readonly ConfigDumpSection[] {
    const { bootstrap, clusters, listeners, routeDiscovery, recorded } = this.owner;
    return configDump({
      bootstrap,
      bootstrapMs: this.startWallMs,
      clusters: clusters.all,
      warmingClusters: clusters.allWarming,
      listeners: listeners.all,
      warmingListeners: listeners.allWarming,
      drainingListeners: listeners.allDraining,
      routes: routeDiscovery.all,
      secrets: recorded.of(SECRET),
      filters: recorded.of(FILTER),
      discovered,
      includeEds,
    });
  }

  get unreadyTargets(): readonly UnreadyTargets[] {
    const { recorded, routeDiscovery, listeners, clusters, isLive } = this.owner;
    const awaited = (typeName: string): ReadonlySet<string> =>
      new Set(recorded.of(typeName).flatMap(({ name, pending }) => (pending ? [name] : [])));
    const routes = routeDiscovery.all.flatMap(({ name, pending }) => (pending === undefined ? [] : [name]));
    return [
      ...unreadyListeners(listeners.allWarming, {
        routes: new Set(routes),
        secrets: awaited(SECRET),
        filters: awaited(FILTER),
      }),
      // Envoy does not tell of these.
      ...(isLive ? [] : [{ component: 'cluster' as const, name: 'clusters', targetNames: clusters.warming }]),
    ];
  }
}
