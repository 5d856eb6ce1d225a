import { after, type Clock, type Timer, type Timers } from '@weft/core-runtime';
import { SERVER_METRIC, type ServerMetrics } from './server-metrics.ts';

/** What waits for its turn: a stream, or a proxy to be translated for. */
export interface Pushable {
  push(): void;
}

export interface PushQueueOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  /** How many get their turn before the event loop gets its own. Default: 100. */
  readonly concurrency?: number;
  /** How long turns may go on before the event loop gets its own, in milliseconds. Default: 20. */
  readonly sliceMs?: number;
}

const CONCURRENCY = 100;
const SLICE_MS = 20;

/**
 * Proxies in the order in which something changed for them. Each waits once, however much changes: its turn takes the newest.
 * A thousand pushes in one go would keep every acknowledgement waiting, so they go in batches.
 */
export class PushQueue {
  private readonly options: PushQueueOptions;
  private readonly waiting = new Map<Pushable, number>();
  private turn: Timer | undefined;

  constructor(options: PushQueueOptions) {
    this.options = options;
  }

  get length(): number {
    return this.waiting.size;
  }

  enqueue(pushable: Pushable): void {
    if (!this.waiting.has(pushable)) this.waiting.set(pushable, this.options.clock.nowMs());
    this.turn ??= after(this.options.timers, 0, () => this.run());
  }

  remove(pushable: Pushable): void {
    this.waiting.delete(pushable);
  }

  private run(): void {
    const { clock, metrics, concurrency = CONCURRENCY, sliceMs = SLICE_MS, timers } = this.options;
    this.turn = undefined;
    let left = concurrency;
    const endMs = clock.nowMs() + sliceMs;
    for (const [pushable, sinceMs] of this.waiting) {
      if (left === 0 || (left < concurrency && clock.nowMs() >= endMs)) break;
      left -= 1;
      this.waiting.delete(pushable);
      metrics.observe(SERVER_METRIC.queueTime, (clock.nowMs() - sinceMs) / 1000);
      pushable.push();
    }
    if (this.waiting.size > 0) this.turn ??= after(timers, 0, () => this.run());
  }
}
