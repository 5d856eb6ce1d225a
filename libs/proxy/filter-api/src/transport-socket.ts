import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { TlsConnectionInfo } from '@weft/core-http';
import type { Socket } from 'node:net';
import type { ListenerFacts, ServerContext } from './network-filter.ts';

/** One kind of transport socket for accepted connections (TLS …). `C` is its decoded, immutable configuration. */
export interface TransportSocketFactory<C> {
  /** The message type of its configuration. */
  readonly typeName: string;
  decode(message: Message, cx: DecodeContext): C | undefined;
  /** Config time: reads certificates, resolves stats once. Throws nothing: what is unreadable is a fault of `decode`. */
  prepare(config: C, server: ServerContext, listener: ListenerFacts): PreparedTransportSocket;
}

export interface PreparedTransportSocket {
  /** Resolves when its secrets have come, or came too late to be waited for. Absent: it waits for none. */
  readonly pending?: Promise<void> | undefined;
  /**
   * Secures an accepted socket. What listener filters read ahead was put back with `socket.unshift`. Exactly one of the
   * owner's methods is called, never inside this call.
   */
  handshake(socket: Socket, owner: HandshakeOwner): Handshake;
  /** The configuration was replaced: drop watches. Live connections keep working. */
  close(): void;
}

export interface HandshakeOwner {
  /** `socket` carries the plain bytes; nothing was read of it. */
  onSecured(socket: Socket, tls: TlsConnectionInfo): void;
  /** The socket is destroyed. */
  onHandshakeFailure(failure: HandshakeFailure): void;
}

/** Gives up a handshake under way: the socket is destroyed and the owner hears nothing. */
export interface Handshake {
  abort(): void;
}

export interface HandshakeFailure {
  /** One sentence in Envoy's or OpenSSL's words, for %DOWNSTREAM_TRANSPORT_FAILURE_REASON%. */
  readonly reason: string;
  /** The peer spoke something else than TLS: named by its first bytes (`HTTP/1.1 plaintext`, `HTTP/2 preface` …). */
  readonly plaintext: string | undefined;
}
