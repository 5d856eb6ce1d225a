import type { ConfigSource } from '@weft/model-config-source';
import type { LoadAssignment } from './load-assignment.ts';
import type { TransportSocket, TransportSocketMatch } from './transport-socket.ts';

/** Source: Cluster.LbPolicy. */
export type LbPolicy = 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM' | 'CLUSTER_PROVIDED';

/** Which addresses of a name are used. AUTO: IPv6 ones, or IPv4 ones where there are none. Source: Cluster.DnsLookupFamily. */
export type DnsLookupFamily = 'AUTO' | 'V4_ONLY' | 'V6_ONLY' | 'V4_PREFERRED' | 'ALL';

/** Who resolves names. */
export interface DnsServers {
  /** `ip:port`, IPv6 in brackets. Empty: this machine's resolver. */
  readonly addresses: readonly string[];
  /** Asked only when this machine's resolver gives no answer. Default false. */
  readonly asFallback: boolean;
  /** How long one server may take. Default 5,000. */
  readonly queryTimeoutMs: number;
  /** How often each server is asked. Default 4. */
  readonly queryTries: number;
}

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
  /** A TTL shorter than this counts as this. Default 0; `dns_min_refresh_rate` of envoy.clusters.dns. */
  readonly minRefreshRateMs: number;
  /** Undefined: what the bootstrap says for all clusters. */
  readonly servers: DnsServers | undefined;
}

/** Hosts are wherever clients were going. Source: Cluster.OriginalDstLbConfig. */
export interface OriginalDstOptions {
  /** The request names the host as `ip:port` in this field. `''` (default): where the client's connection was going. */
  readonly header: string;
  /** Takes the place of the port. */
  readonly portOverride: number | undefined;
  /** A host that was not used for so long is dropped. Default 5,000. */
  readonly cleanupIntervalMs: number;
}

/** Where the hosts of a cluster come from. Source: Cluster.DiscoveryType, and the extension envoy.clusters.dns. */
export type Discovery =
  | { readonly kind: 'STATIC' }
  | { readonly kind: 'STRICT_DNS' | 'LOGICAL_DNS'; readonly dns: DnsOptions }
  | { readonly kind: 'EDS'; readonly eds: EdsOptions }
  | { readonly kind: 'ORIGINAL_DST'; readonly originalDst: OriginalDstOptions };

