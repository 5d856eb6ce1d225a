import type { MapNode } from '@weft/core-config-text';
import { withType } from './extensions.ts';
import type { MapEdit } from './map-edit.ts';

const TLS = 'envoy.transport_sockets.tls';
const TLS_TYPES = 'envoy.extensions.transport_sockets.tls.v3';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const PROTOCOL_FIELDS = [
  'http_protocol_options',
  'http2_protocol_options',
  'common_http_protocol_options',
  'upstream_http_protocol_options',
  'protocol_selection',
] as const;

/** envoy.config.cluster.v3.Cluster */
export function upgradeCluster(edit: MapEdit): void {
  const hosts = edit.get('hosts');
  if (hosts !== undefined) {
    const addresses = hosts.kind === 'list' ? hosts.items : [hosts];
    const endpoints = [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }];
    edit.replace('hosts', { load_assignment: { cluster_name: edit.text('name') ?? '', endpoints } });
  }
  upgradeTls(edit, `${TLS_TYPES}.UpstreamTlsContext`);
  if (edit.text('lb_policy')?.toUpperCase() === 'ORIGINAL_DST_LB')
    edit.rewrite('lb_policy', 'CLUSTER_PROVIDED', 'is of an older API: the v3 form is lb_policy: CLUSTER_PROVIDED');
  upgradeProtocols(edit);
}

/** envoy.config.listener.v3.FilterChain */
export function upgradeFilterChain(edit: MapEdit): void {
  upgradeTls(edit, `${TLS_TYPES}.DownstreamTlsContext`);
}

/** `tls_context`, and a TLS socket with an untyped `config`: its place tells which side it is. */
function upgradeTls(edit: MapEdit, type: string): void {
  const context = edit.get('tls_context');
  if (context?.kind === 'map')
    edit.replace('tls_context', { transport_socket: { name: TLS, typed_config: withType(context, type) } });
  const socket = edit.get('transport_socket');
  const config = socket?.kind === 'map' ? socket.entries.get('config')?.value : undefined;
  if (socket?.kind !== 'map' || config?.kind !== 'map' || !isTls(socket)) return;
  const entries = new Map(socket.entries);
  entries.delete('config');
  entries.set('typed_config', { offset: config.offset, value: withType(config, type) });
  edit.rewrite(
    'transport_socket',
    { ...socket, entries },
    `has an untyped "config": the v3 form is typed_config with "@type": type.googleapis.com/${type}`,
  );
}

function isTls(socket: MapNode): boolean {
  const name = socket.entries.get('name')?.value;
  return name?.kind === 'scalar' && (name.value === TLS || name.value === 'tls');
}

/** The protocol of a cluster's connections, which moved into an extension of its own. One that is there already wins, as in Envoy. */
function upgradeProtocols(edit: MapEdit): void {
  const present = PROTOCOL_FIELDS.filter((name) => edit.get(name) !== undefined);
  const [first, ...rest] = present;
  if (first === undefined) return;
  const extensions = edit.get('typed_extension_protocol_options');
  const theirs =
    extensions?.kind === 'map'
      ? Object.fromEntries([...extensions.entries].map(([key, entry]) => [key, entry.value]))
      : {};
  if (HTTP_OPTIONS in theirs) {
    for (const name of present)
      edit.drop(name, `typed_extension_protocol_options has ${HTTP_OPTIONS}, which replaces it`);
    return;
  }
  const options = protocolOptions(edit);
  for (const name of rest) edit.drop(name, `it moves with "${first}"`);
  const value = { ...theirs, [HTTP_OPTIONS]: options };
  if (extensions === undefined) edit.replace(first, { typed_extension_protocol_options: value });
  else {
    edit.drop(first, `it moves into typed_extension_protocol_options, as ${HTTP_OPTIONS}`);
    edit.rewrite('typed_extension_protocol_options', value, `takes in ${present.join(', ')}`);
  }
}

function protocolOptions(edit: MapEdit): Record<string, unknown> {
  const http1 = edit.get('http_protocol_options');
  const http2 = edit.get('http2_protocol_options');
  const common = edit.get('common_http_protocol_options');
  const upstream = edit.get('upstream_http_protocol_options');
  const mirror = edit.text('protocol_selection')?.toUpperCase() === 'USE_DOWNSTREAM_PROTOCOL';
  const both = { ...(http1 && { http_protocol_options: http1 }), ...(http2 && { http2_protocol_options: http2 }) };
  const one = http2 === undefined ? { http_protocol_options: http1 ?? {} } : { http2_protocol_options: http2 };
  return {
    '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
    ...(common && { common_http_protocol_options: common }),
    ...(upstream && { upstream_http_protocol_options: upstream }),
    ...(mirror ? { use_downstream_protocol_config: both } : { explicit_http_config: one }),
  };
}
