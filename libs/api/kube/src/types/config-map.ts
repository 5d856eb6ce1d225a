// Made by tools/generate-types.mjs from schemas/mesh.json: Istio's ConfigMap. Do not edit.

export interface ConfigMapSpec {
  readonly immutable?: boolean;
  readonly data?: ConfigMapData;
}

export interface ConfigMapData {
  readonly mesh?: MeshConfigSpec;
  readonly meshNetworks?: string;
}

export interface MeshConfigSpec {
  readonly proxyListenPort?: number;
  readonly proxyInboundListenPort?: number;
  readonly proxyHttpPort?: number;
  readonly connectTimeout?: string;
  readonly hboneIdleTimeout?: string;
  readonly protocolDetectionTimeout?: string;
  readonly tcpKeepalive?: Readonly<Record<string, unknown>>;
  readonly ingressClass?: string;
  readonly ingressService?: string;
  readonly ingressControllerMode?: 'UNSPECIFIED' | 'OFF' | 'DEFAULT' | 'STRICT';
  readonly ingressSelector?: string;
  readonly enableTracing?: boolean;
  readonly accessLogFile?: string;
  readonly accessLogFormat?: string;
  readonly accessLogEncoding?: 'TEXT' | 'JSON';
  readonly enableEnvoyAccessLogService?: boolean;
  readonly disableEnvoyListenerLog?: boolean;
  readonly defaultConfig?: MeshDefaultConfig;
  readonly outboundTrafficPolicy?: MeshOutboundTrafficPolicy;
  readonly inboundTrafficPolicy?: MeshInboundTrafficPolicy;
  readonly configSources?: readonly MeshConfigSource[];
  readonly enableAutoMtls?: boolean;
  readonly trustDomain?: string;
  readonly trustDomainAliases?: readonly string[];
  readonly caCertificates?: readonly MeshCaCertificate[];
  readonly defaultServiceExportTo?: readonly string[];
  readonly defaultVirtualServiceExportTo?: readonly string[];
  readonly defaultDestinationRuleExportTo?: readonly string[];
  readonly rootNamespace?: string;
  readonly localityLbSetting?: Readonly<Record<string, unknown>>;
  readonly zoneAwareLbSetting?: Readonly<Record<string, unknown>>;
  readonly dnsRefreshRate?: string;
  readonly h2UpgradePolicy?: 'DO_NOT_UPGRADE' | 'UPGRADE';
  readonly inboundClusterStatName?: string;
  readonly outboundClusterStatName?: string;
  readonly certificates?: readonly MeshCertificate[];
  readonly serviceSettings?: readonly MeshServiceSetting[];
  readonly serviceScopeConfigs?: readonly MeshServiceScopeConfig[];
  readonly enablePrometheusMerge?: boolean;
  readonly verifyCertificateAtClient?: boolean;
  readonly ca?: MeshCa;
  readonly extensionProviders?: readonly MeshExtensionProvider[];
  readonly defaultProviders?: MeshDefaultProviders;
  readonly discoverySelectors?: readonly MeshDiscoverySelector[];
  readonly pathNormalization?: MeshPathNormalization;
  readonly defaultHttpRetryPolicy?: Readonly<Record<string, unknown>>;
  readonly meshMTLS?: MeshMeshMTLS;
  readonly tlsDefaults?: MeshMeshMTLS;
  readonly defaultTrafficPolicy?: MeshDefaultTrafficPolicy;
  readonly serviceEntryVisibility?: Readonly<Record<string, unknown>>;
}

export interface MeshDefaultConfig {
  readonly configPath?: string;
  readonly binaryPath?: string;
  readonly serviceCluster?: string;
  readonly tracingServiceName?: 'APP_LABEL_AND_NAMESPACE' | 'CANONICAL_NAME_ONLY' | 'CANONICAL_NAME_AND_NAMESPACE';
  readonly drainDuration?: string;
  readonly discoveryAddress?: string;
  readonly discoveryRefreshDelay?: string;
  readonly zipkinAddress?: string;
  readonly statsdUdpAddress?: string;
  readonly envoyMetricsServiceAddress?: string;
  readonly proxyAdminPort?: number;
  readonly availabilityZone?: string;
  readonly controlPlaneAuthPolicy?: 'NONE' | 'MUTUAL_TLS' | 'INHERIT';
  readonly customConfigFile?: string;
  readonly statNameLength?: number;
  readonly concurrency?: number;
  readonly proxyBootstrapTemplatePath?: string;
  readonly interceptionMode?: 'REDIRECT' | 'TPROXY' | 'NONE';
  readonly tracing?: MeshDefaultConfigTracing;
  readonly sds?: MeshDefaultConfigSds;
  readonly envoyAccessLogService?: MeshDefaultConfigEnvoyAccessLogService;
  readonly envoyMetricsService?: MeshDefaultConfigEnvoyAccessLogService;
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  readonly runtimeValues?: Readonly<Record<string, string>>;
  readonly statusPort?: number;
  readonly extraStatTags?: readonly string[];
  readonly gatewayTopology?: MeshDefaultConfigGatewayTopology;
  readonly terminationDrainDuration?: string;
  readonly meshId?: string;
  readonly readinessProbe?: Readonly<Record<string, unknown>>;
  readonly proxyStatsMatcher?: MeshDefaultConfigProxyStatsMatcher;
  readonly holdApplicationUntilProxyStarts?: boolean;
  readonly caCertificatesPem?: readonly string[];
  readonly image?: Readonly<Record<string, unknown>>;
  readonly privateKeyProvider?: Readonly<Record<string, unknown>>;
  readonly proxyHeaders?: Readonly<Record<string, unknown>>;
  readonly fileFlushInterval?: string;
  readonly fileFlushMinSizeKb?: number;
  readonly statsCompression?: boolean;
  readonly connectionSettings?: Readonly<Record<string, unknown>>;
}

