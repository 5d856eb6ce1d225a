// Made by tools/generate-types.mjs from schemas/istio.json: Istio's Sidecar. Do not edit.

export interface SidecarSpec {
  readonly egress?: readonly SidecarEgress[];
  readonly inboundConnectionPool?: SidecarInboundConnectionPool;
  readonly ingress?: readonly SidecarIngress[];
  readonly outboundTrafficPolicy?: SidecarOutboundTrafficPolicy;
  readonly workloadSelector?: SidecarWorkloadSelector;
}

export interface SidecarEgress {
  readonly bind?: string;
  readonly captureMode?: 'DEFAULT' | 'IPTABLES' | 'NONE';
  readonly hosts: readonly string[];
  readonly port?: SidecarEgressPort;
}

export interface SidecarInboundConnectionPool {
  readonly http?: SidecarInboundConnectionPoolHttp;
  readonly tcp?: SidecarInboundConnectionPoolTcp;
}

export interface SidecarIngress {
  readonly bind?: string;
  readonly captureMode?: 'DEFAULT' | 'IPTABLES' | 'NONE';
  readonly connectionPool?: SidecarInboundConnectionPool;
  readonly defaultEndpoint?: string;
  readonly port: SidecarEgressPort;
  readonly tls?: SidecarIngressTls;
}

export interface SidecarOutboundTrafficPolicy {
  readonly egressProxy?: SidecarOutboundTrafficPolicyEgressProxy;
  readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY';
}

export interface SidecarWorkloadSelector {
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SidecarEgressPort {
  readonly name?: string;
  readonly number?: number;
  readonly protocol?: string;
  readonly targetPort?: number;
}

export interface SidecarInboundConnectionPoolHttp {
  readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE';
  readonly http1MaxPendingRequests?: number;
  readonly http2KeepAlive?: SidecarInboundConnectionPoolHttpHttp2KeepAlive;
  readonly http2MaxRequests?: number;
  readonly idleTimeout?: string;
  readonly maxConcurrentStreams?: number;
  readonly maxRequestsPerConnection?: number;
  readonly maxRetries?: number;
  readonly useClientProtocol?: boolean;
}

export interface SidecarInboundConnectionPoolTcp {
  readonly connectTimeout?: string;
  readonly idleTimeout?: string;
  readonly maxConnectionDuration?: string;
  readonly maxConnections?: number;
  readonly tcpKeepalive?: SidecarInboundConnectionPoolTcpTcpKeepalive;
}

export interface SidecarIngressTls {
  readonly caCertCredentialName?: string;
  readonly caCertificates?: string;
  readonly caCrl?: string;
  readonly cipherSuites?: readonly string[];
  readonly credentialName?: string;
  readonly credentialNames?: readonly string[];
  readonly httpsRedirect?: boolean;
  readonly insecureSkipVerify?: boolean;
  readonly maxProtocolVersion?: 'TLS_AUTO' | 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';
  readonly minProtocolVersion?: 'TLS_AUTO' | 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';
  readonly mode?: 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'AUTO_PASSTHROUGH' | 'ISTIO_MUTUAL' | 'OPTIONAL_MUTUAL';
  readonly privateKey?: string;
  readonly serverCertificate?: string;
  readonly subjectAltNames?: readonly string[];
  readonly tlsCertificates?: readonly SidecarIngressTlsTlsCertificate[];
  readonly verifyCertificateHash?: readonly string[];
  readonly verifyCertificateSpki?: readonly string[];
}

export interface SidecarOutboundTrafficPolicyEgressProxy {
  readonly host: string;
  readonly port?: SidecarOutboundTrafficPolicyEgressProxyPort;
  readonly subset?: string;
}

export interface SidecarInboundConnectionPoolHttpHttp2KeepAlive {
  readonly interval?: string;
  readonly timeout?: string;
}

export interface SidecarInboundConnectionPoolTcpTcpKeepalive {
  readonly interval?: string;
  readonly probes?: number;
  readonly time?: string;
}

export interface SidecarIngressTlsTlsCertificate {
  readonly caCertificates?: string;
  readonly privateKey?: string;
  readonly serverCertificate?: string;
}

export interface SidecarOutboundTrafficPolicyEgressProxyPort {
  readonly number?: number;
}
