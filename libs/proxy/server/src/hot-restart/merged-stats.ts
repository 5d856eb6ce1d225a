import { countedByOneWorker, type StatsStore } from '@weft/observe-metrics';
import type { ParentStats } from './messages.ts';

/** Gauges that add up over two processes; others say what only one of them can know. */
const ADDS_UP = /(?:_active|_buffered)$/;

/** What a process that drains tells its child. */
export function statsForChild(store: StatsStore, connections: number): ParentStats {
  return {
    counters: store.counters().flatMap(({ name, value }) => (value === 0 ? [] : [[name, value] as const])),
    gauges: store
      .gauges()
      .flatMap(({ name, value }) => (ADDS_UP.test(name) && !countedByOneWorker(name) ? [[name, value] as const] : [])),
    connections,
  };
}

/** Adds the stats of a parent to a store while the parent lives: what it counted stays, what it has open goes with it. */
export class MergedStats {
  private readonly store: StatsStore;
  private readonly counters = new Map<string, number>();
  private readonly gauges = new Map<string, number>();

  constructor(store: StatsStore) {
    this.store = store;
  }

  merge({ counters, gauges }: ParentStats): void {
    for (const [name, value] of counters) {
      const before = this.counters.get(name) ?? 0;
      this.counters.set(name, value);
      // Less than before: the parent's counters were reset.
      this.store.counter(name).add(value < before ? value : value - before);
    }
    for (const [name, value] of gauges) {
      this.store.gauge(name).add(value - (this.gauges.get(name) ?? 0));
      this.gauges.set(name, value);
    }
  }

  /** The parent is gone, and all it had open. */
  parentGone(): void {
    for (const [name, value] of this.gauges) this.store.gauge(name).sub(value);
    this.gauges.clear();
  }
}