/** Source: Cluster.EdsClusterConfig. */
export interface EdsOptions {
  /** The name of the ClusterLoadAssignment. Default: the cluster's. */
  readonly serviceName: string;
  readonly source: ConfigSource;
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
  /** Of one host. Default: no limit (Infinity). Source: CircuitBreakers.per_host_thresholds. */
  readonly maxConnectionsPerHost: number;
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

/**
 * What is spoken to upstreams. `auto`: what ALPN chooses. `downstream`: what the client speaks. Source:
 * HttpProtocolOptions.upstream_protocol_options.
 */
export type UpstreamProtocol = 'http1' | 'http2' | 'auto' | 'downstream';

/** HTTP/2 towards upstreams; what is undefined is left to the codec. Source: core.v3.Http2ProtocolOptions. */
export interface UpstreamHttp2Options {
  /** Requests on one connection at once, also where the server would take more. Default 1024. */
  readonly maxConcurrentStreams: number;
  readonly hpackTableSize: number | undefined;
  readonly initialStreamWindowSize: number | undefined;
  readonly initialConnectionWindowSize: number | undefined;
  readonly maxOutboundFrames: number | undefined;
  readonly maxOutboundControlFrames: number | undefined;
  readonly maxConsecutiveInboundFramesWithEmptyPayload: number | undefined;
  readonly maxInboundPriorityFramesPerStream: number | undefined;
  readonly maxInboundWindowUpdateFramesPerDataFrameSent: number | undefined;
  /** A response that breaks HTTP's rules ends its stream and not the connection. Default false. */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  /** PINGs that find dead connections. */
  readonly keepalive: UpstreamKeepalive | undefined;
}

/** HTTP/1.1 towards upstreams. Source: core.v3.Http1ProtocolOptions. */
export interface UpstreamHttp1Options {
  /** Default false. */
  readonly enableTrailers: boolean;
  /** A Content-Length beside chunks is passed over. Default false. */
  readonly allowChunkedLength: boolean;
  /** Requests carry their target in absolute form. Default false. */
  readonly sendFullyQualifiedUrl: boolean;
  /** How the names of request fields are written. Default `lower_case`. */
  readonly headerKeyFormat: HeaderKeyFormat;
}

/** Source: Http1ProtocolOptions.HeaderKeyFormat, PreserveCaseFormatterConfig. */
export type HeaderKeyFormat = 'lower_case' | 'proper_case_words' | PreserveCase;

export interface PreserveCase {
  readonly forwardReasonPhrase: boolean;
  /** How names are written that no client spelled. */
  readonly otherNames: 'lower_case' | 'proper_case_words';
}

/** Source: core.v3.KeepaliveSettings. */
export interface UpstreamKeepalive {
  /** 0 sends none at regular times. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Default 15. */
  readonly intervalJitterPercent: number;
  /** A request on a connection that was idle for this long sends one too. 0 (default) does not. */
  readonly connectionIdleIntervalMs: number;
}

/** HTTP to upstreams. Source: core.v3.HttpProtocolOptions, Http1ProtocolOptions, UpstreamHttpProtocolOptions. */
export interface UpstreamHttpOptions {
  /** Default `http1`. */
  readonly protocol: UpstreamProtocol;
  readonly http1: UpstreamHttp1Options;
  readonly http2: UpstreamHttp2Options;
  /** An idle connection closes after this. Default 3,600,000; 0 is never. */
  readonly idleTimeoutMs: number;
  /** How long one attempt of a request may take from its stream to its end, in milliseconds; 0: as long as it likes. */
  readonly maxStreamDurationMs: number;
  /** A connection takes no more requests after this. 0 (default) is no limit. */
  readonly maxConnectionDurationMs: number;
  /** Up to this share is added to the duration, drawn for each connection. Default 0. */
  readonly maxConnectionDurationJitterPercent: number;
  /** 0 (default) is no limit. */
  readonly maxRequestsPerConnection: number;
  /** Of responses. Default 100. */
  readonly maxHeadersCount: number;
  /** Of responses. Default 80 for HTTP/1, else 60. */
  readonly maxResponseHeadersKb: number;
  /** SNI is the host of the request. Default false. */
  readonly autoSni: boolean;
  /** The field that names it in place of Host; `''`: Host. */
  readonly autoSniHeader: string;
}

/** Connections that are made before requests need them. Source: Cluster.PreconnectPolicy. */
export interface Preconnect {
  /** Of what a host's requests need. 1 (default) makes none in advance; at most 3. */
  readonly perUpstreamRatio: number;
  /** Of what the cluster's next requests will need. 1 (default) makes none in advance. */
  readonly predictiveRatio: number;
}

/** How connections to hosts are made. Source: BindConfig, UpstreamConnectionOptions. */
export interface ConnectionOptions {
  /** The first of the host's family is used. Empty: the system chooses; undefined: what all clusters have. */
  readonly sourceAddresses: readonly SourceAddress[] | undefined;
  /** TCP keepalive after so much silence; 0 is the system's own time. Undefined: none. */
  readonly keepAliveIdleMs: number | undefined;
  readonly happyEyeballs: HappyEyeballs;
}

/** Where a connection comes from. */
export interface SourceAddress {
  readonly address: string;
  /** 0: the system's choice. */
  readonly port: number;
}

/** In which order a host's addresses are tried. Source: UpstreamConnectionOptions.HappyEyeballsConfig. */
export interface HappyEyeballs {
  /** `default`: the family of the first address. */
  readonly firstFamily: 'default' | 'v4' | 'v6';
  /** So many of it come before the first of the other family. Default 1. */
  readonly firstFamilyCount: number;
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
  /** A change of the hosts ends all connections, each with its requests. Default false. */
  readonly closeConnectionsOnHostSetChange: boolean;
  /** Default 1 MiB. */
  readonly perConnectionBufferLimitBytes: number;
  readonly http: UpstreamHttpOptions;
  readonly connection: ConnectionOptions;
  /** Default: none in advance. */
  readonly preconnect: Preconnect;
  /** Clients do not share upstream connections. Default false. */
  readonly connectionPoolPerDownstreamConnection: boolean;
  readonly transportSocket: TransportSocket;
  /** Hosts with certain labels have another one. Default none. */
  readonly transportSocketMatches: readonly TransportSocketMatch[];
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
