import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { SocketAddress } from '@weft/core-http';
import type { ListenerFacts, ServerContext } from './network-filter.ts';

/** A UDP listener's socket, as its filter has it. */
export interface UdpListenerSocket {
  readonly localAddress: SocketAddress;
  /** Sends one datagram to a client. What cannot be sent comes back by `onSendError`. */
  sendTo(datagram: Buffer, to: SocketAddress): void;
}

/** The filter of a UDP listener: it gets every datagram, whoever sent it. */
export interface UdpListenerFilter {
  /** The datagram is the filter's. */
  onDatagram(datagram: Buffer, from: SocketAddress): void;
  onReceiveError(): void;
  onSendError(): void;
  /** The listener is gone, or has a new configuration: every session ends. */
  close(): void;
}

/** One kind of filter of UDP listeners. `C` is its decoded, immutable configuration. */
export interface UdpListenerFilterFactory<C> {
  /** The message type of its configuration. */
  readonly typeName: string;
  decode(message: Message, cx: DecodeContext): C | undefined;
  /** Config time: resolves stats once; the result makes one filter per socket. */
  prepare(config: C, server: ServerContext, listener: ListenerFacts): PreparedUdpListenerFilter;
}

export interface PreparedUdpListenerFilter {
  create(socket: UdpListenerSocket): UdpListenerFilter;
}
