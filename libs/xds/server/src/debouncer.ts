import { after, type Clock, type Timer, type Timers } from '@weft/core-runtime';
import { SERVER_METRIC, type ServerMetrics } from './server-metrics.ts';

export interface DebouncerOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  /** Nothing may change for this long before the push, in milliseconds. Default: 100. Source: Istio, PILOT_DEBOUNCE_AFTER. */
  readonly quietMs?: number;
  /** But a push waits no longer than this, in milliseconds. Default: 10,000. Source: Istio, PILOT_DEBOUNCE_MAX. */
  readonly maxMs?: number;
}

const QUIET_MS = 100;
const MAX_MS = 10_000;

/** Gathers changes until there are no more for a moment. Each change has a reason; the push hears all of them. */
export class Debouncer {
  private readonly options: DebouncerOptions;
  private readonly push: (reasons: ReadonlySet<string>) => void;
  private reasons = new Set<string>();
  private firstMs = 0;
  private lastMs = 0;
  private timer: Timer | undefined;

  constructor(options: DebouncerOptions, push: (reasons: ReadonlySet<string>) => void) {
    this.options = options;
    this.push = push;
  }

  trigger(reason: string): void {
    this.lastMs = this.options.clock.nowMs();
    if (this.reasons.size === 0) this.firstMs = this.lastMs;
    this.reasons.add(reason);
    if (this.timer === undefined) this.wait();
  }

  /** Pushes now what has gathered, if anything has. */
  flush(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.reasons.size === 0) return;
    const { reasons } = this;
    this.reasons = new Set();
    this.options.metrics.observe(SERVER_METRIC.debounceTime, (this.options.clock.nowMs() - this.firstMs) / 1000);
    this.push(reasons);
  }

  /** What has gathered is dropped. */
  close(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.reasons.clear();
  }

  /** One timer for a burst: it looks again when it is due, instead of being started anew by each change. */
  private wait(): void {
    const { clock, timers, quietMs = QUIET_MS, maxMs = MAX_MS } = this.options;
    const dueMs = Math.min(this.lastMs + quietMs, this.firstMs + maxMs);
    this.timer = after(timers, Math.max(0, dueMs - clock.nowMs()), () => {
      this.timer = undefined;
      if (clock.nowMs() >= Math.min(this.lastMs + quietMs, this.firstMs + maxMs)) this.flush();
      else this.wait();
    });
  }
}
