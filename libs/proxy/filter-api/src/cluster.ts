import type { Transport } from '@weft/core-bytes';
import type {
  ClientStream,
  DownstreamConnection,
  RequestHeaderMap,
  ResetReason,
  ResponseReceiver,
  Metadata,
  SocketAddress,
  StreamInfo,
  UpstreamConnectionFacts,
} from '@weft/core-http';
import type { Counter, Gauge, Histogram, StatsScope } from '@weft/core-stats';
import type { RoutePriority } from '@weft/model-route';

/**
 * How a host answered, as /clusters shows it. Plain numbers, since they are no stats of their own. The router adds to them:
 * a response below 500 is a success, anything else or a failure is an error, a timeout of either kind counts as that too.
 */
export interface HostStats {
  rqSuccess: number;
  rqError: number;
  rqTimeout: number;
}

/** One upstream host. */
export interface Host {
  readonly address: SocketAddress;
  /** The name it was configured by; `''` for plain addresses. */
  readonly hostname: string;
  /** `LbEndpoint.metadata.filter_metadata`. Absent: none. */
  readonly metadata?: Metadata;
  readonly weight: number;
  readonly stats: HostStats;
}

/** What a load balancer, and the pool behind it, may ask of the request at hand. */
export interface LoadBalancerContext {
  /** Consistent hashing; undefined where the route hashes nothing. */
  hashKey(): number | undefined;
  /** Retries: true asks for another host than this one (`retry_host_predicate`). */
  shouldSelectAnotherHost(host: Host): boolean;
  /** How often to ask again (`host_selection_retry_max_attempts`). */
  readonly hostSelectionRetries: number;
  /** The request at hand: its head goes upstream as it is now, its protocol may be the upstream's too. Absent for raw bytes. */
  readonly stream?: { readonly info: StreamInfo; readonly requestHeaders: RequestHeaderMap } | undefined;
  /** The client's connection where there is no stream: ORIGINAL_DST goes where it was going, PROXY protocol tells its addresses. */
  readonly downstream?: DownstreamConnection | undefined;
}

/** The balancer picks as it likes: no request is at hand, or none that it should look at. */
export const ANY_HOST: LoadBalancerContext = {
  hashKey: () => undefined,
  shouldSelectAnotherHost: () => false,
  hostSelectionRetries: 0,
};

/**
 * What the router charges; the pool charges connections, requests in flight and pending ones, and (for HTTP/2 only, as in
 * Envoy) `upstreamRqRxReset` and `upstreamRqTxReset`. Names are Envoy's.
 */
export interface ClusterRequestStats {
  readonly upstreamRqTimeout: Counter;
  readonly upstreamRqPerTryTimeout: Counter;
  readonly upstreamRqPerTryIdleTimeout: Counter;
  readonly upstreamRqMaxDurationReached: Counter;
  readonly upstreamRqCancelled: Counter;
  readonly upstreamRqRetry: Counter;
  readonly upstreamRqRetrySuccess: Counter;
  readonly upstreamRqRetryOverflow: Counter;
  readonly upstreamRqRetryLimitExceeded: Counter;
  readonly upstreamRqRetryBackoffExponential: Counter;
  readonly upstreamRqRetryBackoffRatelimited: Counter;
  readonly upstreamRqRxReset: Counter;
  readonly upstreamRqTxReset: Counter;
  readonly upstreamRqMaintenanceMode: Counter;
  /** Requests that were answered 503 without being sent, for a limit, maintenance or a policy: for load reports. */
  dropped: number;
  readonly upstreamInternalRedirectSucceeded: Counter;
  readonly upstreamInternalRedirectFailed: Counter;
  readonly upstreamCxNoneHealthy: Counter;
  /** tcp_proxy: `max_connect_attempts` were not enough. */
  readonly upstreamCxConnectAttemptsExceeded: Counter;
  readonly retryOrShadowAbandoned: Counter;
  readonly upstreamRqTime: Histogram;
  readonly upstreamFlowControlPausedReading: Counter;
  readonly upstreamFlowControlResumedReading: Counter;
  readonly upstreamFlowControlBackedUp: Counter;
  readonly upstreamFlowControlDrained: Counter;
  /** `upstream_rq_<code>`, `_<c>xx`, `_completed`, and the same under `internal.` or `external.`, `canary.` never. */
  chargeResponse(code: number, internal: boolean): void;
  /** A response that a retry takes the place of: `retry.upstream_rq_<code>`, `_<c>xx`, `_completed`. */
  chargeRetried(code: number): void;
  /** `upstream_rq_time` under `internal.` or `external.` too. */
  recordTime(ms: number, internal: boolean): void;
}

