import type { FieldSupport, KindSupport } from '@weft/api-kube';

const under = (prefix: string, ...fields: FieldSupport): FieldSupport[number][] =>
  fields.map((one) => (typeof one === 'string' ? `${prefix}.${one}` : { ...one, field: `${prefix}.${one.field}` }));

const CONNECTION_POOL: FieldSupport = [
  'tcp.maxConnections',
  'tcp.connectTimeout',
  'tcp.tcpKeepalive.time',
  ...under('http', 'http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection', 'maxRetries', 'idleTimeout',
    'h2UpgradePolicy', 'useClientProtocol', 'maxConcurrentStreams', 'http2KeepAlive.interval', 'http2KeepAlive.timeout'),
]; // prettier-ignore

const TRAFFIC_POLICY: FieldSupport = [
  ...under('connectionPool', ...CONNECTION_POOL),
  'loadBalancer.simple=UNSPECIFIED|ROUND_ROBIN|RANDOM|LEAST_REQUEST|LEAST_CONN',
  ...under('tls', 'mode', 'clientCertificate', 'privateKey', 'caCertificates', 'caCrl', 'credentialName', 'subjectAltNames', 'sni',
    'insecureSkipVerify'),
]; // prettier-ignore

const RULE_POLICY: FieldSupport = [
  ...TRAFFIC_POLICY,
  'retryBudget.percent',
  'retryBudget.minRetryConcurrency',
  'portLevelSettings.port.number',
  ...under('portLevelSettings', ...TRAFFIC_POLICY),
];

const STREAM_MATCH = [
  'match.port',
  'match.gateways',
  'match.sourceLabels.*',
  'match.sourceNamespace',
  'route.*',
] as const;

const MODIFIERS = ['requestHeaderModifier.*', 'responseHeaderModifier.*'] as const;
const HTTP_FILTERS = [
  'type=RequestHeaderModifier|ResponseHeaderModifier|RequestRedirect|URLRewrite|CORS', ...MODIFIERS, 'requestRedirect.*', 'urlRewrite.*',
  'cors.*',
] as const; // prettier-ignore
const BACKEND_FILTERS = ['type=RequestHeaderModifier|ResponseHeaderModifier', ...MODIFIERS] as const;
const BACKEND_REF = ['group', 'kind', 'name', 'namespace', 'port', 'weight'] as const;

const NETWORK = {
  field: 'network',
  why: 'is of no use: all workloads of a mesh reach each other, it has no gateways between networks',
};
const WORKLOAD: FieldSupport = ['address', 'labels.*', 'locality', 'ports.*', 'serviceAccount', 'weight', NETWORK];

/** Services and GatewayClasses are the targets of waypoints. */
const TARGET_REF = ['group', 'kind=Gateway', 'name', 'namespace'] as const;

/** Conditions that `conditionOf` translates: those on claims of a JWT wait for somebody who verifies one. */
const WHEN_KEYS = ['source.ip', 'remote.ip', 'source.namespace', 'source.trustDomain', 'source.principal', 'source.serviceAccount',
  'destination.ip', 'destination.port', 'connection.sni', 'request.headers[*', 'experimental.envoy.filters.*'] as const; // prettier-ignore

/** Of Istio's MeshConfig. Trust domain and root namespace are the control plane's flags; here they may say the same. */
const MESH_CONFIG = under('mesh', 'accessLogFile', 'enableTracing', 'enableAutoMtls', 'trustDomain', 'rootNamespace',
  'outboundTrafficPolicy.mode=ALLOW_ANY|REGISTRY_ONLY', 'defaultProviders.tracing', 'defaultConfig.tracing.sampling',
  'defaultConfig.tracing.zipkin.address', 'defaultConfig.runtimeValues.*', 'enableEnvoyAccessLogService',
  'defaultConfig.envoyAccessLogService.address', 'defaultConfig.envoyMetricsService.address',
  'defaultConfig.statsdUdpAddress',
  ...under('extensionProviders', 'name', 'envoyExtAuthzHttp.*', 'envoyExtAuthzGrpc.*', 'zipkin.service', 'zipkin.port'),
); // prettier-ignore

/**
 * What of each kind has an effect, for the loader and the command line: the other fields are refused by name, since
 * they come with a later version, or for the reason that stands beside them. docs/translation.md says which becomes what.
 */