export interface MeshOutboundTrafficPolicy {
  readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY' | 'ALLOW_ANY_DYNAMIC_DNS';
  readonly tls?: Readonly<Record<string, unknown>>;
}

export interface MeshInboundTrafficPolicy {
  readonly mode?: 'PASSTHROUGH' | 'LOCALHOST';
}

export interface MeshConfigSource {
  readonly address?: string;
  readonly tlsSettings?: Readonly<Record<string, unknown>>;
  readonly subscribedResources?: readonly 'SERVICE_REGISTRY'[];
}

export interface MeshCaCertificate {
  readonly pem?: string;
  readonly spiffeBundleUrl?: string;
  readonly certSigners?: readonly string[];
  readonly trustDomains?: readonly string[];
}

export interface MeshCertificate {
  readonly secretName?: string;
  readonly dnsNames?: readonly string[];
}

export interface MeshServiceSetting {
  readonly settings?: MeshServiceSettingSettings;
  readonly hosts?: readonly string[];
}

export interface MeshServiceScopeConfig {
  readonly namespaceSelector?: MeshDiscoverySelector;
  readonly servicesSelector?: MeshDiscoverySelector;
  readonly scope?: 'LOCAL' | 'GLOBAL';
}

export interface MeshCa {
  readonly address?: string;
  readonly tlsSettings?: Readonly<Record<string, unknown>>;
  readonly requestTimeout?: string;
  readonly istiodSide?: boolean;
}

export interface MeshExtensionProvider {
  readonly name?: string;
  readonly envoyExtAuthzHttp?: MeshExtensionProviderEnvoyExtAuthzHttp;
  readonly envoyExtAuthzGrpc?: MeshExtensionProviderEnvoyExtAuthzGrpc;
  readonly zipkin?: MeshExtensionProviderZipkin;
  readonly lightstep?: Readonly<Record<string, unknown>>;
  readonly datadog?: Readonly<Record<string, unknown>>;
  readonly stackdriver?: Readonly<Record<string, unknown>>;
  readonly opencensus?: Readonly<Record<string, unknown>>;
  readonly skywalking?: Readonly<Record<string, unknown>>;
  readonly opentelemetry?: Readonly<Record<string, unknown>>;
  readonly prometheus?: Readonly<Record<string, never>>;
  readonly envoyFileAccessLog?: MeshExtensionProviderEnvoyFileAccessLog;
  readonly envoyHttpAls?: MeshExtensionProviderEnvoyHttpAls;
  readonly envoyTcpAls?: MeshExtensionProviderEnvoyTcpAls;
  readonly envoyOtelAls?: Readonly<Record<string, unknown>>;
  readonly sds?: MeshExtensionProviderSds;
}

export interface MeshDefaultProviders {
  readonly tracing?: readonly string[];
  readonly metrics?: readonly string[];
  readonly accessLogging?: readonly string[];
}

export interface MeshDiscoverySelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly MeshDiscoverySelectorMatchExpression[];
}

export interface MeshPathNormalization {
  readonly normalization?: 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';
}

export interface MeshMeshMTLS {
  readonly minProtocolVersion?: 'TLS_AUTO' | 'TLSV1_2' | 'TLSV1_3';
  readonly ecdhCurves?: readonly string[];
  readonly cipherSuites?: readonly string[];
}

export interface MeshDefaultTrafficPolicy {
  readonly connectionPool?: Readonly<Record<string, unknown>>;
  readonly outlierDetection?: Readonly<Record<string, unknown>>;
}

export interface MeshDefaultConfigTracing {
  readonly zipkin?: MeshDefaultConfigTracingZipkin;
  readonly lightstep?: Readonly<Record<string, unknown>>;
  readonly datadog?: Readonly<Record<string, unknown>>;
  readonly stackdriver?: Readonly<Record<string, unknown>>;
  readonly openCensusAgent?: Readonly<Record<string, unknown>>;
  readonly customTags?: Readonly<Record<string, MeshDefaultConfigTracingCustomTag>>;
  readonly maxPathTagLength?: number;
  readonly sampling?: number;
  readonly tlsSettings?: Readonly<Record<string, unknown>>;
  readonly enableIstioTags?: boolean;
}

