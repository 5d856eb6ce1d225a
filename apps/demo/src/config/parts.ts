import type { Yaml } from './yaml.ts';

export type YamlMap = Readonly<Record<string, Yaml | undefined>>;

const TYPE = 'type.googleapis.com/';
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const REDIS_PROXY = 'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy';
const LOOPBACK = '127.0.0.1';

export function typed(type: string, fields: YamlMap): YamlMap {
  return { '@type': `${TYPE}${type}`, ...fields };
}

export function socketAddress(port: number, address: string = LOOPBACK): YamlMap {
  return { socket_address: { address, port_value: port } };
}

/** A file that is watched: the new version is moved over it. */
export function fromFile(path: string): YamlMap {
  return { resource_api_version: 'V3', path_config_source: { path } };
}

export interface Tracing {
  /** Where a Zipkin takes spans. */
  readonly host: string;
  readonly port: number;
}

export interface HttpListener {
  readonly name: string;
  readonly port: number;
  readonly direction: 'INBOUND' | 'OUTBOUND';
  /** The connection manager's stats are `http.<statPrefix>.…`. */
  readonly statPrefix: string;
  /** Routes of its own, or the name and file of routes that change. */
  readonly routes: { readonly inline: YamlMap } | { readonly name: string; readonly file: string };
  readonly accessLog: string;
  /** The connection's peer is the client, not what it says in x-forwarded-for: right at the edge of the mesh. */
  readonly useRemoteAddress?: boolean;
  readonly tracing: Tracing | undefined;
}

export function httpListener(listener: HttpListener): YamlMap {
  const { name, port, direction, statPrefix, routes, tracing } = listener;
  const rds = (file: string, route: string): YamlMap => ({ config_source: fromFile(file), route_config_name: route });
  const manager: YamlMap = {
    stat_prefix: statPrefix,
    ...('inline' in routes ? { route_config: routes.inline } : { rds: rds(routes.file, routes.name) }),
    use_remote_address: listener.useRemoteAddress,
    access_log: [
      {
        name: 'envoy.access_loggers.file',
        typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: listener.accessLog }),
      },
    ],
    tracing: tracing === undefined ? undefined : tracingOf(),
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}) },
    ],
  };
  return typed('envoy.config.listener.v3.Listener', {
    name,
    traffic_direction: direction,
    address: socketAddress(port),
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: typed(HCM, manager) }] },
    ],
  });
}

function tracingOf(): YamlMap {
  return { random_sampling: { value: 100 }, provider: tracingProvider() };
}

/** Who takes spans: of a connection manager, or in the bootstrap of all filters that have no such field (redis_proxy). */
export function tracingProvider(): YamlMap {
  return {
    name: 'envoy.tracers.zipkin',
    typed_config: typed('envoy.config.trace.v3.ZipkinConfig', {
      collector_cluster: 'zipkin',
      collector_endpoint: '/api/v2/spans',
      collector_endpoint_version: 'HTTP_JSON',
      trace_id_128bit: true,
      trace_context_option: 'USE_B3_WITH_W3C_PROPAGATION',
    }),
  };
}

/** A listener that passes Redis commands on to a cluster, and counts them by name. */
export function redisListener(name: string, port: number, cluster: string): YamlMap {
  return typed('envoy.config.listener.v3.Listener', {
    name,
    traffic_direction: 'OUTBOUND',
    address: socketAddress(port),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.redis_proxy',
            typed_config: typed(REDIS_PROXY, {
              stat_prefix: cluster,
              settings: { op_timeout: '5s', enable_command_stats: true },
              prefix_routes: { catch_all_route: { cluster } },
            }),
          },
        ],
      },
    ],
  });
}

/** A cluster of one endpoint; a host name is resolved and watched. */
export function cluster(
  name: string,
  port: number,
  more: { readonly host?: string; readonly fields?: YamlMap } = {},
): YamlMap {
  const { host = LOOPBACK, fields = {} } = more;
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':');
  return typed('envoy.config.cluster.v3.Cluster', {
    name,
    type: isAddress ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '1s',
    ...fields,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port, host) } }] }],
    },
  });
}

export function routeConfiguration(name: string, routes: readonly YamlMap[]): YamlMap {
  return { name, virtual_hosts: [{ name, domains: ['*'], routes }] };
}
