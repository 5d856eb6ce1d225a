import type { Timer } from '@weft/core-runtime';
import { ConnectAttempt, type AttemptOwner, type ConnectFailure } from './connect-attempt.ts';
import type { ConnectOptions, ConnectTarget } from './options.ts';
import type { SocketTransport } from './socket-transport.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
/** How long an address has before the next one is tried beside it. Source: Envoy's HappyEyeballsConnectionImpl; RFC 8305 section 5. */
const NEXT_ATTEMPT_MS = 300;

/** Whoever asked for a connection. Exactly one of the two is called, later than `connect` returns, unless it is aborted. */
export interface ConnectOwner {
  onConnected(transport: SocketTransport): void;
  onConnectFailure(failure: ConnectFailure): void;
}

/** A connection under way. */
export interface Connecting {
  /** Gives up: neither callback comes any more. */
  abort(): void;
}

/**
 * Connects, with TLS where the options say so, within the time they give. With several addresses the next one is tried when
 * one fails, or has not answered for 300 ms; the first that is ready wins, and the others are given up.
 */
export function connect(options: ConnectOptions, owner: ConnectOwner): Connecting {
  return new Race(options, owner);
}

/** One attempt for each address, each a little later than the one before: racing -> over. */
class Race implements Connecting, AttemptOwner {
  private readonly options: ConnectOptions;
  private readonly owner: ConnectOwner;
  private readonly targets: readonly ConnectTarget[];
  private readonly running: ConnectAttempt[] = [];
  private started = 0;
  private over = false;
  private readonly deadline: Timer;
  private nextTimer: Timer | undefined;

  constructor(options: ConnectOptions, owner: ConnectOwner) {
    this.options = options;
    this.owner = owner;
    this.targets = [options, ...(options.alternatives ?? [])];
    this.deadline = options.timers.start(options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS, this);
    this.startNext();
  }

  abort(): void {
    if (!this.over) this.settle();
  }

  onTimer(timer: Timer): void {
    if (this.over) return;
    if (timer !== this.deadline) {
      this.startNext();
      return;
    }
    this.settle();
    this.owner.onConnectFailure({ reason: 'timeout', details: 'connection timeout', error: undefined });
  }

  onAttemptReady(attempt: ConnectAttempt, transport: SocketTransport): void {
    this.remove(attempt);
    this.settle();
    this.owner.onConnected(transport);
  }

  onAttemptFailed(attempt: ConnectAttempt, failure: ConnectFailure): void {
    this.remove(attempt);
    if (this.started < this.targets.length) {
      this.nextTimer?.cancel();
      this.startNext();
      return;
    }
    if (this.running.length > 0) return;
    this.settle();
    this.owner.onConnectFailure(failure);
  }

  private startNext(): void {
    const target = this.targets[this.started];
    if (target === undefined) return;
    this.started += 1;
    this.running.push(new ConnectAttempt(target, this.options, this));
    if (this.started < this.targets.length) this.nextTimer = this.options.timers.start(NEXT_ATTEMPT_MS, this);
  }

  private remove(attempt: ConnectAttempt): void {
    this.running.splice(this.running.indexOf(attempt), 1);
  }

  private settle(): void {
    this.over = true;
    this.deadline.cancel();
    this.nextTimer?.cancel();
    for (const attempt of this.running.splice(0)) attempt.abort();
  }
}
