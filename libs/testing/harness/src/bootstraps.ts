// Pieces of Envoy bootstraps, as plain objects, for tests that need many of them.
type Json = Readonly<Record<string, unknown>>;

export const HCM_TYPE =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
export const ROUTER_FILTER = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
} as const;

export const loopback = (port: number): Json => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** A connection manager; `fields` are added to it, e.g. `route_config`. */
export const connectionManager = (statPrefix: string, fields: Json): Json => ({
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: { '@type': HCM_TYPE, stat_prefix: statPrefix, http_filters: [ROUTER_FILTER], ...fields },
});

/** One virtual host for every domain. */
export const routesOf = (...routes: readonly Json[]): Json => ({
  route_config: { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
});

/** A listener on a port of the system's choice, unless `port` says which. */
export const listener = (name: string, filter: Json, port = 0): Json => ({
  name,
  address: loopback(port),
  filter_chains: [{ filters: [filter] }],
});

/** A static cluster of the loopback's ports; `fields` are added to it. */
export const cluster = (name: string, ports: readonly number[], fields: Json = {}): Json => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: loopback(port) } })) }],
  },
  ...fields,
});

/** An access log of one format, to a file. */
export const fileLog = (path: string, format: string): Json => ({
  name: 'envoy.access_loggers.file',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    path,
    log_format: { text_format_source: { inline_string: `${format}\n` } },
  },
});
