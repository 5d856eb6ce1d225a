import { after, type Timer, type Timers } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { CounterStat, GaugeStat, HistogramStat } from './numbers.ts';

/** How long an interval of the histograms lasts. Default of Bootstrap.stats_flush_interval. */
export const FLUSH_INTERVAL_MS = 5000;

/** All counters, gauges and histograms of one proxy. Readers get them sorted by name. */
export class StatsStore {
  readonly root: StatsScope;
  private readonly counterMap = new Map<string, CounterStat>();
  private readonly gaugeMap = new Map<string, GaugeStat>();
  private readonly histogramMap = new Map<string, HistogramStat>();

  constructor() {
    this.root = new Scope(this, '');
  }

  counter(name: string): CounterStat {
    return getOrAdd(this.counterMap, name, CounterStat);
  }
  gauge(name: string): GaugeStat {
    return getOrAdd(this.gaugeMap, name, GaugeStat);
  }
  histogram(name: string): HistogramStat {
    return getOrAdd(this.histogramMap, name, HistogramStat);
  }

  counters(): CounterStat[] {
    return sorted(this.counterMap);
  }
  gauges(): GaugeStat[] {
    return sorted(this.gaugeMap);
  }
  histograms(): HistogramStat[] {
    return sorted(this.histogramMap);
  }

  /** Forgets every stat whose name begins with `prefix`, e.g. those of a removed cluster. Holders may go on counting unseen. */
  remove(prefix: string): void {
    for (const map of [this.counterMap, this.gaugeMap, this.histogramMap]) {
      for (const name of map.keys()) if (name.startsWith(prefix)) map.delete(name);
    }
  }

  /** Sets all counters to 0. Gauges and histograms keep what they have, as with Envoy's /reset_counters. */
  resetCounters(): void {
    for (const counter of this.counterMap.values()) counter.reset();
  }

  /** Ends the interval of every histogram. */
  flush(): void {
    for (const histogram of this.histogramMap.values()) histogram.flush();
  }
}

/** Flushes the store every `intervalMs` until the returned function is called. */
export function startFlushing(store: StatsStore, timers: Timers, intervalMs = FLUSH_INTERVAL_MS): () => void {
  let timer: Timer;
  const again = (): void => {
    timer = after(timers, intervalMs, () => {
      store.flush();
      again();
    });
  };
  again();
  return () => timer.cancel();
}

class Scope implements StatsScope {
  private readonly store: StatsStore;
  private readonly prefix: string;

  constructor(store: StatsStore, prefix: string) {
    this.store = store;
    this.prefix = prefix;
  }
  counter(name: string): CounterStat {
    return this.store.counter(this.prefix + name);
  }
  gauge(name: string): GaugeStat {
    return this.store.gauge(this.prefix + name);
  }
  histogram(name: string): HistogramStat {
    return this.store.histogram(this.prefix + name);
  }
  scope(prefix: string): StatsScope {
    return new Scope(this.store, this.prefix + prefix);
  }
}

function getOrAdd<T>(map: Map<string, T>, name: string, Stat: new (name: string) => T): T {
  let stat = map.get(name);
  if (stat === undefined) {
    stat = new Stat(name);
    map.set(name, stat);
  }
  return stat;
}

function sorted<T extends { readonly name: string }>(map: Map<string, T>): T[] {
  return [...map.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
