import type { Clock, Timer, TimerCallback } from '@weft/core-runtime';
import type { KeepAliveSettings } from './settings.ts';

/** What it asks of its connection. */
export interface KeepAliveOwner {
  sendPing(): void;
  /** The peer did not answer in time. */
  onKeepAliveTimeout(): void;
}

/**
 * Proves a connection alive: a PING now and then, and the connection is given up where no answer and no other frame comes.
 *
 *   waiting (interval) ─▶ awaiting the answer ─▶ waiting
 *                                            └─▶ timed out
 */
export class KeepAlive implements TimerCallback {
  private readonly settings: KeepAliveSettings;
  private readonly clock: Clock;
  private readonly owner: KeepAliveOwner;
  private intervalTimer: Timer | undefined;
  private timeoutTimer: Timer | undefined;
  private lastInputMs: number;

  constructor(settings: KeepAliveSettings, clock: Clock, owner: KeepAliveOwner) {
    this.settings = settings;
    this.clock = clock;
    this.owner = owner;
    this.lastInputMs = clock.nowMs();
    this.startInterval();
  }

  /** Something arrived. */
  onInput(): void {
    this.lastInputMs = this.clock.nowMs();
  }

  /** An answer to a PING arrived, whichever. */
  onPong(): void {
    this.timeoutTimer?.cancel();
    this.timeoutTimer = undefined;
    this.intervalTimer?.cancel();
    this.startInterval();
  }

  /** A client is about to open a stream: a connection long quiet is proved first. */
  beforeStream(): void {
    const { idleIntervalMs } = this.settings;
    if (idleIntervalMs > 0 && this.clock.nowMs() - this.lastInputMs > idleIntervalMs) this.ping();
  }

  stop(): void {
    this.intervalTimer?.cancel();
    this.timeoutTimer?.cancel();
    this.timeoutTimer = undefined;
  }

  onTimer(timer: Timer): void {
    if (timer === this.intervalTimer) {
      this.ping();
      return;
    }
    this.timeoutTimer = undefined;
    // A PING may wait behind other frames: any frame within the time is sign enough.
    const leftMs = Math.ceil(this.lastInputMs + this.settings.timeoutMs - this.clock.nowMs());
    if (leftMs > 0) this.timeoutTimer = this.settings.timers.start(leftMs, this);
    else this.owner.onKeepAliveTimeout();
  }

  private ping(): void {
    if (this.timeoutTimer !== undefined) return;
    this.owner.sendPing();
    this.timeoutTimer = this.settings.timers.start(this.settings.timeoutMs, this);
  }

  private startInterval(): void {
    const { intervalMs, jitterPercent, random, timers } = this.settings;
    if (intervalMs === 0) return;
    const jitterMs = Math.floor((intervalMs * jitterPercent) / 100);
    this.intervalTimer = timers.start(intervalMs + (jitterMs > 0 ? random.below(jitterMs) : 0), this);
  }
}
