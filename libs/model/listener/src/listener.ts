import type { CidrRange } from '@weft/model-match';

/** Where a listener is bound. */
export type ListenerAddress =
  | { readonly kind: 'socket'; readonly ip: string; readonly port: number; readonly ipv4Compat: boolean }
  | { readonly kind: 'pipe'; readonly path: string };

/** Which connections a filter chain is for. Empty lists and undefined say "any". Source: FilterChainMatch v3. */
export interface FilterChainMatch {
  readonly destinationPort: number | undefined;
  readonly prefixRanges: readonly CidrRange[];
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
}

/** One filter chain; `F` is the decoded terminal network filter. */
export interface FilterChainConfig<F> {
  readonly name: string;
  readonly match: FilterChainMatch;
  readonly filter: F;
}

/** One listener. Replaced whole when its message changes. Source: Listener v3. */
export interface ListenerConfig<F> {
  /** As configured, or the address in text where it has no name. */
  readonly name: string;
  readonly statPrefix: string;
  readonly address: ListenerAddress;
  readonly bindToPort: boolean;
  readonly reusePort: boolean;
  readonly chains: readonly FilterChainConfig<F>[];
  readonly defaultChain: FilterChainConfig<F> | undefined;
  /** Default 1 MiB. */
  readonly perConnectionBufferLimitBytes: number;
  /** Default 128. */
  readonly backlog: number;
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
}

/** `0.0.0.0_8080`: how stat names write a listener's address. */
export function listenerStatName(address: ListenerAddress): string {
  if (address.kind === 'pipe') return address.path;
  return `${address.ip.includes(':') ? `[${address.ip}]` : address.ip}_${address.port}`;
}

/** `0.0.0.0:8080`, or the path. */
export function listenerAddressText(address: ListenerAddress): string {
  if (address.kind === 'pipe') return address.path;
  return `${address.ip.includes(':') ? `[${address.ip}]` : address.ip}:${address.port}`;
}
