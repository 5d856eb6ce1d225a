import { after, type Clock, type Timer, type Timers } from '@weft/core-runtime';
import type { Resource } from './resource.ts';
import type { Subscription } from './subscription.ts';

/** Of a TTL: two heartbeats may be late or lost before the proxy drops anything. */
const SHARE = 1 / 3;

interface Running {
  readonly ttlMs: number;
  readonly timer: Timer;
}

/** Sees to it that what has a TTL lives on at one proxy for as long as its stream does. */
export class Heartbeats {
  private readonly timers: Timers;
  private readonly clock: Clock;
  private readonly advance: () => void;
  private readonly running = new Map<Subscription, Running>();
  /** When something with a TTL was sent last. */
  private readonly sentMs = new Map<Subscription, number>();

  /** `advance` is called when there is something to send. */
  constructor({ timers, clock }: { readonly timers: Timers; readonly clock: Clock }, advance: () => void) {
    this.timers = timers;
    this.clock = clock;
    this.advance = advance;
  }

  /** These are on their way; `undefined`: the proxy has some already. Most have no TTL, and cost nothing here. */
  watch(subscription: Subscription, sent?: readonly Resource[]): void {
    if (sent !== undefined && !sent.some(({ ttlMs }) => ttlMs !== undefined)) return;
    const ttlMs = subscription.shortestTtlMs;
    if (sent !== undefined) this.sentMs.set(subscription, this.clock.nowMs());
    const known = this.running.get(subscription);
    if (ttlMs === undefined || (known !== undefined && known.ttlMs <= ttlMs)) return;
    known?.timer.cancel();
    this.start(subscription, ttlMs);
  }

  /**
   * True where a heartbeat that is sent now may find nothing left to prolong: one without content would be refused by some
   * proxies, and by others not even that.
   */
  isLate(subscription: Subscription): boolean {
    const { ttlMs = Number.POSITIVE_INFINITY } = this.running.get(subscription) ?? {};
    return this.clock.nowMs() - (this.sentMs.get(subscription) ?? Number.POSITIVE_INFINITY) >= ttlMs;
  }

  close(): void {
    for (const { timer } of this.running.values()) timer.cancel();
    this.running.clear();
    this.sentMs.clear();
  }

  private start(subscription: Subscription, ttlMs: number): void {
    const timer = after(this.timers, ttlMs * SHARE, () => {
      subscription.beat();
      this.advance();
      this.running.delete(subscription);
      const next = subscription.shortestTtlMs;
      if (next !== undefined) this.start(subscription, next);
    });
    this.running.set(subscription, { ttlMs, timer });
  }
}
