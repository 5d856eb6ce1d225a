import type { GrpcChannel } from '@weft/core-grpc';
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { GrpcService } from '@weft/model-config-source';
import type { ResolvedRoute } from '@weft/model-route';
import type { ClusterManager } from './cluster.ts';
import type { ClusterDiscovery, ClusterDiscoverySource } from './cluster-discovery.ts';
import type { RouteRequest, RouteRequestOwner } from './network-filter.ts';
import type { FilterDiscovery, FilterProvider } from './filter-discovery.ts';
import type { LocalReply } from './local-reply.ts';
import type { StreamSpan } from './span.ts';

/** Go on to the next filter. */
export const CONTINUE = 0 as const;
/** Hold everything here and behind until `continueRequest` / `continueResponse`; the source pauses above the limit. */
export const STOP = 1 as const;
/** Hold, but keep showing me the body; above the limit the request is answered 413 (a response: 500). */
export const BUFFER = 2 as const;
/** I took this chunk; I will send my own with `injectRequestData` / `injectResponseData`. */
export const CONSUME = 3 as const;

export type HeadersStatus = typeof CONTINUE | typeof STOP | typeof BUFFER;
export type DataStatus = typeof CONTINUE | typeof STOP | typeof BUFFER | typeof CONSUME;
export type TrailersStatus = typeof CONTINUE | typeof STOP;

/**
 * One filter on one stream. Every method is optional; a phase that a filter does not have is never called.
 * The request passes the filters in configured order, the response in reverse.
 */
export interface HttpFilter {
  onRequestHeaders?(headers: RequestHeaderMap, end: boolean): HeadersStatus;
  onRequestData?(chunk: Buffer, end: boolean): DataStatus;
  onRequestTrailers?(trailers: HeaderMap): TrailersStatus;
  onResponseHeaders?(headers: ResponseHeaderMap, end: boolean): HeadersStatus;
  onResponseData?(chunk: Buffer, end: boolean): DataStatus;
  onResponseTrailers?(trailers: HeaderMap): TrailersStatus;
  /** Terminal filters: the downstream takes response data again after `sendData` had returned false. */
  onDownstreamDrained?(): void;
  /** The stream is over, in whatever way. Drop timers and calls; call nothing of the stream afterwards. Called once. */
  onDestroy?(): void;
}

/** What a filter sees of its stream. */
export interface FilterStream {
  readonly info: StreamInfo;
  readonly runtime: Runtime;
  readonly flags: RuntimeSnapshot;
  readonly clusters: ClusterManager;
  /** The request's head, as filters so far have left it. */
  readonly requestHeaders: RequestHeaderMap;
  /** The response's head, once there is one. */
  readonly responseHeaders: ResponseHeaderMap | undefined;
  /** The route, found at the first look and kept; undefined where none matches. */
  readonly route: ResolvedRoute | undefined;
  /** The span of this request, where it is traced. */
  readonly span: StreamSpan | undefined;
  /** True when the request came from inside (x-forwarded-for and internal_address_config say so). */
  readonly internalRequest: boolean;
  /** What this filter's configuration on the route (or virtual host) is, decoded; undefined without one. */
  perRouteConfig(filterName: string): unknown;
  /** A filter changed what routes are matched on: look again at the next use of `route`. */
  clearRouteCache(): void;
  /** Asks for routes to the request's host. Undefined: they do not come on demand, or are there. */
  requestRoutes(owner: RouteRequestOwner): RouteRequest | undefined;
  continueRequest(): void;
  continueResponse(): void;
  injectRequestData(chunk: Buffer, end: boolean): void;
  injectResponseData(chunk: Buffer, end: boolean): void;
  /** Answers in the upstream's place, through the response filters. Nothing after it reaches this filter's request phases. */
  reply(reply: LocalReply): void;
  /** Terminal filters send the response with these. */
  sendInformational(headers: ResponseHeaderMap): void;
  sendHeaders(headers: ResponseHeaderMap, end: boolean): void;
  /** False: the downstream is above its watermark; stop until `onDownstreamDrained`. */
  sendData(chunk: Buffer, end: boolean): boolean;
  sendTrailers(trailers: HeaderMap): void;
  /** Ends the stream without (the rest of) an answer. */
  resetStream(): void;
  /** The upstream is above its watermark: hold the request body. Counted. */
  pauseRequest(): void;
  resumeRequest(): void;
  /** What a filter may hold of one direction's body (`per_connection_buffer_limit_bytes`). */
  readonly bufferLimitBytes: number;
  /** How much of the request's body may be held from now on (BUFFER), in place of the connection's limit. */
  setRequestBufferLimit(bytes: number): void;
  /** True once the last byte or trailer of the request has passed the chain. */
  readonly requestComplete: boolean;
}

/** What a filter factory gets when its configuration is compiled. */
export interface FilterFactoryContext {
  readonly runtime: Runtime;
  readonly clusters: ClusterManager;
  /** The scope of the connection manager: `http.<stat_prefix>.`. */
  readonly stats: StatsScope;
  /** The name that the filter is configured by: `typed_per_filter_config` of routes has it. Absent: none is known. */
  readonly filterName?: string;
  /** `node.metadata` of the bootstrap. Absent: there is none. */
  readonly nodeMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** A channel to a gRPC service, over a cluster of this proxy or straight to an address. Absent: none can be reached. */
  grpcChannel?(service: GrpcService): GrpcChannel;
  /** Filters that come by ECDS; what it gives lives as long as the connection manager. Absent: none come. */
  discoverFilter?(wanted: FilterDiscovery): FilterProvider;
  /** Clusters on demand. Absent: none come. */
  discoverClusters?(from: ClusterDiscoverySource): ClusterDiscovery;
  /** A request found a filter that has not come. */
  filterMissing?(): void;
}

/** One kind of HTTP filter: one per type URL, listed in registry.ts. `C` is its decoded, immutable configuration. */
export interface HttpFilterFactory<C> {
  /** The message type of its configuration: `envoy.extensions.filters.http.router.v3.Router`. */
  readonly typeName: string;
  /** True for the router and whatever else answers: exactly one, and last. */
  readonly terminal: boolean;
  /** The message type of its configuration on routes and virtual hosts (`typed_per_filter_config`); absent: it has none. */
  readonly routeTypeName?: string;
  /** The same for routes: what `FilterStream.perRouteConfig` gives. Present where `routeTypeName` is. */
  decodeRoute?(message: Message, cx: DecodeContext): unknown;
  /** Config time. Faults go to `cx`, with their path; undefined when there were any. */
  decode(message: Message, cx: DecodeContext): C | undefined;
  /** Config time: resolves stats and whatever else every stream shares. */
  prepare(config: C, context: FilterFactoryContext): (stream: FilterStream) => HttpFilter;
}
