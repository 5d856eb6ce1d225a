import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type {
  FilterChain,
  FilterChainMatch as MatchProto,
} from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import { decodeCidr } from '@weft/model-match';
import {
  listenerAddressText,
  listenerStatName,
  type FilterChainConfig,
  type FilterChainMatch,
  type ListenerAddress,
  type ListenerConfig,
} from './listener.ts';

/** What is read here; the rest of the messages is reported by name. */
export const supported: FieldSupport = {
  'envoy.config.listener.v3.Listener': [
    'name', 'address', 'stat_prefix', 'filter_chains', 'default_filter_chain', 'per_connection_buffer_limit_bytes',
    'bind_to_port', 'enable_reuse_port', 'tcp_backlog_size', 'traffic_direction',
  ],
  'envoy.config.listener.v3.FilterChain': ['filter_chain_match', 'filters', 'name'],
  'envoy.config.listener.v3.FilterChainMatch': ['destination_port', 'prefix_ranges', 'source_prefix_ranges', 'source_ports'],
  'envoy.config.listener.v3.Filter': ['name', 'typed_config'],
  'envoy.config.core.v3.Address': ['socket_address', 'pipe'],
  'envoy.config.core.v3.Pipe': ['path'],
  'envoy.config.core.v3.SocketAddress': ['address', 'port_value', 'protocol', 'ipv4_compat'],
  'envoy.config.core.v3.CidrRange': ['address_prefix', 'prefix_len'],
}; // prettier-ignore

/** Decodes the terminal network filter inside an Any; the engine's registry does it. */
export type DecodeNetworkFilter<F> = (cx: DecodeContext, any: Parameters<DecodeContext['unpack']>[0]) => F | undefined;

/** A listener from its message; faults go to `cx`. */
export function decodeListener<F>(
  message: Listener,
  cx: DecodeContext,
  decodeFilter: DecodeNetworkFilter<F>,
): ListenerConfig<F> | undefined {
  const before = cx.faults.length;
  const address = decodeListenerAddress(message.address, cx.at('address'));
  const chains = message.filterChains.flatMap(
    (chain, i) => decodeChain(chain, cx.at('filter_chains', i), decodeFilter) ?? [],
  );
  const { defaultFilterChain } = message;
  const defaultChain =
    defaultFilterChain === undefined
      ? undefined
      : decodeChain(defaultFilterChain, cx.at('default_filter_chain'), decodeFilter);
  if (message.filterChains.length === 0 && defaultFilterChain === undefined)
    cx.at('filter_chains').error('is empty', { expected: 'at least one filter chain' });
  rejectTwins(message.filterChains, cx.at('filter_chains'));
  if (cx.faults.length > before || address === undefined) return undefined;
  return {
    name: message.name === '' ? listenerAddressText(address) : message.name,
    statPrefix: message.statPrefix === '' ? listenerStatName(address) : message.statPrefix,
    address,
    bindToPort: message.bindToPort ?? true,
    reusePort: message.enableReusePort ?? false,
    chains,
    defaultChain,
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? 1024 * 1024,
    backlog: message.tcpBacklogSize ?? 128,
    trafficDirection: (['UNSPECIFIED', 'INBOUND', 'OUTBOUND'] as const)[message.trafficDirection] ?? 'UNSPECIFIED',
  };
}

/** What `ipv4_compat` may stand beside: a socket bound to anything else would never see an IPv4 client. */
const IPV4_MAPPED = /^(?:::|0(?::0){7}|::ffff:.+)$/i;

