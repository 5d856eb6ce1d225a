export { listenerAddressText, listenerStatName, type ListenerAddress } from './listener-address.ts';
export type {
  FilterChainConfig,
  FilterChainMatch,
  KeepaliveConfig,
  ListenerConfig,
  ListenerExtensions,
  ListenerFilterConfig,
} from './listener.ts';
export { FilterChainTable, type ConnectionFacts } from './filter-chain-table.ts';
export { optionsFor, type SocketOptionConfig } from './socket-option.ts';
export { predicateMatches, type ConnectionPredicate } from './connection-predicate.ts';
export { decodeListenerAddress } from './address.decode.ts';
export type { DecodedNetworkFilter, FilterChainDecoders } from './filter-chain.decode.ts';
export { decodeListener, supported, type ListenerDecoders } from './listener.decode.ts';
