import type { LoadAssignment } from './load-assignment.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** Source: Cluster.LbPolicy. */
export type LbPolicy = 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM';

/** Which addresses of a name are used. AUTO: IPv6 ones, or IPv4 ones where there are none. Source: Cluster.DnsLookupFamily. */
export type DnsLookupFamily = 'AUTO' | 'V4_ONLY' | 'V6_ONLY' | 'V4_PREFERRED' | 'ALL';

/** How names are resolved, and how often. */
export interface DnsOptions {
  /** Default 5,000. */
  readonly refreshRateMs: number;
  /** After a failure: the first wait, doubled up to `maxMs`. Undefined: the refresh rate. */
  readonly failureRefreshRate: { readonly baseMs: number; readonly maxMs: number } | undefined;
  /** The TTL of the answer takes the place of the refresh rate where the resolver knows it. Default false. */
  readonly respectTtl: boolean;
  readonly lookupFamily: DnsLookupFamily;
  /** Up to this much is added to each wait, drawn anew each time. Default 0. */
  readonly jitterMs: number;
}

/** Where the hosts of a cluster come from. Source: Cluster.DiscoveryType, and the extension envoy.clusters.dns. */
export type Discovery =
  | { readonly kind: 'STATIC' }
  | { readonly kind: 'STRICT_DNS' | 'LOGICAL_DNS'; readonly dns: DnsOptions }
  | { readonly kind: 'EDS'; readonly eds: EdsOptions };

/** Source: Cluster.EdsClusterConfig. */
export interface EdsOptions {
  /** The name to ask for; the cluster's own where none is configured. */
  readonly serviceName: string;
  /** The file that has the endpoints. */
  readonly path: string;
  /** `''` without: the file's own directory. */
  readonly watchedDirectory: string;
  /** How long the cluster may wait for its first endpoints; then it goes without. Default 15,000; 0 is without end. */
  readonly initialFetchTimeoutMs: number;
}

/** Limits of one routing priority. Source: CircuitBreakers.Thresholds. */
export interface Thresholds {
  /** Default 1024. */
  readonly maxConnections: number;
  /** Default 1024. */
  readonly maxPendingRequests: number;
  /** Default 1024. */
  readonly maxRequests: number;
  /** Default 3. Not used where there is a retry budget. */
  readonly maxRetries: number;
  /** Default: no limit (Infinity). */
  readonly maxConnectionPools: number;
  readonly retryBudget: RetryBudget | undefined;
  /** Also keep the `remaining_*` gauges. Default false. */
  readonly trackRemaining: boolean;
}

/** Retries as a share of the requests under way. Source: CircuitBreakers.Thresholds.RetryBudget. */
export interface RetryBudget {
  /** Default 20. */
  readonly budgetPercent: number;
  /** Default 3. */
  readonly minRetryConcurrency: number;
}

/** Limits of HTTP connections to upstreams. Source: core.v3.HttpProtocolOptions, Http1ProtocolOptions. */
export interface UpstreamHttpOptions {
  /** An idle connection closes after this. Default 3,600,000; 0 is never. */
  readonly idleTimeoutMs: number;
  /** A connection takes no more requests after this. 0 (default) is no limit. */
  readonly maxConnectionDurationMs: number;
  /** 0 (default) is no limit. */
  readonly maxRequestsPerConnection: number;
  /** Of responses. Default 100. */
  readonly maxHeadersCount: number;
  /** Of responses. Default 60. */
  readonly maxResponseHeadersKb: number;
  /** Default false. */
  readonly enableTrailers: boolean;
}

/** One cluster. Immutable: a change is a new value. Defaults are Envoy's. Source: envoy.config.cluster.v3.Cluster. */
export interface ClusterConfig {
  readonly name: string;
  /** The name in stats; the cluster's own where none is configured. */
  readonly altStatName: string;
  readonly discovery: Discovery;
  /** Default 5,000. */
  readonly connectTimeoutMs: number;
  readonly lbPolicy: LbPolicy;
  /** LEAST_REQUEST: how many hosts are compared. Default 2. */
  readonly leastRequestChoiceCount: number;
  /** Absent for EDS. */
  readonly loadAssignment: LoadAssignment | undefined;
  readonly circuitBreakers: { readonly default: Thresholds; readonly high: Thresholds };
  /** In percent. Default 50; 0 switches panic off. */
  readonly healthyPanicThreshold: number;
  /** Default 1 MiB. */
  readonly perConnectionBufferLimitBytes: number;
  readonly http: UpstreamHttpOptions;
  /** Undefined: plain bytes. */
  readonly tls: UpstreamTls | undefined;
  /** The server waits for the cluster's first hosts before it listens. Default true. */
  readonly waitForWarmOnInit: boolean;
  /** Cluster.metadata.filter_metadata, as JSON. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A text that is equal for equal configurations: how an update that changes nothing is told. */
export function clusterFingerprint(config: ClusterConfig): string {
  return JSON.stringify(config, (_, value: unknown) => {
    if (value instanceof RegExp) return String(value);
    return value === Infinity ? 'Infinity' : value;
  });
}
