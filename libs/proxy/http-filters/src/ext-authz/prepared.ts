import type { GrpcChannel } from '@weft/core-grpc';
import { loadMessages, stringLabels } from '@weft/proxy-ext-authz';
import type { FilterFactoryContext, FilterStream } from '@weft/proxy-filter-api';
import { ExtAuthzRouteConfig, type ExtAuthzConfig, type HttpServiceConfig, type ServiceConfig } from './config.ts';
import { ExtAuthzStats } from './stats.ts';

const FILTER_NAME = 'envoy.filters.http.ext_authz';

/** A service, ready to be asked. Undefined channel: none can be reached. */
export type PreparedService =
  { readonly kind: 'grpc'; readonly channel: GrpcChannel | undefined; readonly timeoutMs: number } | HttpServiceConfig;

/** The configuration and what all streams share of it. */
export class PreparedExtAuthz {
  readonly config: ExtAuthzConfig;
  readonly stats: ExtAuthzStats;
  readonly destinationLabels: Readonly<Record<string, string>>;
  private readonly name: string;
  private readonly context: FilterFactoryContext;
  private readonly own: PreparedService;
  private readonly ofRoutes = new WeakMap<ServiceConfig, PreparedService>();

  constructor(config: ExtAuthzConfig, context: FilterFactoryContext) {
    this.config = config;
    this.context = context;
    this.name = context.filterName ?? FILTER_NAME;
    this.stats = new ExtAuthzStats(context.stats, config.statPrefix);
    this.destinationLabels = stringLabels(context.nodeMetadata, config.labelsKey);
    this.own = this.prepare(config.service);
  }

  /** What the route says of this filter. */
  routeConfig(stream: FilterStream): ExtAuthzRouteConfig | undefined {
    const config = stream.perRouteConfig(this.name);
    return config instanceof ExtAuthzRouteConfig ? config : undefined;
  }

  /** Whom to ask: the filter's service, or the one that a route has in its place. */
  service(override: ServiceConfig | undefined): PreparedService {
    if (override === undefined) return this.own;
    let service = this.ofRoutes.get(override);
    if (service === undefined) this.ofRoutes.set(override, (service = this.prepare(override)));
    return service;
  }

  private prepare(service: ServiceConfig): PreparedService {
    if (service.kind === 'http') return service;
    loadMessages();
    return { kind: 'grpc', channel: this.context.grpcChannel?.(service.service), timeoutMs: service.timeoutMs };
  }
}
