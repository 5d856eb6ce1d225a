import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { TransportClose } from '@weft/core-bytes';
import type { CONTINUE, STOP } from './http-filter.ts';
import type { Connection, ListenerFacts, ServerContext } from './network-filter.ts';
import type { FilterState } from './filter-state.ts';

/** CONTINUE: on to the next filter. STOP: hold the connection (and its bytes) here until `continueReading`. */
export type NetworkFilterStatus = typeof CONTINUE | typeof STOP;

/**
 * A network filter before the terminal one, on one connection. Every method is optional; an absent one is never called.
 * Filters are called in configured order for what comes from the client, in reverse for what goes to it.
 */
export interface NetworkFilter {
  /** The connection is there (TLS: the handshake is done); no byte was read. */
  onNewConnection?(): NetworkFilterStatus;
  /** Bytes from the client. Filters look, they do not change. `end`: the client half-closed. */
  onData?(chunk: Buffer, end: boolean): NetworkFilterStatus;
  /** Bytes on their way to the client. */
  onWrite?(chunk: Buffer): void;
  /** The connection is gone: drop timers and calls. Called once, last. */
  onClose?(close: TransportClose): void;
}

/** A connection as non-terminal filters have it. */
export interface FilteredConnection extends Connection {
  readonly filterState: FilterState;
  /** Ends this filter's STOP. Inside one of its callbacks it takes effect after the callback returned. */
  continueReading(): void;
  /** Closes the connection; `details` go to %CONNECTION_TERMINATION_DETAILS%. `flush` false: what is queued is dropped. */
  close(details: string, flush: boolean): void;
}

/** One kind of non-terminal network filter. `C` is its decoded, immutable configuration. */
export interface ReadFilterFactory<C> {
  /** The message type of its configuration. */
  readonly typeName: string;
  decode(message: Message, cx: DecodeContext): C | undefined;
  /** Config time: resolves stats once; the result makes one filter per connection. */
  prepare(config: C, server: ServerContext, listener: ListenerFacts): PreparedReadFilter;
}

export interface PreparedReadFilter {
  create(connection: FilteredConnection): NetworkFilter;
  /** The configuration was replaced: drop subscriptions and timers. Live connections keep working. */
  close(): void;
}
