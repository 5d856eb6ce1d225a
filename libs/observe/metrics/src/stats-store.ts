import type { StatsScope } from '@weft/core-stats';
import {
  CounterStat,
  GaugeStat,
  HistogramStat,
  type StoredCounter,
  type StoredGauge,
  type StoredHistogram,
  type StoredText,
  TextStat,
} from './numbers.ts';

/** Makes the stats of a store: plain numbers, or numbers in shared memory where the proxy has workers. */
export interface StatKinds {
  counter(name: string): StoredCounter;
  gauge(name: string): StoredGauge;
  histogram(name: string): StoredHistogram;
  text(name: string): StoredText;
}

const PLAIN: StatKinds = {
  counter: (name) => new CounterStat(name),
  gauge: (name) => new GaugeStat(name),
  histogram: (name) => new HistogramStat(name),
  text: (name) => new TextStat(name),
};

/** All counters, gauges, histograms and texts of one proxy. Readers get them sorted by name. */
export class StatsStore {
  readonly root: StatsScope;
  private readonly kinds: StatKinds;
  private readonly counterMap = new Map<string, StoredCounter>();
  private readonly gaugeMap = new Map<string, StoredGauge>();
  private readonly histogramMap = new Map<string, StoredHistogram>();
  private readonly textMap = new Map<string, StoredText>();

  constructor(kinds: StatKinds = PLAIN) {
    this.kinds = kinds;
    this.root = new Scope(this, '');
  }

  counter(name: string): StoredCounter {
    let stat = this.counterMap.get(name);
    if (stat === undefined) {
      stat = this.kinds.counter(name);
      this.counterMap.set(name, stat);
    }
    return stat;
  }
  gauge(name: string): StoredGauge {
    let stat = this.gaugeMap.get(name);
    if (stat === undefined) {
      stat = this.kinds.gauge(name);
      this.gaugeMap.set(name, stat);
    }
    return stat;
  }
  histogram(name: string): StoredHistogram {
    let stat = this.histogramMap.get(name);
    if (stat === undefined) {
      stat = this.kinds.histogram(name);
      this.histogramMap.set(name, stat);
    }
    return stat;
  }

  text(name: string): StoredText {
    let stat = this.textMap.get(name);
    if (stat === undefined) {
      stat = this.kinds.text(name);
      this.textMap.set(name, stat);
    }
    return stat;
  }

  counters(): StoredCounter[] {
    return sorted(this.counterMap);
  }
  gauges(): StoredGauge[] {
    return sorted(this.gaugeMap);
  }
  histograms(): StoredHistogram[] {
    return sorted(this.histogramMap);
  }
  texts(): StoredText[] {
    return sorted(this.textMap);
  }

  /** Forgets every stat whose name begins with `prefix`, e.g. those of a removed cluster. Holders may go on counting unseen. */
  remove(prefix: string): void {
    for (const map of [this.counterMap, this.gaugeMap, this.histogramMap, this.textMap]) {
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

class Scope implements StatsScope {
  private readonly store: StatsStore;
  readonly prefix: string;

  constructor(store: StatsStore, prefix: string) {
    this.store = store;
    this.prefix = prefix;
  }
  counter(name: string): StoredCounter {
    return this.store.counter(this.prefix + name);
  }
  gauge(name: string): StoredGauge {
    return this.store.gauge(this.prefix + name);
  }
  histogram(name: string): StoredHistogram {
    return this.store.histogram(this.prefix + name);
  }
  text(name: string): StoredText {
    return this.store.text(this.prefix + name);
  }
  scope(prefix: string): StatsScope {
    return new Scope(this.store, this.prefix + prefix);
  }
}

function sorted<T extends { readonly name: string }>(map: Map<string, T>): T[] {
  return [...map.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
