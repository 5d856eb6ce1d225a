import { isIP } from 'node:net';
import type { ConfigNode } from '@weft/core-config-text';
import { TYPE_URL } from './extensions.ts';
import type { MapEdit } from './map-edit.ts';

function itemsOf(node: ConfigNode): readonly ConfigNode[] {
  return node.kind === 'list' ? node.items : [node];
}

/** envoy.config.bootstrap.v3.Admin */
export function upgradeAdmin(edit: MapEdit): void {
  const path = edit.get('access_log_path');
  if (path === undefined) return;
  const typed_config = { '@type': `${TYPE_URL}envoy.extensions.access_loggers.file.v3.FileAccessLog`, path };
  if (edit.text('access_log_path') === '') edit.drop('access_log_path', 'without it nothing is logged');
  else if (edit.get('access_log') === undefined)
    edit.replace('access_log_path', { access_log: [{ name: 'envoy.access_loggers.file', typed_config }] });
}

/** envoy.config.bootstrap.v3.Bootstrap: the one runtime of v2 is four layers, each over the ones before. */
export function upgradeRuntime(edit: MapEdit): void {
  const runtime = edit.get('runtime');
  if (runtime?.kind !== 'map') return;
  const part = (name: string): ConfigNode | undefined => runtime.entries.get(name)?.value;
  const root = part('symlink_root');
  const disk = (subdirectory: ConfigNode | undefined, appended = {}): object => ({
    disk_layer: { symlink_root: root, ...(subdirectory && { subdirectory }), ...appended },
  });
  const base = part('base');
  const override = part('override_subdirectory');
  const layers = [
    ...(base === undefined ? [] : [{ name: 'base', static_layer: base }]),
    ...(root === undefined ? [] : [{ name: 'root', ...disk(part('subdirectory')) }]),
    ...(root === undefined || override === undefined
      ? []
      : [{ name: 'override', ...disk(override, { append_service_cluster: true }) }]),
    { name: 'admin', admin_layer: {} },
  ];
  edit.replace('runtime', { layered_runtime: { layers } });
}

/** envoy.config.core.v3.Node */
export function upgradeNode(edit: MapEdit): void {
  if (edit.get('build_version') !== undefined) edit.drop('build_version', 'the proxy states its own version');
}

/** envoy.config.core.v3.HealthCheck.HttpHealthCheck */
export function upgradeHttpHealthCheck(edit: MapEdit): void {
  const service = edit.get('service_name');
  if (service !== undefined) edit.replace('service_name', { service_name_matcher: { prefix: service } });
  const http2 = edit.text('use_http2');
  if (http2 === 'true') edit.replace('use_http2', { codec_client_type: 'HTTP2' });
  else if (http2 !== undefined) edit.drop('use_http2', 'HTTP/1.1 is what is used without it');
}

/** envoy.config.endpoint.v3.ClusterLoadAssignment.Policy */
export function upgradeAssignmentPolicy(edit: MapEdit): void {
  const disabled = edit.text('disable_overprovisioning');
  if (disabled === 'true') edit.replace('disable_overprovisioning', { overprovisioning_factor: 100 });
  else if (disabled !== undefined) edit.drop('disable_overprovisioning', 'the factor is 140 without it');
}

/** envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext: v3 asks of which kind each name is. */
export function upgradeValidationContext(edit: MapEdit): void {
  const names = edit.get('verify_subject_alt_name');
  if (names === undefined) return;
  const matchers = itemsOf(names).map((name) => {
    const text = name.kind === 'scalar' ? String(name.value) : '';
    const san_type = text.includes('://') ? 'URI' : isIP(text) === 0 ? 'DNS' : 'IP_ADDRESS';
    return { san_type, matcher: { exact: name } };
  });
  edit.replace('verify_subject_alt_name', { match_typed_subject_alt_names: matchers });
}

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager */
export function upgradeConnectionManager(edit: MapEdit): void {
  const idle = edit.get('idle_timeout');
  if (idle === undefined) return;
  const common = edit.get('common_http_protocol_options');
  if (common?.kind !== 'map') edit.replace('idle_timeout', { common_http_protocol_options: { idle_timeout: idle } });
  else {
    edit.drop('idle_timeout', 'it is a field of common_http_protocol_options');
    const entries = new Map([['idle_timeout', { offset: idle.offset, value: idle }], ...common.entries]);
    edit.rewrite('common_http_protocol_options', { ...common, entries }, 'takes in idle_timeout');
  }
}

/** HttpConnectionManager.Tracing */
export function upgradeTracing(edit: MapEdit): void {
  if (edit.get('operation_name') !== undefined)
    edit.drop('operation_name', 'the listener says so in v3, by traffic_direction: INBOUND or OUTBOUND');
  const headers = edit.get('request_headers_for_tags');
  if (headers === undefined) return;
  const tags = itemsOf(headers).map((header) => ({ tag: header, request_header: { name: header } }));
  edit.replace('request_headers_for_tags', { custom_tags: tags });
}

/** envoy.extensions.filters.common.fault.v3.FaultDelay */
export function upgradeFaultDelay(edit: MapEdit): void {
  if (edit.get('type') !== undefined) edit.drop('type', 'delays are all of one type');
}

/** envoy.extensions.filters.network.redis_proxy.v3.RedisProxy */
export function upgradeRedisProxy(edit: MapEdit): void {
  const cluster = edit.get('cluster');
  if (cluster !== undefined) edit.replace('cluster', { prefix_routes: { catch_all_route: { cluster } } });
}

/** RedisProxy.PrefixRoutes */
export function upgradeRedisRoutes(edit: MapEdit): void {
  const cluster = edit.get('catch_all_cluster');
  if (cluster !== undefined) edit.replace('catch_all_cluster', { catch_all_route: { cluster } });
}

/** envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy: of the routes of v1, the one without conditions. */
export function upgradeTcpProxy(edit: MapEdit): void {
  const older = edit.get('deprecated_v1');
  const routes = older?.kind === 'map' ? older.entries.get('routes')?.value : undefined;
  const [route, ...others] = routes === undefined ? [] : itemsOf(routes);
  if (route?.kind !== 'map' || others.length > 0 || route.entries.size !== 1) return;
  const cluster = route.entries.get('cluster')?.value;
  if (cluster !== undefined) edit.replace('deprecated_v1', { cluster });
}

/** envoy.config.listener.v3.FilterChainMatch */
export function upgradeFilterChainMatch(edit: MapEdit): void {
  if (edit.text('source_type')?.toUpperCase() === 'LOCAL')
    edit.rewrite(
      'source_type',
      'SAME_IP_OR_LOOPBACK',
      'is of an older API: the v3 form is source_type: SAME_IP_OR_LOOPBACK',
    );
}

/** envoy.config.trace.v3.ZipkinConfig */
export function upgradeZipkin(edit: MapEdit): void {
  if (edit.text('collector_endpoint_version')?.toUpperCase() === 'HTTP_JSON_V1')
    edit.rewrite(
      'collector_endpoint_version',
      'HTTP_JSON',
      'Zipkin v1 is gone: the v3 form is collector_endpoint_version: HTTP_JSON',
    );
}
