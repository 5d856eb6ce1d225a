import type { SocketAddress } from '@weft/core-http';
import type { FilterStateKey } from './filter-state.ts';

/** What the PROXY protocol said of a connection, for the header that goes upstream. Source: Envoy's ProxyProtocolData. */
export interface ProxyProtocolState {
  readonly version: 'v1' | 'v2';
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
  /** Those that the listener filter passes through. */
  readonly tlvs: readonly { readonly type: number; readonly value: Buffer }[];
}

export const PROXY_PROTOCOL_STATE: FilterStateKey<ProxyProtocolState> = {
  name: 'envoy.network.proxy_protocol_options',
};

/** TLVs that rules keep in filter state: text by the rule's key. */
export const PROXY_PROTOCOL_TLVS: FilterStateKey<Readonly<Record<string, string>>> = {
  name: 'envoy.network.proxy_protocol.tlv',
};
