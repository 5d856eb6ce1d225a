import { toBinary } from '@bufbuild/protobuf';
import { registry, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  FilterChain,
  FilterChainMatch as MatchProto,
} from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import { decodeCidr } from '@weft/model-match';
import { durationMs } from '@weft/model-policy';
import { FilterChainTable } from './filter-chain-table.ts';
import type { FilterChainConfig, FilterChainMatch, ListenerExtensions } from './listener.ts';

export const filterChainSupport: FieldSupport = {
  'envoy.config.listener.v3.FilterChain': [
    'filter_chain_match', 'filters', 'name', 'transport_socket', 'transport_socket_connect_timeout', 'use_proxy_proto',
    'metadata',
  ],
  'envoy.config.listener.v3.FilterChainMatch': [
    'destination_port', 'prefix_ranges', 'server_names', 'transport_protocol', 'application_protocols',
    'direct_source_prefix_ranges', 'source_type', 'source_prefix_ranges', 'source_ports',
  ],
  'envoy.config.listener.v3.Filter': ['name', 'typed_config'],
  'envoy.config.core.v3.TransportSocket': ['name', 'typed_config'],
  'envoy.config.core.v3.CidrRange': ['address_prefix', 'prefix_len'],
}; // prettier-ignore

type AnyMessage = Parameters<DecodeContext['unpack']>[0];

/** A network filter as its registry knows it. */
export interface DecodedNetworkFilter<N> {
  readonly filter: N;
  readonly terminal: boolean;
  /** For what is said of its place. */
  readonly typeName: string;
}

/** What decodes the extensions inside a filter chain. */
export interface FilterChainDecoders<X extends ListenerExtensions> {
  networkFilter(cx: DecodeContext, any: AnyMessage, name: string): DecodedNetworkFilter<X['network']> | undefined;
  transportSocket(cx: DecodeContext, any: AnyMessage): X['transport'] | 'plaintext' | undefined;
}

/** One filter chain; faults go to `cx`. */
export function decodeFilterChain<X extends ListenerExtensions>(
  message: FilterChain,
  cx: DecodeContext,
  decoders: FilterChainDecoders<X>,
): FilterChainConfig<X> {
  const { transportSocket } = message;
  const transport =
    transportSocket === undefined
      ? undefined
      : decoders.transportSocket(
          cx.at('transport_socket', 'typed_config'),
          transportSocket.configType.case === 'typedConfig' ? transportSocket.configType.value : undefined,
        );
  return {
    name: message.name,
    metadata: message.metadata?.filterMetadata,
    match: decodeMatch(message.filterChainMatch, cx.at('filter_chain_match')),
    filters: decodeFilters(message, cx.at('filters'), decoders),
    transportSocket: transport === 'plaintext' ? undefined : transport,
    transportSocketConnectTimeoutMs: durationMs(message.transportSocketConnectTimeout, 0),
    fingerprint: fingerprintOf(message),
  };
}

/** Reports chains of which one would never be used. */
export function rejectOverlaps(chains: readonly FilterChainConfig<ListenerExtensions>[], cx: DecodeContext): void {
  for (const [first, second] of new FilterChainTable(chains, undefined).overlaps) {
    const name = chains[first]?.name ?? '';
    cx.at(second, 'filter_chain_match').error(
      first === second
        ? 'asks for the same twice'
        : `asks for the same as filter chain ${first}${name === '' ? '' : ` ("${name}")`}: multiple filter chains with overlapping matching rules are defined`,
    );
  }
}

function decodeFilters<X extends ListenerExtensions>(
  message: FilterChain,
  cx: DecodeContext,
  decoders: FilterChainDecoders<X>,
): X['network'][] {
  const last = message.filters.length - 1;
  return message.filters.flatMap(({ name, configType }, i) => {
    if (configType.case === 'configDiscovery') {
      cx.at(i, 'config_discovery').later('');
      return [];
    }
    const decoded = decoders.networkFilter(cx.at(i, 'typed_config'), configType.value, name);
    if (decoded === undefined) return [];
    const { terminal, typeName } = decoded;
    if (terminal && i !== last)
      cx.at(i).error(
        `terminal filter named ${name} of type ${typeName} must be the last filter in a network filter chain`,
      );
    if (!terminal && i === last)
      cx.at(i).error(
        `non-terminal filter named ${name} of type ${typeName} is the last filter in a network filter chain`,
        {
          expected: 'a terminal filter behind it, for example http_connection_manager or tcp_proxy',
        },
      );
    return [decoded.filter];
  });
}

function decodeMatch(message: MatchProto | undefined, cx: DecodeContext): FilterChainMatch {
  if (message !== undefined && (message.addressSuffix !== '' || message.suffixLen !== undefined))
    cx.at(message.addressSuffix === '' ? 'suffix_len' : 'address_suffix').error(
      'is a field that neither Envoy nor Weft implements',
    );
  const ranges = (list: MatchProto['prefixRanges'] | undefined, field: string) =>
    (list ?? []).flatMap((range, i) => decodeCidr(range, cx.at(field, i)) ?? []);
  return {
    destinationPort: message?.destinationPort,
    prefixRanges: ranges(message?.prefixRanges, 'prefix_ranges'),
    serverNames: (message?.serverNames ?? []).flatMap((name, i) => decodeServerName(name, cx.at('server_names', i))),
    transportProtocol: message?.transportProtocol ?? '',
    applicationProtocols: message?.applicationProtocols ?? [],
    directSourcePrefixRanges: ranges(message?.directSourcePrefixRanges, 'direct_source_prefix_ranges'),
    sourceType: (['ANY', 'SAME_IP_OR_LOOPBACK', 'EXTERNAL'] as const)[message?.sourceType ?? 0] ?? 'ANY',
    sourcePrefixRanges: ranges(message?.sourcePrefixRanges, 'source_prefix_ranges'),
    sourcePorts: message?.sourcePorts ?? [],
  };
}

/** `*.example.com` becomes `.example.com`, so that it is found by cutting names at their dots. */
function decodeServerName(name: string, cx: DecodeContext): string[] {
  const lower = name.toLowerCase();
  const rest = lower.startsWith('*.') ? lower.slice(1) : lower;
  if (!rest.includes('*')) return [rest];
  cx.error(`"${name}": partial wildcards are not supported in "server_names"`, {
    expected: 'a name such as www.example.com, or *.example.com',
  });
  return [];
}

function fingerprintOf(message: FilterChain): string {
  return Buffer.from(toBinary(registry().getMessage(message.$typeName)!, message)).toString('latin1');
}
