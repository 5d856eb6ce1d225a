import { after, type Timer, type Timers } from '@weft/core-runtime';
import type { Resource } from './resource.ts';
import type { Subscription } from './subscription.ts';

/** Of a TTL: two heartbeats may be late or lost before the proxy drops anything. */
const SHARE = 1 / 3;

/** Sees to it that what has a TTL lives on at one proxy for as long as its stream does. */
export class Heartbeats {
  private readonly timers: Timers;
  private readonly advance: () => void;
  private readonly running = new Map<Subscription, { readonly ttlMs: number; readonly timer: Timer }>();

  /** `advance` is called when there is something to send. */
  constructor(timers: Timers, advance: () => void) {
    this.timers = timers;
    this.advance = advance;
  }

  /** These are on their way; `undefined`: the proxy has some already. Most have no TTL, and cost nothing here. */
  watch(subscription: Subscription, sent?: readonly Resource[]): void {
    if (sent !== undefined && !sent.some(({ ttlMs }) => ttlMs !== undefined)) return;
    const ttlMs = subscription.shortestTtlMs;
    const known = this.running.get(subscription);
    if (ttlMs === undefined || (known !== undefined && known.ttlMs <= ttlMs)) return;
    known?.timer.cancel();
    this.start(subscription, ttlMs);
  }

  close(): void {
    for (const { timer } of this.running.values()) timer.cancel();
    this.running.clear();
  }

  private start(subscription: Subscription, ttlMs: number): void {
    const timer = after(this.timers, ttlMs * SHARE, () => {
      this.running.delete(subscription);
      subscription.beat();
      this.advance();
      const next = subscription.shortestTtlMs;
      if (next !== undefined) this.start(subscription, next);
    });
    this.running.set(subscription, { ttlMs, timer });
  }
}
