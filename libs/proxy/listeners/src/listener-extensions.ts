import { create, type Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { registry, type DecodeContext } from '@weft/api-envoy';
import type { AccessLog } from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import type { RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { FilterChainConfig, ListenerConfig, ListenerDecoders } from '@weft/model-listener';
import type {
  ListenerFilterFactory,
  NetworkFilterFactory,
  ReadFilterFactory,
  TransportSocketFactory,
  UdpListenerFilterFactory,
} from '@weft/proxy-filter-api';

/** A log of connections; an access log is one. */
export interface ConnectionLogger {
  log(info: StreamInfo, request: RequestHeaderMap, response: ResponseHeaderMap | undefined): void;
}

/** Every kind of extension that a listener may name. The assembly has the lists. */
export interface ListenerExtensionFactories {
  /** Terminal network filters. */
  readonly networkFilters: readonly NetworkFilterFactory<unknown>[];
  /** Network filters before the terminal one. */
  readonly readFilters: readonly ReadFilterFactory<unknown>[];
  readonly listenerFilters: readonly ListenerFilterFactory<unknown>[];
  readonly transportSockets: readonly TransportSocketFactory<unknown>[];
  /** Filters of UDP listeners. */
  readonly udpFilters: readonly UdpListenerFilterFactory<unknown>[];
  decodeAccessLogs(messages: readonly AccessLog[], cx: DecodeContext): readonly unknown[];
  /** Opens the logs. Throws a sentence that names the one that cannot be opened. */
  createAccessLogs(configs: readonly unknown[]): readonly ConnectionLogger[];
}

interface Decoded<F> {
  readonly factory: F;
  readonly config: unknown;
}

/** A network filter, decoded and not yet prepared. */
export type DecodedNetworkFilter =
  | ({ readonly terminal: true } & Decoded<NetworkFilterFactory<unknown>>)
  | ({ readonly terminal: false } & Decoded<ReadFilterFactory<unknown>>);

/** What the extensions of a decoded listener are. A type alias, for it has to fit an index of extension kinds. */
export type DecodedExtensions = {
  readonly network: DecodedNetworkFilter;
  readonly transport: Decoded<TransportSocketFactory<unknown>>;
  readonly listener: Decoded<ListenerFilterFactory<unknown>>;
  readonly accessLog: readonly unknown[];
  readonly udp: Decoded<UdpListenerFilterFactory<unknown>>;
};

export type DecodedListenerConfig = ListenerConfig<DecodedExtensions>;
export type DecodedChain = FilterChainConfig<DecodedExtensions>;

const RAW_BUFFER = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** Decodes a listener's extensions by the registries. */
export function listenerDecoders(factories: ListenerExtensionFactories): ListenerDecoders<DecodedExtensions> {
  return {
    networkFilter: (cx, any) => {
      const { networkFilters, readFilters } = factories;
      const found = open('filter', cx, any, [...networkFilters, ...readFilters]);
      if (found === undefined) return undefined;
      const { config, factory } = found;
      const terminal = (networkFilters as readonly unknown[]).includes(factory);
      const filter = { terminal, factory, config } as DecodedNetworkFilter;
      return { filter, terminal, typeName: filter.factory.typeName };
    },
    transportSocket: (cx, any) =>
      any !== undefined && any.typeUrl.endsWith(`/${RAW_BUFFER}`)
        ? 'plaintext'
        : open('transport socket', cx, any, factories.transportSockets),
    listenerFilter: (cx, any) => open('listener filter', cx, any, factories.listenerFilters),
    impliedFilter: (cx, typeName) => {
      const factory = factories.listenerFilters.find((candidate) => candidate.typeName === typeName);
      const schema = registry().getMessage(typeName);
      const config = schema && factory?.decode(create(schema), cx);
      if (factory === undefined) cx.later('');
      return factory === undefined || config === undefined ? undefined : { factory, config };
    },
    udpFilter: (cx, any) => open('UDP listener filter', cx, any, factories.udpFilters),
    accessLogs: (messages, cx) => factories.decodeAccessLogs(messages, cx),
  };
}

interface Factory {
  readonly typeName: string;
  decode(message: Message, cx: DecodeContext): unknown;
}

function open<F extends Factory>(
  kind: string,
  cx: DecodeContext,
  any: Any | undefined,
  factories: readonly F[],
): Decoded<F> | undefined {
  const message = cx.unpack(any);
  if (message === undefined) return undefined;
  const factory = factories.find((candidate) => candidate.typeName === message.$typeName);
  if (factory === undefined) {
    const known = factories.map((candidate) => candidate.typeName).join(', ');
    cx.later(`the ${kind} ${message.$typeName}`, known === '' ? {} : { expected: `one of: ${known}` });
    return undefined;
  }
  const config = factory.decode(message, cx);
  return config === undefined ? undefined : { factory, config };
}
