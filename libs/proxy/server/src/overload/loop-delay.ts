import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The sampling interval; a loop that is never busy shows about this much. */
const RESOLUTION_MS = 20;

/** How late this thread's event loop is. */
export class LoopDelay {
  private histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;

  start(): void {
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.histogram.enable();
  }

  /** The worst delay since the last call, in milliseconds, beyond the sampling interval. */
  take(): number {
    const { histogram } = this;
    if (histogram === undefined || histogram.count === 0) return 0;
    const worst = histogram.max / 1e6;
    histogram.reset();
    return Math.max(0, worst - RESOLUTION_MS);
  }

  stop(): void {
    this.histogram?.disable();
    this.histogram = undefined;
  }
}
