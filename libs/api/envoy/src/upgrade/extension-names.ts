/** An extension by its name of today, its type, and the names it had. */
interface Extension {
  readonly name: string;
  readonly type: string;
  readonly older: readonly string[];
  /** The type of its settings for one route, where it had some in v2. */
  readonly perRoute?: string;
}

const HTTP = 'envoy.extensions.filters.http';
const NETWORK = 'envoy.extensions.filters.network';
const LISTENER = 'envoy.extensions.filters.listener';

function httpFilter(
  folder: string,
  message: string,
  more: { readonly older?: string; readonly perRoute?: string } = {},
): Extension {
  const perRoute = more.perRoute === undefined ? {} : { perRoute: `${HTTP}.${folder}.v3.${more.perRoute}` };
  return {
    name: `envoy.filters.http.${folder}`,
    type: `${HTTP}.${folder}.v3.${message}`,
    older: [more.older ?? `envoy.${folder}`],
    ...perRoute,
  };
}

function networkFilter(folder: string, message: string): Extension {
  return {
    name: `envoy.filters.network.${folder}`,
    type: `${NETWORK}.${folder}.v3.${message}`,
    older: [`envoy.${folder}`],
  };
}

function listenerFilter(folder: string, message: string): Extension {
  return {
    name: `envoy.filters.listener.${folder}`,
    type: `${LISTENER}.${folder}.v3.${message}`,
    older: [`envoy.listener.${folder}`],
  };
}

function extension(name: string, type: string, ...older: string[]): Extension {
  return { name, type, older };
}

const TRACERS: readonly Extension[] = [
  extension('envoy.tracers.zipkin', 'envoy.config.trace.v3.ZipkinConfig', 'envoy.zipkin'),
  extension('envoy.tracers.lightstep', 'envoy.config.trace.v3.LightstepConfig', 'envoy.lightstep'),
  extension('envoy.tracers.dynamic_ot', 'envoy.config.trace.v3.DynamicOtConfig', 'envoy.dynamic.ot'),
  extension('envoy.tracers.datadog', 'envoy.config.trace.v3.DatadogConfig'),
  extension('envoy.tracers.xray', 'envoy.config.trace.v3.XRayConfig'),
];