/** The retry part of a circuit breaker (`max_retries` or `retry_budget`). */
export interface RetryBreaker {
  /** Takes a place for one retry; false when the limit is reached. */
  tryAcquire(): boolean;
  release(): void;
  readonly active: Gauge | undefined;
}

/** What went wrong before there was a stream. */
export interface PoolFailure {
  /** `overflow`, `remote connection failure`, `connection timeout`, `local connection failure`. */
  readonly reason: ResetReason;
  /** `delayed connect error: Connection refused`, a TLS fault in words …; `''` where nothing is known. */
  readonly details: string;
  readonly host: Host | undefined;
}

/** Whoever waits for an upstream stream. The router's upstream request implements it. */
export interface HttpPoolCallbacks extends ResponseReceiver {
  /** The stream is ready: send the request now. May be called inside `newStream`. */
  onPoolReady(stream: ClientStream, host: Host, connection: UpstreamConnectionFacts): void;
  /** There will be none. May be called inside `newStream`. */
  onPoolFailure(failure: PoolFailure): void;
}

/** Whoever waits for an upstream connection (tcp_proxy). */
export interface TcpPoolCallbacks {
  /** The connection carries many requests, which the owner counts: it is none itself. Default false: it is one, as in Envoy. */
  readonly countsRequests?: boolean;
  /** The owner sets the transport's receiver before it returns. */
  onPoolReady(transport: Transport, host: Host, connection: UpstreamConnectionFacts): void;
  onPoolFailure(failure: PoolFailure): void;
}

/** A wait that can be given up. After `cancel` neither callback comes. Does nothing once one came. */
export interface PoolHandle {
  cancel(): void;
}

/** One cluster: its hosts, their balancing, its pools. Replaced whole when its configuration changes. */
export interface Cluster {
  readonly name: string;
  readonly altStatName: string;
  /** `Cluster.metadata.filter_metadata`. */
  readonly metadata: Metadata;
  readonly requestStats: ClusterRequestStats;
  /** `cluster.<alt_stat_name>.`: for what filters count of it beside requests. */
  readonly stats: StatsScope;
  /** All hosts there are now, healthy or not. The list is replaced when it changes. */
  readonly hosts: readonly Host[];
  /** `upstream.maintenance_mode.<name>` in the runtime. */
  readonly maintenanceMode: boolean;
  /**
   * What becomes of the request at hand by its endpoints' policy, `ClusterLoadAssignment.policy.drop_overloads`: nothing, or it
   * is dropped, and counts so in load reports. `all`: as would every other one. To be called once
   * for a request.
   */
  decideDrop(): 'all' | 'this' | undefined;
  /** How long one attempt of a request may take, in milliseconds; 0: no limit. `HttpProtocolOptions.max_stream_duration`. */
  readonly maxStreamDurationMs: number;
  /** Settles when the certificates that its connections want have come, or are waited for no longer. Undefined: there are none to wait for. */
  readonly pendingSecrets?: Promise<unknown> | undefined;
  /** Picks a host; never waits. Undefined: no healthy upstream. */
  pick(cx: LoadBalancerContext): Host | undefined;
  retryBreaker(priority: RoutePriority): RetryBreaker;
  /** Asks the host's pool for a stream. Undefined when a callback already came. */
  newStream(
    host: Host,
    priority: RoutePriority,
    owner: HttpPoolCallbacks,
    cx?: LoadBalancerContext,
  ): PoolHandle | undefined;
  /** Asks for a connection of one's own, for raw bytes. */
  newConnection(
    host: Host,
    priority: RoutePriority,
    owner: TcpPoolCallbacks,
    cx?: LoadBalancerContext,
  ): PoolHandle | undefined;
}

/** The clusters of this proxy, by name. What `get` returns may change between calls: ask per request, do not keep. */
export interface ClusterManager {
  get(name: string): Cluster | undefined;
}
