import type { ResolvedRoute } from '@weft/model-route';
import {
  CONTINUE,
  STOP,
  type ClusterDiscovery,
  type ClusterDiscoveryHandle,
  type ClusterDiscoveryOutcome,
  type ClusterDiscoveryOwner,
  type FilterFactoryContext,
  type FilterStream,
  type HeadersStatus,
  type HttpFilter,
  type HttpFilterFactory,
  type RouteRequest,
  type RouteRequestOwner,
} from '@weft/proxy-filter-api';
import { decodeOnDemand, ON_DEMAND_ROUTE_TYPE, ON_DEMAND_TYPE, type OnDemandConfig } from './config.decode.ts';

const FILTER_NAME = 'envoy.filters.http.on_demand';

/** `envoy.filters.http.on_demand`: holds a request whose routes or cluster are not there, and asks for them. */
export const onDemandFactory: HttpFilterFactory<OnDemandConfig> = {
  typeName: ON_DEMAND_TYPE,
  terminal: false,
  routeTypeName: ON_DEMAND_ROUTE_TYPE,
  decode: decodeOnDemand,
  decodeRoute: decodeOnDemand,
  prepare(config, context) {
    const prepared = new PreparedOnDemand(config, context);
    return (stream) => new OnDemandFilter(prepared, stream);
  },
};

/** How clusters are asked for. */
interface Way {
  readonly discovery: ClusterDiscovery;
  readonly timeoutMs: number;
}

class PreparedOnDemand {
  private readonly own: Way | undefined;
  private readonly context: FilterFactoryContext;
  private readonly ofRoutes = new WeakMap<OnDemandConfig, { readonly way: Way | undefined }>();

  constructor(config: OnDemandConfig, context: FilterFactoryContext) {
    this.context = context;
    this.own = this.wayOf(config);
  }

  /** Undefined: clusters are not asked for here. */
  at(stream: FilterStream): Way | undefined {
    const config = stream.perRouteConfig(this.context.filterName ?? FILTER_NAME) as OnDemandConfig | undefined;
    if (config === undefined) return this.own;
    let known = this.ofRoutes.get(config);
    if (known === undefined) this.ofRoutes.set(config, (known = { way: this.wayOf(config) }));
    return known.way;
  }

  private wayOf({ odcds }: OnDemandConfig): Way | undefined {
    const discovery = odcds && this.context.discoverClusters?.(odcds);
    return discovery && { discovery, timeoutMs: odcds.timeoutMs };
  }
}

/**
 *   passing (-> waiting for routes) (-> waiting for a cluster) -> passing
 *
 * Whatever comes of the wait, the request goes on: it is the router that answers where there is no cluster.
 */
class OnDemandFilter implements HttpFilter, ClusterDiscoveryOwner, RouteRequestOwner {
  private readonly prepared: PreparedOnDemand;
  private readonly stream: FilterStream;
  private waiting: ClusterDiscoveryHandle | RouteRequest | undefined;

  constructor(prepared: PreparedOnDemand, stream: FilterStream) {
    this.prepared = prepared;
    this.stream = stream;
  }

  onRequestHeaders(): HeadersStatus {
    const { route } = this.stream;
    if (route !== undefined) return this.asksFor(route) ? STOP : CONTINUE;
    this.waiting = this.stream.requestRoutes(this);
    return this.waiting === undefined ? CONTINUE : STOP;
  }

  onRoutes(): void {
    this.waiting = undefined;
    this.stream.clearRouteCache();
    const { route } = this.stream;
    if (route === undefined || !this.asksFor(route)) this.stream.continueRequest();
  }

  onClusterDiscovered(outcome: ClusterDiscoveryOutcome): void {
    this.waiting = undefined;
    // Routes may have come along with the cluster, and a route with several may choose another one that is not there.
    if (outcome === 'available') {
      this.stream.clearRouteCache();
      const { route } = this.stream;
      if (route !== undefined && this.asksFor(route)) return;
    }
    this.stream.continueRequest();
  }

  onDestroy(): void {
    this.waiting?.cancel();
  }

  private asksFor({ action, clusterName }: ResolvedRoute): boolean {
    if (action.kind !== 'forward' || clusterName === '' || this.stream.clusters.get(clusterName) !== undefined)
      return false;
    const way = this.prepared.at(this.stream);
    this.waiting = way?.discovery.discover(clusterName, way.timeoutMs, this);
    return way !== undefined;
  }
}
