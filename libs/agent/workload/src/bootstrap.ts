import { CERTIFICATE_SECRET, ROOT_SECRET } from '@weft/agent-certificates';
import { isIP } from 'node:net';

export type Json = { readonly [field: string]: Json } | readonly Json[] | string | number | boolean | undefined;

/** What a sidecar's bootstrap is made from. */
export interface SidecarFacts {
  /** `router`: the proxy of a gateway. */
  readonly role: 'sidecar' | 'router';
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: traffic is captured, and the mesh knows by itself whom the program calls. */
  readonly upstreams:
    readonly { readonly host: string; readonly port: number; readonly localPort: number }[] | undefined;
  readonly adminPort: number;
  /** `host:port`, or `unix:/path`. */
  readonly controlPlane: string;
  readonly serverName: string;
  /** The agent's socket. */
  readonly secretSocket: string;
  readonly delta: boolean;
  /** Spans of filters that cannot be told where to send them go to this cluster, which the control plane gives; `''`: nowhere. */
  readonly spanCluster: string;
  /** Whom the sidecar sends its stats to: `host:port`, `control-plane`, or `''`: nobody. */
  readonly metricsService: string;
  /** The statsd that it tells them over UDP: `ip:port`, or `''`: none. */
  readonly statsd: string;
}

const CONTROL_PLANE = 'xds-grpc';
const AGENT = 'sds-grpc';
/** Source: Istio's bootstrap. */
const METRICS_SERVICE = 'envoy_metrics_service';
/** Where a captured sidecar shows its metrics, as Istio's does. */
const PROMETHEUS_PORT = 15_090;
const PROMETHEUS_STATS = 'prometheus_stats';
const TYPES = 'type.googleapis.com';
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/**
 * The bootstrap of a sidecar: all configuration comes from the control plane over one stream, all keys from the agent. Cluster
 * names, node id and metadata are Istio's, so that either side may be another implementation.
 */
export function sidecarBootstrap(facts: SidecarFacts): Json {
  const { role, name, namespace, address, adminPort, delta, spanCluster, metricsService, statsd } = facts;
  const sinks = [
    ...(metricsService === '' ? [] : [metricsSink(metricsService)]),
    ...(statsd === '' ? [] : [statsdSink(statsd)]),
  ];
  const overStream = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    node: {
      id: `${role}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${name}.${namespace}`,
      metadata: metadataOf(facts),
    },
    admin: { address: socket('127.0.0.1', adminPort) },
    ...(spanCluster === '' ? {} : { tracing: { http: zipkin(spanCluster) } }),
    ...(sinks.length === 0 ? {} : { stats_sinks: sinks }),
    layered_runtime: { layers: [runtimeLayer(), { name: 'admin', admin_layer: {} }] },
    dynamic_resources: {
      lds_config: overStream,
      cds_config: overStream,
      ads_config: {
        api_type: delta ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: CONTROL_PLANE } }],
      },
    },
    // Who calls whom, and how it ends (`weft edges`).
    cluster_manager: {
      load_stats_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: CONTROL_PLANE } }],
      },
    },
    static_resources: {
      ...(showsMetrics(facts) ? { listeners: [prometheusListener()] } : {}),
      clusters: [
        agentCluster(facts),
        controlPlaneCluster(facts),
        ...metricsCluster(metricsService),
        ...(showsMetrics(facts) ? [adminCluster(adminPort)] : []),
      ],
    },
  };
}

/** A captured sidecar has its network to itself; elsewhere a fixed port could be another's. */
function showsMetrics({ upstreams, adminPort }: SidecarFacts): boolean {
  return upstreams === undefined && adminPort !== 0;
}

/** The proxy's own metrics for who is not on the machine, and nothing else of the admin server. Source: Istio's bootstrap. */
function prometheusListener(): Json {
  const route = { match: { prefix: '/stats/prometheus' }, route: { cluster: PROMETHEUS_STATS } };
  return {
    name: PROMETHEUS_STATS,
    address: socket('0.0.0.0', PROMETHEUS_PORT),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${TYPES}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: PROMETHEUS_STATS,
              route_config: { virtual_hosts: [{ name: 'backend', domains: ['*'], routes: [route] }] },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': `${TYPES}/envoy.extensions.filters.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function adminCluster(port: number): Json {
  return {
    name: PROMETHEUS_STATS,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: endpoints(PROMETHEUS_STATS, socket('127.0.0.1', port)),
  };
}

/** The tracer that the control plane describes to connection managers, by the cluster that it gives. */
function zipkin(cluster: string): Json {
  return {
    name: 'envoy.tracers.zipkin',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig',
      collector_cluster: cluster,
      collector_endpoint: '/api/v2/spans',
      collector_endpoint_version: 'HTTP_JSON',
      trace_id_128bit: true,
      trace_context_option: 'USE_B3_WITH_W3C_PROPAGATION',
    },
  };
}

