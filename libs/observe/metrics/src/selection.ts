import type { ReadableHistogram, ReadableNumber, StoredText } from './numbers.ts';
import type { StatsQuery } from './stats-query.ts';
import type { StatsStore } from './stats-store.ts';

/** The stats that a query wants, each list sorted by name. */
export interface Selection {
  readonly counters: readonly ReadableNumber[];
  readonly gauges: readonly ReadableNumber[];
  readonly histograms: readonly ReadableHistogram[];
  readonly texts: readonly StoredText[];
}

export function select(store: StatsStore, query: StatsQuery): Selection {
  const wanted = (stat: { readonly name: string; readonly used: boolean }): boolean =>
    (!query.usedOnly || stat.used) && query.wants(stat.name);
  const { type } = query;
  return {
    counters: type === 'All' || type === 'Counters' ? store.counters().filter(wanted) : [],
    gauges: type === 'All' || type === 'Gauges' ? store.gauges().filter(wanted) : [],
    histograms: type === 'All' || type === 'Histograms' ? store.histograms().filter(wanted) : [],
    texts: type === 'All' || type === 'TextReadouts' ? store.texts().filter(wanted) : [],
  };
}

/** Counters and gauges as one list, sorted by name: text and JSON do not tell them apart. */
export function numbers({ counters, gauges }: Selection): ReadableNumber[] {
  return [...counters, ...gauges].sort((a, b) => (a.name < b.name ? -1 : 1));
}
