import { DEFAULT_BUCKET_BOUNDS, disjointCounts } from './bucket-bounds.ts';
import { PERCENTILES, type Distribution } from './distribution.ts';
import type { ReadableHistogram } from './numbers.ts';
import { numbers, type Selection } from './selection.ts';
import type { BucketMode } from './stats-query.ts';

/** /stats as text: a line for each text by name, one for each counter and gauge by name, then one for each histogram. */
export function statsText(selection: Selection, buckets: BucketMode): string {
  let text = '';
  for (const { name, value } of selection.texts) text += `${name}: "${value}"\n`;
  for (const { name, value } of numbers(selection)) text += `${name}: ${value}\n`;
  for (const histogram of selection.histograms) text += `${histogram.name}: ${histogramText(histogram, buckets)}\n`;
  return text;
}

function histogramText(histogram: ReadableHistogram, buckets: BucketMode): string {
  if (!histogram.used) return 'No recorded values';
  const { interval, cumulative } = histogram;
  switch (buckets) {
    case 'cumulative':
      return bucketPairs(interval.countsBelow(DEFAULT_BUCKET_BOUNDS), cumulative.countsBelow(DEFAULT_BUCKET_BOUNDS));
    case 'disjoint':
      return bucketPairs(disjointCounts(interval), disjointCounts(cumulative));
    case 'detailed':
      return `\n  totals=${filled(cumulative)}\n  intervals=${filled(interval)}\n  summary=${summary(histogram)}`;
    default:
      return summary(histogram);
  }
}

/** `P0(1.05,0) P25(…` with the interval first. */
function summary({ interval, cumulative }: ReadableHistogram): string {
  const before = interval.quantiles();
  const total = cumulative.quantiles();
  return PERCENTILES.map((percent, at) => `P${percent}(${decimal(before[at])},${decimal(total[at])})`).join(' ');
}

function bucketPairs(interval: number[], cumulative: number[]): string {
  return DEFAULT_BUCKET_BOUNDS.map((bound, at) => `B${general(bound)}(${interval[at]},${cumulative[at]})`).join(' ');
}

function filled(distribution: Distribution): string {
  return distribution.buckets.map(({ lowerBound, width, count }) => `${lowerBound},${width}:${count}`).join(', ');
}

function decimal(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? 'nan' : String(value);
}

/** A number as C's `%g` prints it, for bounds: `0.5`, `300000`, `1.8e+06`. */
function general(bound: number): string {
  return bound < 1e6 ? String(bound) : bound.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}
