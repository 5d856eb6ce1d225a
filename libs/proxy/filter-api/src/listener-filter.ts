import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { SocketAddress } from '@weft/core-http';
import type { Socket } from 'node:net';
import type { FilterState } from './filter-state.ts';
import type { CONTINUE, STOP } from './http-filter.ts';
import type { ListenerFacts, ServerContext } from './network-filter.ts';

/** CONTINUE: on to the next filter. STOP: not yet; more bytes are needed, or `continueAccept` will be called. */
export type ListenerFilterStatus = typeof CONTINUE | typeof STOP;

/**
 * An accepted connection in the hands of its listener filters. What they set is what filter chains are matched on, and what
 * everything behind sees. Source: Envoy's ListenerFilterCallbacks and ConnectionSocket.
 */
export interface AcceptedConnection {
  /** For system calls on its descriptor. Filters neither read nor write it. */
  readonly socket: Socket;
  /** The peer of the socket. */
  readonly directRemoteAddress: SocketAddress;
  /** Where the client meant to go: restored by original_dst or the PROXY protocol. */
  localAddress: SocketAddress;
  /** `localAddress` is not the socket's own. */
  localAddressRestored: boolean;
  /** The client, as the PROXY protocol names it. */
  remoteAddress: SocketAddress;
  /** `tls`, `raw_buffer`; `''` until a filter found out. */
  transportProtocol: string;
  applicationProtocols: readonly string[];
  /** SNI in lower case. */
  serverName: string;
  ja3: string;
  ja4: string;
  readonly filterState: FilterState;
  /** Leaves dynamic metadata under the filter's name. */
  setMetadata(namespace: string, values: Readonly<Record<string, unknown>>): void;
  /** Takes the first `bytes` of what was read away: nobody behind sees them. */
  consume(bytes: number): void;
  /** Ends a STOP that waited for something else than bytes. Inside a callback it takes effect after it returned. */
  continueAccept(): void;
  /** Closes the connection; nothing is called afterwards but `onClose`. */
  close(details: string): void;
}

/** A listener filter on one connection. */
export interface ListenerFilter {
  /** The connection was accepted, and what filters before this one read is already there. */
  onAccept(): ListenerFilterStatus;
  /** All bytes read so far and not consumed. Called again with each read until it continues. Absent: it reads nothing. */
  onData?(bytes: Buffer): ListenerFilterStatus;
  /** The connection ended, or timed out, before this filter was done. */
  onClose?(): void;
}

/** One kind of listener filter. `C` is its decoded, immutable configuration. */
export interface ListenerFilterFactory<C> {
  /** The message type of its configuration. */
  readonly typeName: string;
  decode(message: Message, cx: DecodeContext): C | undefined;
  /** Config time: resolves stats once; the result makes one filter per connection. */
  prepare(config: C, server: ServerContext, listener: ListenerFilterFacts): PreparedListenerFilter;
}

/** What a listener filter may know of where it stands. */
export interface ListenerFilterFacts extends ListenerFacts {
  /** `listener.<address>.`: where filters that count per listener do. */
  readonly statPrefix: string;
}

export interface PreparedListenerFilter {
  create(connection: AcceptedConnection): ListenerFilter;
  /** The configuration was replaced: drop timers. Connections under way keep working. */
  close(): void;
}