/** What the control plane says of the runtime, under the name that it gives it. Who never says it is not waited for long. */
function runtimeLayer(): Json {
  const source = { ads: {}, initial_fetch_timeout: '5s', resource_api_version: 'V3' };
  return { name: 'mesh', rtds_layer: { name: 'runtime', rtds_config: source } };
}

/** Every stat that ever moved, as it is. */
function metricsSink(service: string): Json {
  return {
    name: 'envoy.stat_sinks.metrics_service',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig',
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: service === 'control-plane' ? CONTROL_PLANE : METRICS_SERVICE } },
    },
  };
}

/** Source: Istio's bootstrap. */
function statsdSink(address: string): Json {
  const { host, port } = hostAndPort(address);
  return {
    name: 'envoy.stat_sinks.statsd',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.metrics.v3.StatsdSink',
      address: { socket_address: { address: host, port_value: port, protocol: 'UDP' } },
    },
  };
}

/** Static: Envoy's sink wants to see it in the bootstrap. */
function metricsCluster(service: string): Json[] {
  if (service === '' || service === 'control-plane') return [];
  const { host, port } = hostAndPort(service);
  return [
    {
      name: METRICS_SERVICE,
      type: isIP(host) === 0 ? 'STRICT_DNS' : 'STATIC',
      connect_timeout: '1s',
      typed_extension_protocol_options: http2(),
      load_assignment: endpoints(METRICS_SERVICE, socket(host, port)),
    },
  ];
}

function metadataOf(facts: SidecarFacts): Json {
  const { name, namespace, serviceAccount, address, labels, upstreams } = facts;
  return {
    NAMESPACE: namespace,
    WORKLOAD_NAME: name,
    SERVICE_ACCOUNT: serviceAccount,
    INSTANCE_IPS: address,
    LABELS: labels,
    INTERCEPTION_MODE: upstreams === undefined ? 'REDIRECT' : 'NONE',
    ...(showsMetrics(facts) ? { ENVOY_PROMETHEUS_PORT: PROMETHEUS_PORT } : {}),
    ...(upstreams === undefined ? {} : { UPSTREAMS: upstreams.map((upstream) => ({ ...upstream })) }),
  };
}

function agentCluster({ secretSocket }: SidecarFacts): Json {
  return {
    name: AGENT,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: http2(),
    load_assignment: endpoints(AGENT, { pipe: { path: secretSocket } }),
  };
}

function controlPlaneCluster({ controlPlane, serverName }: SidecarFacts): Json {
  const { host, port } = hostAndPort(controlPlane);
  const address = controlPlane.startsWith('unix:')
    ? { pipe: { path: controlPlane.slice('unix:'.length) } }
    : socket(host, port);
  const named = !controlPlane.startsWith('unix:') && isIP(host) === 0;
  return {
    name: CONTROL_PLANE,
    type: named ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '5s',
    typed_extension_protocol_options: http2(),
    load_assignment: endpoints(CONTROL_PLANE, address),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': TLS,
        sni: serverName,
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
          alpn_protocols: ['h2'],
          tls_certificate_sds_secret_configs: [fromAgent(CERTIFICATE_SECRET)],
          combined_validation_context: {
            default_validation_context: {
              match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }],
            },
            validation_context_sds_secret_config: fromAgent(ROOT_SECRET),
          },
        },
      },
    },
  };
}

function fromAgent(name: string): Json {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      initial_fetch_timeout: '0s',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: AGENT } }],
      },
    },
  };
}

function http2(): Json {
  return {
    [HTTP_OPTIONS]: {
      '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
}

function endpoints(cluster: string, address: Json): Json {
  return { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}

/** `host:port`, `[::1]:port`. */
function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function socket(address: string, port: number): Json {
  return { socket_address: { address, port_value: port } };
}
