import { DEFAULT_BUCKET_BOUNDS, disjointCounts } from './bucket-bounds.ts';
import { PERCENTILES, type Distribution } from './distribution.ts';
import type { ReadableHistogram } from './numbers.ts';
import { numbers, type Selection } from './selection.ts';
import type { BucketMode } from './stats-query.ts';

/** /stats?format=json in Envoy's form: `{"stats":[{name, value} …, {histograms}]}`. */
export function statsJson(selection: Selection, buckets: BucketMode): string {
  const stats: object[] = [...selection.texts, ...numbers(selection)].map(({ name, value }) => ({ name, value }));
  if (selection.histograms.length > 0) stats.push({ histograms: histogramsJson(selection.histograms, buckets) });
  return JSON.stringify({ stats });
}

function histogramsJson(histograms: readonly ReadableHistogram[], buckets: BucketMode): object {
  switch (buckets) {
    case 'cumulative':
      return histograms.map((one) =>
        bucketsJson(one, (distribution) => distribution.countsBelow(DEFAULT_BUCKET_BOUNDS)),
      );
    case 'disjoint':
      return histograms.map((one) => bucketsJson(one, disjointCounts));
    case 'detailed':
      return {
        supported_percentiles: PERCENTILES,
        details: histograms.map((one) => ({
          name: one.name,
          totals: filled(one.cumulative),
          intervals: filled(one.interval),
          percentiles: quantilePairs(one),
        })),
      };
    default:
      return {
        supported_quantiles: PERCENTILES,
        computed_quantiles: histograms.map((one) => ({ name: one.name, values: quantilePairs(one) })),
      };
  }
}

// NaN, the quantile of nothing, becomes null in JSON.
function quantilePairs({ interval, cumulative }: ReadableHistogram): object[] {
  const before = interval.quantiles();
  return cumulative.quantiles().map((quantile, at) => ({ cumulative: quantile, interval: before[at] }));
}

function bucketsJson(histogram: ReadableHistogram, counts: (distribution: Distribution) => number[]): object {
  const interval = counts(histogram.interval);
  const cumulative = counts(histogram.cumulative);
  return {
    name: histogram.name,
    buckets: DEFAULT_BUCKET_BOUNDS.map((bound, at) => ({
      upper_bound: bound,
      interval: interval[at],
      cumulative: cumulative[at],
    })),
  };
}

function filled(distribution: Distribution): object[] {
  return distribution.buckets.map(({ lowerBound, width, count }) => ({ lower_bound: lowerBound, width, count }));
}
