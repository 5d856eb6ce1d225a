import type { CidrRange } from '@weft/model-match';
import type { ConnectionPredicate } from './connection-predicate.ts';
import type { ListenerAddress } from './listener-address.ts';
import type { SocketOptionConfig } from './socket-option.ts';

/** Which connections a filter chain is for. Empty lists and undefined say "any". Source: FilterChainMatch v3. */
export interface FilterChainMatch {
  readonly destinationPort: number | undefined;
  readonly prefixRanges: readonly CidrRange[];
  /** Lower case; `.example.com` stands for `*.example.com`. */
  readonly serverNames: readonly string[];
  /** `raw_buffer`, `tls`; `''` for any. */
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourcePrefixRanges: readonly CidrRange[];
  readonly sourceType: 'ANY' | 'SAME_IP_OR_LOOPBACK' | 'EXTERNAL';
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
}

/** What the engine's registries make of the extensions inside a listener. */
export interface ListenerExtensions {
  readonly network: unknown;
  readonly transport: unknown;
  readonly listener: unknown;
  readonly accessLog: unknown;
  readonly udp: unknown;
}

/** One filter chain. */
export interface FilterChainConfig<X extends ListenerExtensions> {
  readonly name: string;
  readonly match: FilterChainMatch;
  /** The last one is terminal. Empty: connections are closed at once, as in Envoy. */
  readonly filters: readonly X['network'][];
  /** Undefined: plaintext. */
  readonly transportSocket: X['transport'] | undefined;
  /** `metadata.filter_metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** 0: no limit. */
  readonly transportSocketConnectTimeoutMs: number;
  /** Equal for chains whose messages are equal. */
  readonly fingerprint: string;
}

/** One listener filter, with the connections that it is not for. */
export interface ListenerFilterConfig<X extends ListenerExtensions> {
  readonly name: string;
  readonly filter: X['listener'];
  readonly disabled: ConnectionPredicate | undefined;
}

/** TCP keep-alive. Milliseconds until the first probe; undefined leaves the system's. Source: TcpKeepalive. */
export interface KeepaliveConfig {
  readonly timeMs: number | undefined;
}

/** What only a listener of datagrams has. */
export interface UdpConfig<X extends ListenerExtensions> {
  /** Undefined: datagrams are dropped. */
  readonly filter: X['udp'] | undefined;
  /** Longer ones are dropped. Default 1500. */
  readonly maxDatagramBytes: number;
}

/** One listener. Replaced whole when its message changes. Source: Listener v3. */
export interface ListenerConfig<X extends ListenerExtensions> {
  /** As configured, or the address in text where it has no name. */
  readonly name: string;
  /** `metadata.filter_metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly statPrefix: string;
  readonly address: ListenerAddress;
  readonly additionalAddresses: readonly ListenerAddress[];
  readonly protocol: 'TCP' | 'UDP';
  /** Undefined for TCP. */
  readonly udp: UdpConfig<X> | undefined;
  readonly bindToPort: boolean;
  readonly reusePort: boolean;
  /** Hand a connection whose destination was restored to the listener that is for it. */
  readonly useOriginalDst: boolean;
  readonly chains: readonly FilterChainConfig<X>[];
  readonly defaultChain: FilterChainConfig<X> | undefined;
  readonly listenerFilters: readonly ListenerFilterConfig<X>[];
  /** Default 15,000; 0: no limit. */
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly accessLogs: X['accessLog'];
  /** Default 1 MiB. */
  readonly perConnectionBufferLimitBytes: number;
  /** Default 128. */
  readonly backlog: number;
  readonly keepalive: KeepaliveConfig | undefined;
  readonly socketOptions: readonly SocketOptionConfig[];
  readonly exactBalance: boolean;
  readonly ignoreGlobalConnLimit: boolean;
  /** Overload actions leave it alone. */
  readonly bypassOverloadManager: boolean;
  readonly drainType: 'DEFAULT' | 'MODIFY_ONLY';
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
}
