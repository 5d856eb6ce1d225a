import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Route } from '@weft/api-envoy/gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb';
import type { UdpProxyConfig as UdpProxyMessage } from '@weft/api-envoy/gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb';
import type { Matcher } from '@weft/api-envoy/gen/xds/type/matcher/v3/matcher_pb';
import { durationMs } from '@weft/model-policy';
import { decodeAccessLogs, type AccessLogConfig } from '@weft/observe-access-log';

const UDP_PROXY = 'envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig';
const ROUTE = 'envoy.extensions.filters.udp.udp_proxy.v3.Route';

/** A udp_proxy, decoded. Source: UdpProxyConfig v3. */
export interface UdpProxyConfig {
  readonly statPrefix: string;
  /** `''`: no route, every datagram is dropped. */
  readonly cluster: string;
  /** Default 60,000. */
  readonly idleTimeoutMs: number;
  /** What a load balancer that hashes is told; undefined: nothing. */
  readonly hashBy: { readonly kind: 'sourceIp' } | { readonly kind: 'key'; readonly key: string } | undefined;
  /** Longer datagrams of hosts are dropped; 0: none is. */
  readonly maxUpstreamDatagramBytes: number;
  /** A host for each datagram, and not for each session. */
  readonly perPacket: boolean;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly proxyAccessLogs: readonly AccessLogConfig[];
  /** 0: no lines but those at the end. */
  readonly accessLogFlushIntervalMs: number;
}

/** What is read here; the rest of the message is reported by name. */
export const supported: FieldSupport = {
  [UDP_PROXY]: [
    'stat_prefix', 'cluster', 'matcher', 'idle_timeout', 'hash_policies', 'upstream_socket_config',
    'use_per_packet_load_balancing', 'access_log', 'proxy_access_log', 'access_log_options',
  ],
  [`${UDP_PROXY}.HashPolicy`]: ['source_ip', 'key'],
  [`${UDP_PROXY}.UdpAccessLogOptions`]: ['access_log_flush_interval'],
  [ROUTE]: ['cluster'],
  'envoy.config.core.v3.UdpSocketConfig': ['max_rx_datagram_size', 'prefer_gro'],
  'xds.type.matcher.v3.Matcher': ['on_no_match'],
  'xds.type.matcher.v3.Matcher.OnMatch': ['action'],
  'xds.core.v3.TypedExtensionConfig': ['name', 'typed_config'],
}; // prettier-ignore

export function decodeUdpProxy(message: UdpProxyMessage, cx: DecodeContext): UdpProxyConfig | undefined {
  const before = cx.faults.length;
  // Without them datagrams would go elsewhere, or from another address, than is asked for.
  if (message.useOriginalSrcIp) cx.at('use_original_src_ip').later('');
  if (message.sessionFilters.length > 0) cx.at('session_filters').later('');
  if (message.tunnelingConfig !== undefined) cx.at('tunneling_config').later('');
  const { routeSpecifier } = message;
  if (routeSpecifier.case === undefined) cx.error('has no route', { expected: 'matcher, or cluster' });
  const cluster =
    routeSpecifier.case === 'matcher' ? clusterOf(routeSpecifier.value, cx.at('matcher')) : routeSpecifier.value;
  const config: UdpProxyConfig = {
    statPrefix: message.statPrefix,
    cluster: cluster ?? '',
    idleTimeoutMs: durationMs(message.idleTimeout, 60_000),
    hashBy: hashOf(message),
    maxUpstreamDatagramBytes: Number(message.upstreamSocketConfig?.maxRxDatagramSize ?? 0n),
    perPacket: message.usePerPacketLoadBalancing,
    accessLogs: decodeAccessLogs(message.accessLog, cx.at('access_log')),
    proxyAccessLogs: decodeAccessLogs(message.proxyAccessLog, cx.at('proxy_access_log')),
    accessLogFlushIntervalMs: durationMs(message.accessLogOptions?.accessLogFlushInterval, 0),
  };
  return cx.faults.length > before ? undefined : config;
}

/** The cluster of a matcher that matches everything; undefined where it has no route. */
function clusterOf(matcher: Matcher, cx: DecodeContext): string | undefined {
  if (matcher.matcherType.case !== undefined)
    cx.at(matcher.matcherType.case === 'matcherList' ? 'matcher_list' : 'matcher_tree').later('', {
      expected: 'on_no_match alone',
    });
  const onMatch = matcher.onNoMatch?.onMatch;
  const at = cx.at('on_no_match');
  if (onMatch?.case === undefined) return undefined;
  if (onMatch.case === 'matcher') return clusterOf(onMatch.value, at.at('matcher'));
  const route = at.at('action', 'typed_config').unpack(onMatch.value.typedConfig as Any | undefined, ROUTE);
  return (route as Route | undefined)?.cluster;
}

function hashOf({ hashPolicies }: UdpProxyMessage): UdpProxyConfig['hashBy'] {
  const policy = hashPolicies[0]?.policySpecifier;
  if (policy?.case === 'key') return { kind: 'key', key: policy.value };
  return policy?.case === 'sourceIp' && policy.value ? { kind: 'sourceIp' } : undefined;
}