export interface MeshDefaultConfigSds {
  readonly enabled?: boolean;
  readonly k8sSaJwtPath?: string;
}

export interface MeshDefaultConfigEnvoyAccessLogService {
  readonly address?: string;
  readonly tlsSettings?: Readonly<Record<string, unknown>>;
  readonly tcpKeepalive?: Readonly<Record<string, unknown>>;
}

export interface MeshDefaultConfigGatewayTopology {
  readonly numTrustedProxies?: number;
  readonly forwardClientCertDetails?:
    'UNDEFINED' | 'SANITIZE' | 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';
  readonly proxyProtocol?: Readonly<Record<string, never>>;
}

export interface MeshDefaultConfigProxyStatsMatcher {
  readonly inclusionPrefixes?: readonly string[];
  readonly inclusionSuffixes?: readonly string[];
  readonly inclusionRegexps?: readonly string[];
}

export interface MeshServiceSettingSettings {
  readonly clusterLocal?: boolean;
}

export interface MeshExtensionProviderEnvoyExtAuthzHttp {
  readonly service?: string;
  readonly port?: number;
  readonly timeout?: string;
  readonly pathPrefix?: string;
  readonly failOpen?: boolean;
  readonly clearRouteCache?: boolean;
  readonly statusOnError?: string;
  readonly includeHeadersInCheck?: readonly string[];
  readonly includeRequestHeadersInCheck?: readonly string[];
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>;
  readonly includeRequestBodyInCheck?: MeshExtensionProviderEnvoyExtAuthzHttpIncludeRequestBodyInCheck;
  readonly headersToUpstreamOnAllow?: readonly string[];
  readonly headersToDownstreamOnDeny?: readonly string[];
  readonly headersToDownstreamOnAllow?: readonly string[];
}

export interface MeshExtensionProviderEnvoyExtAuthzGrpc {
  readonly service?: string;
  readonly port?: number;
  readonly timeout?: string;
  readonly failOpen?: boolean;
  readonly clearRouteCache?: boolean;
  readonly statusOnError?: string;
  readonly includeRequestBodyInCheck?: MeshExtensionProviderEnvoyExtAuthzHttpIncludeRequestBodyInCheck;
}

export interface MeshExtensionProviderZipkin {
  readonly service?: string;
  readonly port?: number;
  readonly maxTagLength?: number;
  readonly enable64bitTraceId?: boolean;
  readonly path?: string;
  readonly traceContextOption?: 'USE_B3' | 'USE_B3_WITH_W3C_PROPAGATION';
  readonly timeout?: string;
  readonly headers?: readonly MeshExtensionProviderZipkinHeader[];
}

export interface MeshExtensionProviderEnvoyFileAccessLog {
  readonly path?: string;
  readonly logFormat?: MeshExtensionProviderEnvoyFileAccessLogLogFormat;
  readonly omitEmptyValues?: boolean;
}

export interface MeshExtensionProviderEnvoyHttpAls {
  readonly service?: string;
  readonly port?: number;
  readonly logName?: string;
  readonly filterStateObjectsToLog?: readonly string[];
  readonly additionalRequestHeadersToLog?: readonly string[];
  readonly additionalResponseHeadersToLog?: readonly string[];
  readonly additionalResponseTrailersToLog?: readonly string[];
}

export interface MeshExtensionProviderEnvoyTcpAls {
  readonly service?: string;
  readonly port?: number;
  readonly logName?: string;
  readonly filterStateObjectsToLog?: readonly string[];
}

export interface MeshExtensionProviderSds {
  readonly name?: string;
  readonly service?: string;
  readonly port?: number;
}

export interface MeshDiscoverySelectorMatchExpression {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export interface MeshDefaultConfigTracingZipkin {
  readonly address?: string;
}

export interface MeshDefaultConfigTracingCustomTag {
  readonly literal?: MeshDefaultConfigTracingCustomTagLiteral;
  readonly environment?: MeshDefaultConfigTracingCustomTagEnvironment;
  readonly header?: MeshDefaultConfigTracingCustomTagEnvironment;
}

export interface MeshExtensionProviderEnvoyExtAuthzHttpIncludeRequestBodyInCheck {
  readonly maxRequestBytes?: number;
  readonly allowPartialMessage?: boolean;
  readonly packAsBytes?: boolean;
}

export interface MeshExtensionProviderZipkinHeader {
  readonly name?: string;
  readonly value?: string;
  readonly envName?: string;
}

export interface MeshExtensionProviderEnvoyFileAccessLogLogFormat {
  readonly text?: string;
  readonly labels?: Readonly<Record<string, unknown>>;
}

export interface MeshDefaultConfigTracingCustomTagLiteral {
  readonly value?: string;
}

export interface MeshDefaultConfigTracingCustomTagEnvironment {
  readonly name?: string;
  readonly defaultValue?: string;
}
