// What the control plane makes of resources, as a bootstrap that needs no control plane.

export type Json = Readonly<Record<string, unknown>>;

/** The messages of one proxy, as configuration dumps show them. */
export interface Translated {
  readonly clusters: readonly Json[];
  readonly endpoints: readonly Json[];
  readonly listeners: readonly Json[];
  readonly routes: readonly Json[];
}

/** Route configurations in place of their names, endpoints in their clusters; everything else as it is. */
export function staticBootstrap(golden: Translated): Json {
  const routes = new Map(golden.routes.map((one) => [one['name'], one]));
  const endpoints = new Map(golden.endpoints.map((one) => [one['cluster_name'], one]));
  const inPlace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inPlace);
    if (typeof value !== 'object' || value === null) return value;
    const { rds, ...rest } = value as Json;
    const entries = Object.entries(rest).map(([key, inner]) => [key, inPlace(inner)]);
    const table = rds === undefined ? [] : [['route_config', routes.get((rds as Json)['route_config_name'])]];
    return Object.fromEntries([...entries, ...table]) as Json;
  };
  const clusters = golden.clusters.map(({ eds_config: _, ...cluster }) => {
    if (cluster['type'] !== 'EDS') return cluster;
    const { eds_cluster_config: __, ...rest } = cluster;
    return { ...rest, type: 'STATIC', load_assignment: endpoints.get(cluster['name']) };
  });
  return {
    node: { id: 'sidecar~10.0.0.9~test.default~default.svc.cluster.local', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
      },
    },
    static_resources: {
      listeners: golden.listeners.map(inPlace),
      clusters: [...clusters, agentCluster()],
    },
  };
}

/** The cluster of every sidecar's bootstrap that secrets come from. */
function agentCluster(): Json {
  const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    name: 'sds-grpc',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      [OPTIONS]: {
        '@type': `type.googleapis.com/${OPTIONS}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: 'sds-grpc',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: '/tmp/agent.sock' } } } }] }],
    },
  };
}
