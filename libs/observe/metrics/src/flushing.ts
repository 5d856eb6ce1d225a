import { after, type Timer, type Timers } from '@weft/core-runtime';
import type { StatsSink } from './stats-sink.ts';
import type { StatsStore } from './stats-store.ts';

/** How long an interval of the histograms lasts. Default of Bootstrap.stats_flush_interval. */
export const FLUSH_INTERVAL_MS = 5000;

/** Flushes the store, and then to the sinks, every `intervalMs` until the returned function is called. */
export function startFlushing(
  store: StatsStore,
  timers: Timers,
  intervalMs = FLUSH_INTERVAL_MS,
  sinks: readonly StatsSink[] = [],
): () => void {
  let timer: Timer;
  const again = (): void => {
    timer = after(timers, intervalMs, () => {
      store.flush();
      for (const sink of sinks) sink.flush(store);
      again();
    });
  };
  again();
  return () => timer.cancel();
}
