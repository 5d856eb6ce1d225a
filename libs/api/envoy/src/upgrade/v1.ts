import type { ConfigNode, MapNode } from '@weft/core-config-text';
import type { UpgradePlace } from '../read-config.ts';
import { extensionNamed } from './extension-names.ts';
import { TYPE_URL, withType } from './extensions.ts';
import { addressOf } from './v1-address.ts';
import { tlsSocket, v1Cluster } from './v1-cluster.ts';
import { v1AccessLog, v1ConnectionManager } from './v1-http.ts';
import { V1Map } from './v1-map.ts';

const FILTER = 'envoy.config.listener.v3.Filter';

/** A bootstrap of v1 (`listeners` and `cluster_manager.clusters` at its root) as one of v3; any other as it is. */
export function upgradeV1(root: MapNode, place: UpgradePlace): MapNode {
  const manager = root.entries.get('cluster_manager')?.value;
  const isV1 = root.entries.has('listeners') || (manager?.kind === 'map' && manager.entries.has('clusters'));
  if (!isV1) return root;
  const map = new V1Map(root, place);
  const built = bootstrap(map);
  return built.kind === 'map' ? built : root;
}

function bootstrap(root: V1Map): ConfigNode {
  root.warn('is a configuration of the v1 API, of 2018 and before: it is read as v3, field by field as below');
  const manager = root.map('cluster_manager');
  const listeners = root.maps('listeners')?.map(v1Listener);
  const clusters = manager?.maps('clusters')?.map(v1Cluster);
  const admin = root.map('admin');
  return root.build({
    static_resources: { ...(listeners && { listeners }), ...(clusters && { clusters }) },
    admin: admin?.upgraded('the admin', { address: addressOf(admin, 'address') }),
    cluster_manager: manager?.build({}),
    stats_flush_interval: root.duration('stats_flush_interval_ms'),
    tracing: tracing(root.map('tracing')),
    watchdog: watchdog(root),
  });
}

function watchdog(root: V1Map): unknown {
  const timeouts = {
    miss_timeout: root.duration('watchdog_miss_timeout_ms'),
    megamiss_timeout: root.duration('watchdog_megamiss_timeout_ms'),
    kill_timeout: root.duration('watchdog_kill_timeout_ms'),
    multikill_timeout: root.duration('watchdog_multikill_timeout_ms'),
  };
  const given = Object.entries(timeouts).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function tracing(map: V1Map | undefined): unknown {
  const http = map?.map('http');
  const driver = http?.map('driver');
  if (map === undefined || http === undefined || driver === undefined) return undefined;
  const type = driver.text('type') ?? '';
  const known = extensionNamed('envoy.config.trace.v3.Tracing.Http', `envoy.${type}`);
  const config = driver.map('config');
  if (known === undefined || config === undefined)
    return map.build({ http: http.build({ driver: driver.build({ type }) }) });
  const typed_config = config.build({ '@type': TYPE_URL + known.type, ...(type === 'zipkin' && zipkin(config)) });
  return map.build({ http: driver.upgraded('the tracing driver', { name: known.name, typed_config }) });
}

/** Zipkin took its v1 format then; its place for v2 is beside it. */
function zipkin(config: V1Map): Record<string, unknown> {
  const endpoint = config.text('collector_endpoint');
  const now = endpoint?.replace('/api/v1/', '/api/v2/');
  return {
    ...(now !== undefined && { collector_endpoint: config.at('collector_endpoint', now) }),
    collector_endpoint_version: 'HTTP_JSON',
  };
}

function v1Listener(listener: V1Map): ConfigNode {
  const filters = listener.maps('filters')?.map(v1Filter) ?? [];
  const transport_socket = tlsSocket(listener.map('ssl_context'), 'DownstreamTlsContext');
  const drain = listener.text('drain_type');
  const listener_filters = [
    ...(listener.text('use_original_dst') === 'true' ? [listenerFilter('original_dst', 'OriginalDst')] : []),
    ...(listener.text('use_proxy_proto') === 'true' ? [listenerFilter('proxy_protocol', 'ProxyProtocol')] : []),
  ];
  return listener.upgraded('the listener', {
    address: addressOf(listener, 'address'),
    filter_chains: [{ filters, ...(transport_socket === undefined ? {} : { transport_socket }) }],
    ...(listener_filters.length > 0 && { listener_filters }),
    ...(drain !== undefined && { drain_type: listener.at('drain_type', drain.toUpperCase()) }),
  });
}

function listenerFilter(folder: string, message: string): unknown {
  const type = `${TYPE_URL}envoy.extensions.filters.listener.${folder}.v3.${message}`;
  return { name: `envoy.filters.listener.${folder}`, typed_config: { '@type': type } };
}

/** `{type: read, name: tcp_proxy, config: {…}}` */
function v1Filter(filter: V1Map): ConfigNode {
  filter.take('type');
  const name = filter.text('name') ?? '';
  const known = extensionNamed(FILTER, `envoy.${name}`);
  const config = filter.map('config');
  if (known === undefined) return filter.build({ name: filter.at('name', name) });
  const type = TYPE_URL + known.type;
  const typed_config = config === undefined ? { '@type': type } : typed(filterConfig(name, config), known.type);
  return filter.upgraded(`the filter "${name}"`, { name: filter.at('name', known.name), typed_config });
}

function typed(body: ConfigNode, type: string): ConfigNode {
  return body.kind === 'map' ? withType(body, type) : body;
}

function filterConfig(name: string, config: V1Map): ConfigNode {
  if (name === 'http_connection_manager') return v1ConnectionManager(config);
  if (name === 'tcp_proxy') return tcpProxy(config);
  return config.build({});
}

/** Of the routes of v1's tcp_proxy, v3 has the one without conditions; others are filter chains now. */
function tcpProxy(config: V1Map): ConfigNode {
  const routes = config.map('route_config')?.maps('routes') ?? [];
  const [route] = routes;
  for (const other of routes.slice(1)) {
    other.place.sink.fault(other.place.path, other.node.offset, 'is a second route of tcp_proxy', {
      expected: 'one route: write filter_chain_match for others',
    });
  }
  const cluster = route?.take('cluster');
  return config.build({ cluster, access_log: config.maps('access_log')?.map(v1AccessLog), ...conditions(route) });
}

/** Conditions of the route, told of as the unknown fields that they are. */
function conditions(route: V1Map | undefined): Record<string, unknown> {
  const rest = route?.build({});
  return rest?.kind === 'map' ? Object.fromEntries([...rest.entries].map(([key, entry]) => [key, entry.value])) : {};
}
