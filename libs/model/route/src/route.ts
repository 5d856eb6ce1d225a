import type { FractionalPercent } from '@weft/core-runtime';
import type { ConfigSource } from '@weft/model-config-source';
import type { HeaderMatcher, QueryParameterMatcher, Re2, RegexRewrite } from '@weft/model-match';
import type { HeaderMutation, HeaderMutations, RetryPolicy } from '@weft/model-policy';

/** Source: envoy.config.core.v3.RoutingPriority. Each has circuit breakers and pools of its own. */
export type RoutePriority = 'default' | 'high';

/** How a route looks at the path, without its query. `text` is in lower case where `ignoreCase` is set. */
export type PathMatch =
  | { readonly kind: 'prefix' | 'path' | 'path_separated_prefix'; readonly text: string; readonly ignoreCase: boolean }
  | { readonly kind: 'safe_regex'; readonly re: Re2 }
  /** CONNECT, plain or extended. */
  | { readonly kind: 'connect' };

/** What a request must be for a route: all that is set has to hold. Source: envoy.config.route.v3.RouteMatch. */
export interface RouteMatch {
  readonly path: PathMatch;
  readonly headers: readonly HeaderMatcher[];
  readonly query: readonly QueryParameterMatcher[];
  readonly runtimeFraction: { readonly key: string; readonly fraction: FractionalPercent } | undefined;
  /** `content-type: application/grpc…` only. */
  readonly grpc: boolean;
}

/** How the path of a request, or of a redirect, is written anew. */
export type PathRewrite =
  { readonly kind: 'prefix'; readonly replacement: string } | ({ readonly kind: 'regex' } & RegexRewrite);

/** Where the upstream's `:authority` comes from. */
export type HostRewrite =
  | { readonly kind: 'literal'; readonly host: string }
  /** The name of the upstream host that was picked. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'header'; readonly name: string }
  | ({ readonly kind: 'path_regex' } & RegexRewrite);

/** One of several clusters that share a route's requests. Source: envoy.config.route.v3.WeightedCluster.ClusterWeight. */
export interface WeightedCluster {
  /** `''` where `clusterHeader` names it. */
  readonly name: string;
  readonly clusterHeader: string;
  readonly weight: number;
  /** `<runtime_key_prefix>.<name>`: a weight that an operator changes while the proxy runs; `''` without. */
  readonly runtimeKey: string;
  readonly hostRewrite: HostRewrite | undefined;
  readonly requestMutation: HeaderMutation;
  readonly responseMutation: HeaderMutation;
  readonly filterConfigs: ReadonlyMap<string, unknown>;
}

export type ClusterSpecifier =
  | { readonly kind: 'cluster'; readonly name: string }
  | { readonly kind: 'cluster_header'; readonly header: string }
  | {
      readonly kind: 'weighted_clusters';
      readonly clusters: readonly WeightedCluster[];
      /** The header that brings its own draw; `''` without. */
      readonly drawHeader: string;
      readonly hasRuntimeKeys: boolean;
      readonly totalWeight: number;
    };

/** Source: envoy.config.route.v3.RouteAction. Times in milliseconds; 0 is "none". */
export interface ForwardAction {
  readonly kind: 'forward';
  readonly cluster: ClusterSpecifier;
  readonly clusterNotFoundStatus: 503 | 404 | 500;
  readonly pathRewrite: PathRewrite | undefined;
  readonly hostRewrite: HostRewrite | undefined;
  readonly appendXForwardedHost: boolean;
  /** From the complete request to the complete response. Default 15 s. */
  readonly timeoutMs: number;
  /** Instead of the connection manager's `stream_idle_timeout`; undefined without. */
  readonly idleTimeoutMs: number | undefined;
  /** Instead of the connection manager's `max_stream_duration`; undefined without. */
  readonly maxStreamDuration: MaxStreamDuration | undefined;
  /** Undefined: only retries that the request's own headers ask for. */
  readonly retryPolicy: RetryPolicy | undefined;
  readonly priority: RoutePriority;
  /** `upgrade_configs` by token in lower case. Absent ones are the connection manager's matter. */
  readonly upgrades: ReadonlyMap<string, RouteUpgrade>;
  /** `max_grpc_timeout`, the older way: gRPC requests may ask for up to this by grpc-timeout. Undefined: `timeoutMs` is theirs too. */
  readonly maxGrpcTimeoutMs: number | undefined;
  readonly grpcTimeoutOffsetMs: number;
}

/** Source: envoy.config.route.v3.RouteAction.UpgradeConfig. */
export interface RouteUpgrade {
  readonly enabled: boolean;
  /** CONNECT ends here, and its bytes go to the upstream as they are. Undefined: CONNECT is passed on. */
  readonly connect: { readonly allowPost: boolean } | undefined;
}

