import type { StatsStore } from './stats-store.ts';

/** Whoever is told of all stats at each flush. Source: envoy.config.metrics.v3.StatsSink. */
export interface StatsSink {
  /** Called after the intervals of histograms ended. */
  flush(store: StatsStore): void;
  close(): void;
}
