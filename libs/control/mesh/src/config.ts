import type { MeshExtensionProvider } from '@weft/api-kube';

/** What holds for the whole mesh. */
export interface MeshConfig {
  /** Resources here are the mesh's defaults. Default `istio-system`. */
  readonly rootNamespace: string;
  /** The authority in `spiffe://…` identities. Default `cluster.local`. */
  readonly trustDomain: string;
  /** Default `cluster.local`. */
  readonly domainSuffix: string;
  /** What becomes of calls to hosts that nobody described. Default `ALLOW_ANY`. Source: OutboundTrafficPolicy.Mode. */
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /**
   * What a captured sidecar is told from the start, where no Sidecar resource says so and it can ask for the rest: nothing, the
   * services of its namespace, or all that its namespace may see. Default `declared`.
   */
  readonly scope?: 'declared' | 'namespace' | 'mesh';
  /** Every proxy sends its spans there. Absent: nobody makes any. Source: MeshConfig.defaultConfig.tracing. */
  readonly tracing?: MeshTracing;
  /** Where proxies log what they served: a path, or `/dev/stdout`. Absent: nowhere. Source: MeshConfig.accessLogFile. */
  readonly accessLogFile?: string;
  /** Where proxies send their access logs over gRPC. Absent: nowhere. Source: ProxyConfig.envoyAccessLogService. */
  readonly accessLogService?: ReportService;
  /** Where proxies that start from now on send their stats over gRPC. Absent: nowhere. Source: ProxyConfig.envoyMetricsService. */
  readonly metricsService?: ReportService;
  /** The statsd that proxies that start from now on tell their stats over UDP: `host:port`. Absent: none. Source: ProxyConfig.statsdUdpAddress. */
  readonly statsdUdpAddress?: string;
  /** A layer of every proxy's runtime. Default: an empty one. Source: ProxyConfig.runtimeValues. */
  readonly runtimeValues?: Readonly<Record<string, string>>;
  /** Calls of services that speak Redis go by command, not as bytes, and are counted by command. Default false. Source: Istio's PILOT_ENABLE_REDIS_FILTER. */
  readonly redisFilter?: boolean;
  /** Sidecars use mutual TLS with each other where nobody says otherwise. Default true. Source: MeshConfig.enableAutoMtls. */
  readonly autoMtls?: boolean;
  /** Who may be asked or told something, by name; what is written of them was checked. Source: MeshConfig.extensionProviders. */
  readonly extensionProviders?: readonly MeshExtensionProvider[];
}

/** A server of reports: the control plane that a proxy takes its configuration from, or another one, in plaintext. */
export type ReportService = 'control-plane' | { readonly host: string; readonly port: number };

/** A Zipkin, or who speaks its API. */
export interface MeshTracing {
  /** A name or address; of a service of the mesh, `[namespace/]host` as MeshConfig names it. */
  readonly host: string;
  readonly port: number;
  /** It is a service of the mesh. */
  readonly inMesh?: boolean;
  /** Of calls that come without a decision, in percent. */
  readonly samplingPercent: number;
}

export const DEFAULT_MESH_CONFIG: MeshConfig = Object.freeze({
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  domainSuffix: 'cluster.local',
  outboundTrafficPolicy: 'ALLOW_ANY',
});