export const translationSupport: KindSupport = {
  'networking.istio.io/VirtualService': [
    'hosts', 'gateways', 'exportTo',
    ...under('http', 'name', 'match.name', 'match.uri.*', 'match.scheme.*', 'match.method.*', 'match.authority.*', 'match.headers.*',
      'match.withoutHeaders.*', 'match.queryParams.*', 'match.port', 'match.sourceLabels.*', 'match.sourceNamespace',
      'match.gateways', 'match.ignoreUriCase', 'route.*', 'redirect.*', 'directResponse.*', 'rewrite.*', 'corsPolicy.*', 'delegate.*', 'timeout',
      'retries.attempts', 'retries.perTryTimeout', 'retries.retryOn', 'retries.backoff', 'retries.retryIgnorePreviousHosts',
      'headers.*'),
    ...under('tcp', ...STREAM_MATCH),
    ...under('tls', 'match.sniHosts', ...STREAM_MATCH),
  ],
  'networking.istio.io/DestinationRule': [
    'host', 'exportTo', 'workloadSelector.*', ...under('trafficPolicy', ...RULE_POLICY),
    'subsets.name', 'subsets.labels.*', ...under('subsets.trafficPolicy', ...RULE_POLICY),
  ],
  'networking.istio.io/Gateway': [
    'selector.*', 'servers.name', 'servers.port.*', 'servers.hosts', 'servers.bind',
    ...under('servers.tls', 'mode=PASSTHROUGH|SIMPLE|MUTUAL|ISTIO_MUTUAL|OPTIONAL_MUTUAL', 'httpsRedirect', 'credentialName',
      'credentialNames', 'caCertCredentialName', 'serverCertificate', 'privateKey', 'caCertificates', 'caCrl', 'subjectAltNames',
      'verifyCertificateHash', 'verifyCertificateSpki', 'minProtocolVersion', 'maxProtocolVersion', 'cipherSuites'),
  ],
  'networking.istio.io/Sidecar': [
    'workloadSelector.*', ...under('egress', 'hosts', 'bind', 'captureMode', 'port.number', 'port.name', 'port.protocol'),
    ...under('ingress', 'port.number', 'port.name', 'port.protocol', 'bind', 'captureMode', 'defaultEndpoint',
      ...under('connectionPool', ...CONNECTION_POOL),
      ...under('tls', 'mode', 'serverCertificate', 'privateKey', 'caCertificates', 'caCrl', 'verifyCertificateHash',
        'verifyCertificateSpki', 'minProtocolVersion', 'maxProtocolVersion', 'cipherSuites')),
    ...under('inboundConnectionPool', ...CONNECTION_POOL), 'outboundTrafficPolicy.mode',
  ],
  'networking.istio.io/ServiceEntry': [
    'hosts', 'addresses', 'ports.*', 'location', 'resolution=NONE|STATIC|DNS|DNS_ROUND_ROBIN', ...under('endpoints', ...WORKLOAD),
    'workloadSelector.*', 'exportTo', 'subjectAltNames',
  ],
  'networking.istio.io/WorkloadEntry': WORKLOAD,
  'networking.istio.io/WorkloadGroup': [
    'metadata.labels.*', 'metadata.annotations.*', 'probe.*',
    ...under('template', 'labels.*', 'locality', 'ports.*', 'serviceAccount', 'weight', NETWORK, {
      field: 'address',
      why: 'is of no use: each workload says its own (weft run --address)',
    }),
  ],
  'security.istio.io/PeerAuthentication': ['*'],
  'security.istio.io/AuthorizationPolicy': [
    'selector.*', ...under('targetRef', ...TARGET_REF), ...under('targetRefs', ...TARGET_REF), 'action', 'provider.name',
    ...under('rules.from.source', 'principals', 'notPrincipals', 'namespaces', 'notNamespaces', 'serviceAccounts',
      'notServiceAccounts', 'trustDomains', 'notTrustDomains', 'ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'),
    'rules.to.*', `rules.when.key=${WHEN_KEYS.join('|')}`, 'rules.when.values', 'rules.when.notValues',
  ],
  'gateway.networking.k8s.io/HTTPRoute': [
    'parentRefs.*', 'hostnames', 'rules.name', 'rules.matches.*', ...under('rules.filters', ...HTTP_FILTERS),
    ...under('rules.backendRefs', ...BACKEND_REF), ...under('rules.backendRefs.filters', ...BACKEND_FILTERS),
    'rules.timeouts.*', 'rules.retry.*',
  ],
  'gateway.networking.k8s.io/GRPCRoute': [
    'parentRefs.*', 'hostnames', 'rules.name', 'rules.matches.*', ...under('rules.filters', ...BACKEND_FILTERS),
    ...under('rules.backendRefs', ...BACKEND_REF), ...under('rules.backendRefs.filters', ...BACKEND_FILTERS),
  ],
  'gateway.networking.k8s.io/Gateway': [
    'gatewayClassName', 'listeners.name', 'listeners.hostname', 'listeners.port', 'listeners.protocol=HTTP|HTTPS|TLS|TCP',
    'listeners.tls.mode', 'listeners.tls.certificateRefs.*', 'listeners.allowedRoutes.*',
  ],
  'gateway.networking.k8s.io/GatewayClass': ['controllerName', 'description'],
  'gateway.networking.k8s.io/ReferenceGrant': ['*'],
  'linkerd.io/ServiceProfile': [
    'routes.name', 'routes.condition.method', 'routes.condition.pathRegex', 'routes.isRetryable', 'routes.timeout', 'retryBudget.*',
  ],
  '/Service': ['*'],
  '/Namespace': ['*'],
  '/Secret': ['*'],
  '/ServiceAccount': ['*'],
  '/ConfigMap': MESH_CONFIG,
}; // prettier-ignore