/** The extensions that older configurations name, by the message that names them. */
const EXTENSIONS: Readonly<Record<string, readonly Extension[]>> = {
  [`${NETWORK}.http_connection_manager.v3.HttpFilter`]: [
    httpFilter('router', 'Router'),
    httpFilter('cors', 'Cors', { perRoute: 'CorsPolicy' }),
    httpFilter('buffer', 'Buffer', { perRoute: 'BufferPerRoute' }),
    httpFilter('csrf', 'CsrfPolicy', { perRoute: 'CsrfPolicy' }),
    httpFilter('ext_authz', 'ExtAuthz', { perRoute: 'ExtAuthzPerRoute' }),
    httpFilter('fault', 'HTTPFault', { perRoute: 'HTTPFault' }),
    httpFilter('grpc_http1_bridge', 'Config'),
    httpFilter('grpc_json_transcoder', 'GrpcJsonTranscoder', { perRoute: 'GrpcJsonTranscoder' }),
    httpFilter('grpc_stats', 'FilterConfig'),
    httpFilter('grpc_web', 'GrpcWeb'),
    httpFilter('gzip', 'Gzip'),
    httpFilter('header_to_metadata', 'Config'),
    httpFilter('health_check', 'HealthCheck'),
    httpFilter('ip_tagging', 'IPTagging'),
    httpFilter('jwt_authn', 'JwtAuthentication'),
    httpFilter('lua', 'Lua', { perRoute: 'LuaPerRoute' }),
    httpFilter('ratelimit', 'RateLimit', { older: 'envoy.rate_limit', perRoute: 'RateLimitPerRoute' }),
    httpFilter('rbac', 'RBAC', { perRoute: 'RBACPerRoute' }),
    httpFilter('tap', 'Tap'),
  ],
  'envoy.config.listener.v3.Filter': [
    networkFilter('http_connection_manager', 'HttpConnectionManager'),
    networkFilter('tcp_proxy', 'TcpProxy'),
    networkFilter('echo', 'Echo'),
    networkFilter('ext_authz', 'ExtAuthz'),
    networkFilter('mongo_proxy', 'MongoProxy'),
    networkFilter('ratelimit', 'RateLimit'),
    networkFilter('rbac', 'RBAC'),
    networkFilter('redis_proxy', 'RedisProxy'),
    networkFilter('sni_cluster', 'SniCluster'),
    networkFilter('thrift_proxy', 'ThriftProxy'),
  ],
  'envoy.config.listener.v3.ListenerFilter': [
    listenerFilter('http_inspector', 'HttpInspector'),
    listenerFilter('original_dst', 'OriginalDst'),
    listenerFilter('original_src', 'OriginalSrc'),
    listenerFilter('proxy_protocol', 'ProxyProtocol'),
    listenerFilter('tls_inspector', 'TlsInspector'),
  ],
  'envoy.config.accesslog.v3.AccessLog': [
    extension(
      'envoy.access_loggers.file',
      'envoy.extensions.access_loggers.file.v3.FileAccessLog',
      'envoy.file_access_log',
    ),
    extension(
      'envoy.access_loggers.http_grpc',
      'envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig',
      'envoy.http_grpc_access_log',
    ),
    extension(
      'envoy.access_loggers.tcp_grpc',
      'envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig',
      'envoy.tcp_grpc_access_log',
    ),
  ],
  'envoy.config.metrics.v3.StatsSink': [
    extension('envoy.stat_sinks.statsd', 'envoy.config.metrics.v3.StatsdSink', 'envoy.statsd'),
    extension('envoy.stat_sinks.dog_statsd', 'envoy.config.metrics.v3.DogStatsdSink', 'envoy.dog_statsd'),
    extension(
      'envoy.stat_sinks.metrics_service',
      'envoy.config.metrics.v3.MetricsServiceConfig',
      'envoy.metrics_service',
    ),
    extension('envoy.stat_sinks.hystrix', 'envoy.config.metrics.v3.HystrixSink'),
  ],
  'envoy.config.trace.v3.Tracing.Http': TRACERS,
  'envoy.config.core.v3.HealthCheck.CustomHealthCheck': [
    extension('envoy.health_checkers.redis', 'envoy.extensions.health_checkers.redis.v3.Redis'),
  ],
  'envoy.config.overload.v3.ResourceMonitor': [
    extension('envoy.resource_monitors.fixed_heap', 'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig'),
    extension(
      'envoy.resource_monitors.injected_resource',
      'envoy.extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig',
    ),
  ],
  'envoy.config.route.v3.RetryPolicy.RetryPriority': [
    extension(
      'envoy.retry_priorities.previous_priorities',
      'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
    ),
  ],
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate': [
    extension(
      'envoy.retry_host_predicates.previous_hosts',
      'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
    ),
    extension(
      'envoy.retry_host_predicates.omit_canary_hosts',
      'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
    ),
  ],
  // Which of the two a socket is, its place tells: see transportSockets in v2-cluster.ts.
  'envoy.config.core.v3.TransportSocket': [
    extension('envoy.transport_sockets.tls', '', 'tls'),
    extension(
      'envoy.transport_sockets.raw_buffer',
      'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
      'raw_buffer',
    ),
  ],
};

/** The extension that `name`, of today or older, stands for in a message of this type. */
export function extensionNamed(typeName: string, name: string): Extension | undefined {
  return EXTENSIONS[typeName]?.find((one) => one.name === name || one.older.includes(name));
}

/** The HTTP filter that `name`, of today or older, stands for. */
export function httpFilterNamed(name: string): Extension | undefined {
  return extensionNamed(`${NETWORK}.http_connection_manager.v3.HttpFilter`, name);
}

/** Every type that the table names, for its test. */
export function namedTypes(): string[] {
  const all = Object.values(EXTENSIONS).flat();
  return all.flatMap((one) => [one.type, one.perRoute ?? '']).filter((type) => type !== '');
}

/** The messages that name extensions, for the test of the table. */
export function namingTypes(): string[] {
  return Object.keys(EXTENSIONS);
}
