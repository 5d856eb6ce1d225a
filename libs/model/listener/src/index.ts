export {
  listenerAddressText,
  listenerStatName,
  type FilterChainConfig,
  type FilterChainMatch,
  type ListenerAddress,
  type ListenerConfig,
} from './listener.ts';
export { matchFilterChain, type ConnectionFacts } from './match-filter-chain.ts';
export { decodeListener, decodeListenerAddress, supported, type DecodeNetworkFilter } from './listener.decode.ts';
