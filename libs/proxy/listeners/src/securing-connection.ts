import type { TlsConnectionInfo } from '@weft/core-http';
import type { Timer, TimerCallback } from '@weft/core-runtime';
import type { Handshake, HandshakeFailure, HandshakeOwner, PreparedTransportSocket } from '@weft/proxy-filter-api';
import type { Socket } from 'node:net';
import type { AcceptedFacts } from './accepted-facts.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { ListenerStats } from './listener-stats.ts';
import type { Opened } from './open-connection.ts';
import type { PreparedChain } from './prepared-listener.ts';

/** Whoever accepted it. */
export interface SecuringConnectionOwner {
  readonly stats: ListenerStats;
  startHandshakeTimer(ms: number, owner: TimerCallback): Timer;
  secured(connection: SecuringConnection, socket: Socket, tls: TlsConnectionInfo): void;
  handshakeFailed(connection: SecuringConnection, reason: string): void;
}

/**
 * A connection whose transport socket shakes hands.
 *
 *   securing -> secured (network filters) | failed | timed out
 */
export class SecuringConnection implements HandshakeOwner, ListenerConnection, TimerCallback {
  readonly chain: PreparedChain;
  readonly tunnel = false;
  readonly facts: AcceptedFacts;
  readonly opened: Opened;
  /** This side gave the handshake up. */
  endedHere = false;
  private readonly listener: SecuringConnectionOwner;
  private readonly handshake: Handshake;
  private timer: Timer | undefined;

  constructor(listener: SecuringConnectionOwner, chain: PreparedChain, facts: AcceptedFacts, opened: Opened) {
    this.listener = listener;
    this.chain = chain;
    this.facts = facts;
    this.opened = opened;
    if (chain.transportTimeoutMs > 0) this.timer = listener.startHandshakeTimer(chain.transportTimeoutMs, this);
    this.handshake = (chain.transport as PreparedTransportSocket).handshake(facts.socket, this);
    // Listener filters that read ahead left it paused.
    if (facts.socket.isPaused()) facts.socket.resume();
  }

  onSecured(socket: Socket, tls: TlsConnectionInfo): void {
    this.timer?.cancel();
    this.listener.secured(this, socket, tls);
  }

  onHandshakeFailure(failure: HandshakeFailure): void {
    this.timer?.cancel();
    const { plaintext, reason } = failure;
    const spoken = plaintext === undefined ? '' : `; the client spoke ${plaintext}`;
    this.listener.handshakeFailed(this, `${reason}${spoken}`);
  }

  onTimer(): void {
    this.listener.stats.transportSocketConnectTimeout.inc();
    this.handshake.abort();
    this.endedHere = true;
    this.listener.handshakeFailed(this, 'transport socket timeout was reached');
  }

  drain(): void {
    // A client that shakes hands is about to be served; what serves it drains.
  }
  destroy(): void {
    this.timer?.cancel();
    this.handshake.abort();
    this.endedHere = true;
    this.listener.handshakeFailed(this, 'the listener was stopped');
  }
}
