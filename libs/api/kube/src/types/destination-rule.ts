// Made by tools/generate-types.mjs from schemas/istio.json: Istio's DestinationRule. Do not edit.

export interface DestinationRuleSpec {
  readonly exportTo?: readonly string[];
  readonly host: string;
  readonly subsets?: readonly DestinationRuleSubset[];
  readonly trafficPolicy?: DestinationRuleTrafficPolicy;
  readonly workloadSelector?: DestinationRuleWorkloadSelector;
}

export interface DestinationRuleSubset {
  readonly labels?: Readonly<Record<string, string>>;
  readonly name: string;
  readonly trafficPolicy?: DestinationRuleTrafficPolicy;
}

export interface DestinationRuleTrafficPolicy {
  readonly connectionPool?: DestinationRuleConnectionPool;
  readonly loadBalancer?: DestinationRuleLoadBalancer;
  readonly outlierDetection?: DestinationRuleOutlierDetection;
  readonly portLevelSettings?: readonly DestinationRulePortLevelSetting[];
  readonly proxyProtocol?: DestinationRuleProxyProtocol;
  readonly retryBudget?: DestinationRuleRetryBudget;
  readonly tls?: DestinationRuleTls;
  readonly tunnel?: DestinationRuleTunnel;
}

export interface DestinationRuleWorkloadSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface DestinationRuleConnectionPool {
  readonly http?: DestinationRuleConnectionPoolHttp;
  readonly tcp?: DestinationRuleConnectionPoolTcp;
}

export interface DestinationRuleLoadBalancer {
  readonly consistentHash?: DestinationRuleLoadBalancerConsistentHash;
  readonly localityLbSetting?: DestinationRuleLoadBalancerLocalityLbSetting;
  readonly simple?: 'UNSPECIFIED' | 'LEAST_CONN' | 'RANDOM' | 'PASSTHROUGH' | 'ROUND_ROBIN' | 'LEAST_REQUEST';
  readonly warmup?: DestinationRuleLoadBalancerWarmup;
  readonly warmupDurationSecs?: string;
  readonly zoneAwareLbSetting?: DestinationRuleLoadBalancerZoneAwareLbSetting;
}

export interface DestinationRuleOutlierDetection {
  readonly baseEjectionTime?: string;
  readonly consecutive5xxErrors?: number;
  readonly consecutiveErrors?: number;
  readonly consecutiveGatewayErrors?: number;
  readonly consecutiveLocalOriginFailures?: number;
  readonly interval?: string;
  readonly maxEjectionPercent?: number;
  readonly minHealthPercent?: number;
  readonly outlierDetectionHttpErrorCodes?: readonly number[];
  readonly splitExternalLocalOriginErrors?: boolean;
}

export interface DestinationRulePortLevelSetting {
  readonly connectionPool?: DestinationRuleConnectionPool;
  readonly loadBalancer?: DestinationRuleLoadBalancer;
  readonly outlierDetection?: DestinationRuleOutlierDetection;
  readonly port?: DestinationRulePortSelector;
  readonly tls?: DestinationRuleTls;
}

export interface DestinationRuleProxyProtocol {
  readonly version?: 'V1' | 'V2';
}

export interface DestinationRuleRetryBudget {
  readonly budgetInterval?: string;
  readonly minRetryConcurrency?: number;
  readonly percent?: number;
}

export interface DestinationRuleTls {
  readonly caCertificates?: string;
  readonly caCrl?: string;
  readonly clientCertificate?: string;
  readonly credentialName?: string;
  readonly insecureSkipVerify?: boolean;
  readonly mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';
  readonly privateKey?: string;
  readonly sni?: string;
  readonly subjectAltNames?: readonly string[];
}

export interface DestinationRuleTunnel {
  readonly protocol?: string;
  readonly targetHost: string;
  readonly targetPort: number;
}

export interface DestinationRuleConnectionPoolHttp {
  readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE';
  readonly http1MaxPendingRequests?: number;
  readonly http2KeepAlive?: DestinationRuleConnectionPoolHttpHttp2KeepAlive;
  readonly http2MaxRequests?: number;
  readonly idleTimeout?: string;
  readonly maxConcurrentStreams?: number;
  readonly maxRequestsPerConnection?: number;
  readonly maxRetries?: number;
  readonly useClientProtocol?: boolean;
}

export interface DestinationRuleConnectionPoolTcp {
  readonly connectTimeout?: string;
  readonly idleTimeout?: string;
  readonly maxConnectionDuration?: string;
  readonly maxConnections?: number;
  readonly tcpKeepalive?: DestinationRuleConnectionPoolTcpTcpKeepalive;
}

export interface DestinationRuleLoadBalancerConsistentHash {
  readonly httpCookie?: DestinationRuleLoadBalancerConsistentHashHttpCookie;
  readonly httpHeaderName?: string;
  readonly httpQueryParameterName?: string;
  readonly maglev?: DestinationRuleLoadBalancerConsistentHashMaglev;
  readonly minimumRingSize?: number;
  readonly ringHash?: DestinationRuleLoadBalancerConsistentHashRingHash;
  readonly useSourceIp?: boolean;
}

export interface DestinationRuleLoadBalancerLocalityLbSetting {
  readonly distribute?: readonly DestinationRuleLoadBalancerLocalityLbSettingDistribute[];
  readonly enabled?: boolean;
  readonly failover?: readonly DestinationRuleLoadBalancerLocalityLbSettingFailover[];
  readonly failoverPriority?: readonly string[];
}

export interface DestinationRuleLoadBalancerWarmup {
  readonly aggression?: number;
  readonly duration: string;
  readonly minimumPercent?: number;
}

export interface DestinationRuleLoadBalancerZoneAwareLbSetting {
  readonly enabled?: boolean;
  readonly failover?: readonly DestinationRuleLoadBalancerLocalityLbSettingFailover[];
  readonly failoverPriority?: readonly string[];
  readonly minClusterSize?: number;
}

export interface DestinationRulePortSelector {
  readonly number?: number;
}

export interface DestinationRuleConnectionPoolHttpHttp2KeepAlive {
  readonly interval?: string;
  readonly timeout?: string;
}

export interface DestinationRuleConnectionPoolTcpTcpKeepalive {
  readonly interval?: string;
  readonly probes?: number;
  readonly time?: string;
}

export interface DestinationRuleLoadBalancerConsistentHashHttpCookie {
  readonly attributes?: readonly DestinationRuleLoadBalancerConsistentHashHttpCookieAttribute[];
  readonly name: string;
  readonly path?: string;
  readonly ttl?: string;
}

export interface DestinationRuleLoadBalancerConsistentHashMaglev {
  readonly tableSize?: number;
}

export interface DestinationRuleLoadBalancerConsistentHashRingHash {
  readonly minimumRingSize?: number;
}

export interface DestinationRuleLoadBalancerLocalityLbSettingDistribute {
  readonly from?: string;
  readonly to?: Readonly<Record<string, number>>;
}

export interface DestinationRuleLoadBalancerLocalityLbSettingFailover {
  readonly from?: string;
  readonly to?: string;
}

export interface DestinationRuleLoadBalancerConsistentHashHttpCookieAttribute {
  readonly name: string;
  readonly value?: string;
}
