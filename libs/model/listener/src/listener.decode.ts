import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { ListenerFilter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import { durationMs } from '@weft/model-policy';
import { addressSupport, decodeListenerAddress, isUdp } from './address.decode.ts';
import { decodePredicate, predicateSupport } from './connection-predicate.decode.ts';
import {
  decodeFilterChain,
  filterChainSupport,
  rejectOverlaps,
  type FilterChainDecoders,
} from './filter-chain.decode.ts';
import { decodeUdp, udpSupport } from './udp.decode.ts';
import { decodeSocketOptions, socketOptionSupport } from './socket-option.decode.ts';
import { listenerAddressText, listenerStatName, type ListenerAddress } from './listener-address.ts';
import type { KeepaliveConfig, ListenerConfig, ListenerExtensions, ListenerFilterConfig } from './listener.ts';

/** What is read here; the rest of the messages is reported by name. */
export const supported: FieldSupport = mergeSupport([
  {
    'envoy.config.listener.v3.Listener': [
      'name', 'address', 'additional_addresses', 'stat_prefix', 'filter_chains', 'default_filter_chain',
      'use_original_dst', 'per_connection_buffer_limit_bytes', 'metadata', 'drain_type', 'listener_filters',
      'listener_filters_timeout', 'continue_on_listener_filters_timeout', 'traffic_direction', 'deprecated_v1',
      'bind_to_port', 'enable_reuse_port', 'reuse_port', 'access_log', 'tcp_backlog_size', 'tcp_keepalive',
      'internal_listener', 'socket_options', 'transparent', 'tcp_fast_open_queue_length', 'ignore_global_conn_limit', 'bypass_overload_manager', 'connection_balance_config',
    ],
    'envoy.config.listener.v3.Listener.DeprecatedV1': ['bind_to_port'],
    'envoy.config.listener.v3.Listener.InternalListenerConfig': [],
    'envoy.config.listener.v3.Listener.ConnectionBalanceConfig': ['exact_balance'],
    'envoy.config.listener.v3.Listener.ConnectionBalanceConfig.ExactBalance': [],
    'envoy.config.listener.v3.AdditionalAddress': ['address'],
    'envoy.config.listener.v3.ListenerFilter': ['name', 'typed_config', 'filter_disabled'],
  },
  addressSupport,
  filterChainSupport,
  predicateSupport,
  socketOptionSupport,
  udpSupport,
]); // prettier-ignore

type AnyMessage = Parameters<DecodeContext['unpack']>[0];

/** What decodes the extensions inside a listener: the engine's registries. */
export interface ListenerDecoders<X extends ListenerExtensions> extends FilterChainDecoders<X> {
  listenerFilter(cx: DecodeContext, any: AnyMessage): X['listener'] | undefined;
  /** A filter that an older field asks for by its name (`use_original_dst`, `use_proxy_proto`). */
  impliedFilter(cx: DecodeContext, typeName: string): X['listener'] | undefined;
  accessLogs(messages: Listener['accessLog'], cx: DecodeContext): X['accessLog'];
  /** The filter of a UDP listener. */
  udpFilter(cx: DecodeContext, any: AnyMessage): X['udp'] | undefined;
}

const ORIGINAL_DST = 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst';
const PROXY_PROTOCOL = 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol';

/** A listener from its message; faults go to `cx`. */
export function decodeListener<X extends ListenerExtensions>(
  message: Listener,
  cx: DecodeContext,
  decoders: ListenerDecoders<X>,
): ListenerConfig<X> | undefined {
  const before = cx.faults.length;
  const address = decodeAddress(message, cx);
  const udp = isUdp(message.address);
  const chains = message.filterChains.map((chain, i) => decodeFilterChain(chain, cx.at('filter_chains', i), decoders));
  const { defaultFilterChain } = message;
  const defaultChain =
    defaultFilterChain && decodeFilterChain(defaultFilterChain, cx.at('default_filter_chain'), decoders);
  if (chains.length === 0 && defaultChain === undefined && !udp)
    cx.at('filter_chains').error('is empty: no filter chains specified', { expected: 'at least one filter chain' });
  rejectOverlaps(chains, cx.at('filter_chains'));
  const listenerFilters = udp ? [] : decodeListenerFilters(message, cx, decoders);
  const udpConfig = udp ? decodeUdp<X>(message, cx, decoders.udpFilter) : undefined;
  const accessLogs = decoders.accessLogs(message.accessLog, cx.at('access_log'));
  const additionalAddresses = message.additionalAddresses.flatMap(
    (extra, i) => decodeListenerAddress(extra.address, cx.at('additional_addresses', i, 'address'), udp) ?? [],
  );
  if (message.filterChainMatcher !== undefined) cx.at('filter_chain_matcher').later('');
  if (message.fcdsConfig !== undefined) cx.at('fcds_config').later('');
  if (cx.faults.length > before || address === undefined) return undefined;
  return {
    name: message.name === '' ? listenerAddressText(address) : message.name,
    metadata: message.metadata?.filterMetadata,
    statPrefix: message.statPrefix === '' ? listenerStatName(address) : message.statPrefix,
    address,
    additionalAddresses,
    protocol: udp ? 'UDP' : 'TCP',
    udp: udpConfig,
    chains,
    defaultChain,
    listenerFilters,
    accessLogs,
    ...scalars(message),
  };
}

type Scalars = Omit<
  ListenerConfig<ListenerExtensions>,
  | 'name'
  | 'statPrefix'
  | 'address'
  | 'additionalAddresses'
  | 'protocol'
  | 'udp'
  | 'chains'
  | 'defaultChain'
  | 'listenerFilters'
  | 'accessLogs'
>;

function scalars(message: Listener): Scalars {
  const internal = message.listenerSpecifier.case === 'internalListener';
  return {
    bindToPort: !internal && (message.bindToPort ?? message.deprecatedV1?.bindToPort ?? true),
    reusePort: message.enableReusePort ?? message.reusePort,
    useOriginalDst: message.useOriginalDst ?? false,
    listenerFiltersTimeoutMs: durationMs(message.listenerFiltersTimeout, 15_000),
    continueOnListenerFiltersTimeout: message.continueOnListenerFiltersTimeout,
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? 1024 * 1024,
    backlog: message.tcpBacklogSize ?? 128,
    keepalive: decodeKeepalive(message.tcpKeepalive),
    socketOptions: decodeSocketOptions(message),
    exactBalance: message.connectionBalanceConfig?.balanceType.case === 'exactBalance',
    ignoreGlobalConnLimit: message.ignoreGlobalConnLimit,
    bypassOverloadManager: message.bypassOverloadManager,
    drainType: message.drainType === 1 ? 'MODIFY_ONLY' : 'DEFAULT',
    trafficDirection: (['UNSPECIFIED', 'INBOUND', 'OUTBOUND'] as const)[message.trafficDirection] ?? 'UNSPECIFIED',
  };
}

function decodeAddress(message: Listener, cx: DecodeContext): ListenerAddress | undefined {
  if (message.listenerSpecifier.case !== 'internalListener')
    return decodeListenerAddress(message.address, cx.at('address'), true);
  if (message.address !== undefined)
    cx.at('address').error('address should not be used when an internal listener config is provided');
  if (message.additionalAddresses.length > 0)
    cx.at('additional_addresses').error('an internal listener has no address');
  if (message.name === '') cx.at('name').error('is missing: an internal listener is found by its name');
  return { kind: 'internal', name: message.name };
}

function decodeListenerFilters<X extends ListenerExtensions>(
  message: Listener,
  cx: DecodeContext,
  decoders: ListenerDecoders<X>,
): ListenerFilterConfig<X>[] {
  const filters = message.listenerFilters.flatMap((one, i) =>
    decodeListenerFilter(one, cx.at('listener_filters', i), decoders),
  );
  const implied = (field: string, typeName: string): void => {
    if (message.listenerFilters.some(({ configType }) => typeUrlOf(configType).endsWith(typeName))) return;
    const filter = decoders.impliedFilter(cx.at(field), typeName);
    if (filter !== undefined) filters.push({ name: typeName, filter, disabled: undefined });
  };
  if (message.useOriginalDst === true) implied('use_original_dst', ORIGINAL_DST);
  if (message.filterChains[0]?.useProxyProto === true) implied('filter_chains[0].use_proxy_proto', PROXY_PROTOCOL);
  return filters;
}

function typeUrlOf(config: ListenerFilter['configType']): string {
  return config.case === 'typedConfig' ? config.value.typeUrl : '';
}

function decodeListenerFilter<X extends ListenerExtensions>(
  message: ListenerFilter,
  cx: DecodeContext,
  decoders: ListenerDecoders<X>,
): ListenerFilterConfig<X>[] {
  const { name, configType, filterDisabled } = message;
  if (configType.case === 'configDiscovery') {
    cx.at('config_discovery').later('');
    return [];
  }
  const disabled = decodePredicate(filterDisabled, cx.at('filter_disabled'));
  const filter = decoders.listenerFilter(cx.at('typed_config'), configType.value);
  return filter === undefined ? [] : [{ name, filter, disabled }];
}

function decodeKeepalive(message: Listener['tcpKeepalive']): KeepaliveConfig | undefined {
  if (message === undefined) return undefined;
  return { timeMs: message.keepaliveTime === undefined ? undefined : message.keepaliveTime * 1000 };
}
