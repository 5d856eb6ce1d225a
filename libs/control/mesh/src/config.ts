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
  /** Every proxy sends its spans there. Absent: nobody makes any. Source: MeshConfig.defaultConfig.tracing. */
  readonly tracing?: MeshTracing;
  /** Where proxies log what they served: a path, or `/dev/stdout`. Absent: nowhere. Source: MeshConfig.accessLogFile. */
  readonly accessLogFile?: string;
  /** Calls of services that speak Redis go by command, not as bytes, and are counted by command. Default false. Source: Istio's PILOT_ENABLE_REDIS_FILTER. */
  readonly redisFilter?: boolean;
}

/** A Zipkin, or who speaks its API. */
export interface MeshTracing {
  readonly host: string;
  readonly port: number;
  /** Of calls that come without a decision, in percent. */
  readonly samplingPercent: number;
}

export const DEFAULT_MESH_CONFIG: MeshConfig = Object.freeze({
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  domainSuffix: 'cluster.local',
  outboundTrafficPolicy: 'ALLOW_ANY',
});