/** Source: envoy.config.route.v3.RouteAction.MaxStreamDuration. Undefined: not set. 0: no limit. */
export interface MaxStreamDuration {
  readonly maxStreamDurationMs: number | undefined;
  readonly grpcTimeoutHeaderMaxMs: number | undefined;
  readonly grpcTimeoutHeaderOffsetMs: number | undefined;
}

/** Source: envoy.config.route.v3.RedirectAction. `''` and 0 leave that part of the URL as it was. */
export interface RedirectAction {
  readonly kind: 'redirect';
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** The whole new path; a query in it wins over the request's. */
  readonly path: string;
  readonly pathRewrite: PathRewrite | undefined;
  readonly stripQuery: boolean;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Source: envoy.config.route.v3.DirectResponseAction. */
export interface DirectResponseAction {
  readonly kind: 'direct_response';
  readonly status: number;
  /** Sent as UTF-8. */
  readonly body: string;
}

/** Matches, but no filter of the HTTP chain is to forward it. */
export interface NonForwardingAction {
  readonly kind: 'non_forwarding';
}

export type RouteAction = ForwardAction | RedirectAction | DirectResponseAction | NonForwardingAction;

/** The name of the span, and whether it is passed on in `x-envoy-decorator-operation`. */
export interface Decorator {
  readonly operation: string;
  readonly propagate: boolean;
}

/** Instead of the connection manager's sampling; undefined leaves it. Source: envoy.config.route.v3.Tracing. */
export interface RouteTracing {
  readonly clientSampling: FractionalPercent | undefined;
  readonly randomSampling: FractionalPercent | undefined;
  readonly overallSampling: FractionalPercent | undefined;
}

/** Source: envoy.config.route.v3.Route. */
export interface Route {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly decorator: Decorator | undefined;
  readonly tracing: RouteTracing | undefined;
  /** Bytes of body kept for retries; undefined: the connection's limit. */
  readonly bufferLimitBytes: number | undefined;
  /** `typed_per_filter_config` by filter name, as the decoder's `filterConfig` made it. */
  readonly filterConfigs: ReadonlyMap<string, unknown>;
  /** `metadata.filter_metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** What it resolves to: one for the route, or one for each weighted cluster, in order. */
  readonly resolved: readonly ResolvedRoute[];
}

/** Source: envoy.config.route.v3.VirtualHost. */
export interface VirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly requireTls: 'none' | 'external_only' | 'all';
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly includeIsTimeoutRetryHeader: boolean;
  /** `metadata.filter_metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The answer of `matchRoute`: everything that is known of a route before a host is picked. Made when the table is decoded
 * (except for `cluster_header`), and shared by all its requests.
 */
export interface ResolvedRoute {
  readonly virtualHost: VirtualHost;
  readonly route: Route;
  readonly action: RouteAction;
  /** `''` where the action does not forward, or the header that names the cluster is missing. */
  readonly clusterName: string;
  readonly hostRewrite: HostRewrite | undefined;
  /** Of all levels, in the order in which they are made; empty lists are common. */
  readonly requestMutations: HeaderMutations;
  readonly responseMutations: HeaderMutations;
  /** By filter name, the most specific level's. */
  readonly filterConfigs: ReadonlyMap<string, unknown>;
}

/** A decoded route configuration. Immutable; replaced whole. Source: envoy.config.route.v3.RouteConfiguration. */
export interface RouteTable {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHost[];
  readonly internalOnlyHeaders: readonly string[];
  /** Undefined: as the place of the table decides (true where it is inline, false from RDS). */
  readonly validateClusters: boolean | undefined;
  /** Every cluster that a route or weighted cluster names, each once. */
  readonly clusterNames: readonly string[];
  readonly index: RouteIndex;
  /** Where virtual hosts come from that requests ask for. Undefined: all are here. */
  readonly vhds?: ConfigSource | undefined;
}

/** The look-up structure behind `matchRoute`; made by the decoder. */
export interface RouteIndex {
  findVirtualHost(authority: string): IndexedVirtualHost | undefined;
  /** The header that stands in for `:authority` (`vhost_header`); `''` without. */
  readonly hostHeader: string;
  readonly ignorePort: boolean;
  readonly ignorePathParameters: boolean;
}

/** A virtual host with its routes by exact path, where it has enough of those to be worth it. */
export interface IndexedVirtualHost {
  readonly virtualHost: VirtualHost;
  /** Answer for requests that must come by TLS and did not (`require_tls`). */
  readonly redirectToTls: ResolvedRoute | undefined;
  /** Exact paths to the places of their routes; undefined: scan `scanned`. */
  readonly byPath: ReadonlyMap<string, readonly number[]> | undefined;
  /** The places of all routes that `byPath` does not have, in order. */
  readonly scanned: readonly number[];
}