/** The address of a listener or of the admin server. */
export function decodeListenerAddress(message: Address | undefined, cx: DecodeContext): ListenerAddress | undefined {
  const { case: kind, value } = message?.address ?? { case: undefined, value: undefined };
  if (kind === 'pipe') return { kind: 'pipe', path: value.path };
  if (kind !== 'socketAddress') {
    const hint = { expected: 'socket_address or pipe' };
    if (kind === undefined) cx.error('is missing', hint);
    else cx.later(kind, hint);
    return undefined;
  }
  const socket = cx.at('socket_address');
  const { case: portKind, value: port } = value.portSpecifier;
  if (portKind !== 'portValue') {
    socket.error('has no port_value', { expected: 'port_value: a number from 0 to 65535' });
    return undefined;
  }
  if (value.protocol === 1) {
    socket.at('protocol').later('a UDP listener', { expected: 'TCP' });
    return undefined;
  }
  if (!/^[0-9.]+$|:/.test(value.address)) {
    socket.at('address').error(`"${value.address}" is not an IP address`, { expected: 'for example 0.0.0.0 or "::"' });
    return undefined;
  }
  if (value.ipv4Compat && !IPV4_MAPPED.test(value.address)) {
    socket.at('ipv4_compat').error(`does not go with ${value.address}`, { expected: '"::" or an IPv4-mapped address' });
    return undefined;
  }
  return { kind: 'socket', ip: value.address, port, ipv4Compat: value.ipv4Compat };
}

function decodeChain<F>(
  message: FilterChain,
  cx: DecodeContext,
  decodeFilter: DecodeNetworkFilter<F>,
): FilterChainConfig<F> | undefined {
  const match = decodeMatch(message.filterChainMatch, cx.at('filter_chain_match'));
  if (message.transportSocket !== undefined) cx.at('transport_socket').later('TLS on listeners');
  const filters = cx.at('filters');
  if (message.filters.length === 0) {
    filters.error('is empty', { expected: 'a terminal filter: http_connection_manager or tcp_proxy' });
    return undefined;
  }
  if (message.filters.length > 1)
    filters.at(0).later('a network filter before the terminal one', {
      expected: 'one filter: http_connection_manager or tcp_proxy',
    });
  const last = message.filters.length - 1;
  const { configType } = message.filters[last]!;
  const filter = decodeFilter(
    filters.at(last, 'typed_config'),
    configType.case === 'typedConfig' ? configType.value : undefined,
  );
  return filter === undefined ? undefined : { name: message.name, match, filter };
}

function decodeMatch(message: MatchProto | undefined, cx: DecodeContext): FilterChainMatch {
  if (message !== undefined) {
    const late = [
      ['server_names', message.serverNames.length],
      ['transport_protocol', message.transportProtocol.length],
      ['application_protocols', message.applicationProtocols.length],
      ['source_type', message.sourceType],
      ['direct_source_prefix_ranges', message.directSourcePrefixRanges.length],
    ] as const;
    // A criterion that is not looked at would send connections to the wrong chain, so it is refused and not only reported.
    for (const [field, set] of late) if (set !== 0) cx.at(field).later('');
  }
  const ranges = (list: MatchProto['prefixRanges'] | undefined, field: string) =>
    (list ?? []).flatMap((range, i) => decodeCidr(range, cx.at(field, i)) ?? []);
  return {
    destinationPort: message?.destinationPort,
    prefixRanges: ranges(message?.prefixRanges, 'prefix_ranges'),
    sourcePrefixRanges: ranges(message?.sourcePrefixRanges, 'source_prefix_ranges'),
    sourcePorts: message?.sourcePorts ?? [],
  };
}

function rejectTwins(chains: readonly FilterChain[], cx: DecodeContext): void {
  const seen = new Map<string, number>();
  chains.forEach((chain, i) => {
    const { filterChainMatch: match } = chain;
    const key = JSON.stringify([
      match?.destinationPort,
      match?.prefixRanges.map((range) => [range.addressPrefix, range.prefixLen]),
      match?.sourcePrefixRanges.map((range) => [range.addressPrefix, range.prefixLen]),
      match?.sourcePorts,
      match?.serverNames,
      match?.transportProtocol,
      match?.applicationProtocols,
    ]);
    const first = seen.get(key);
    if (first !== undefined)
      cx.at(i, 'filter_chain_match').error(
        `is the same as that of filter chain ${first}, so this one would never be used`,
      );
    else seen.set(key, i);
  });
}
