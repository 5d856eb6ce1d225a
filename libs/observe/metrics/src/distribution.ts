import { bucketAt } from './log-linear.ts';

/** The quantiles that Envoy reports, as percentages. */
export const PERCENTILES = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100] as const;

/** One bucket that has counted something. */
export interface FilledBucket {
  readonly lowerBound: number;
  readonly width: number;
  readonly count: number;
}

/** What a histogram held at one moment; made when somebody asks, never while counting. */
export class Distribution {
  readonly buckets: readonly FilledBucket[];
  readonly count: number;
  readonly sum: number;

  constructor(buckets: readonly FilledBucket[], sum: number) {
    this.buckets = buckets;
    this.count = buckets.reduce((total, bucket) => total + bucket.count, 0);
    this.sum = sum;
  }

  /** The quantiles at PERCENTILES; NaN each where nothing was counted. */
  quantiles(): number[] {
    return PERCENTILES.map((percentile) => this.quantile(percentile / 100));
  }

  /** How many values are at or below each bound (bounds ascending); a bucket belongs to the bound its lower end is under. */
  countsBelow(bounds: readonly number[]): number[] {
    const counts: number[] = [];
    let at = 0;
    let below = 0;
    for (const bound of bounds) {
      for (
        let bucket = this.buckets[at];
        bucket !== undefined && bucket.lowerBound <= bound;
        bucket = this.buckets[at]
      ) {
        below += bucket.count;
        at += 1;
      }
      counts.push(below);
    }
    return counts;
  }

  private quantile(q: number): number {
    if (this.count === 0) return NaN;
    const rank = Math.max(1, Math.ceil(q * this.count));
    let before = 0;
    for (const { lowerBound, width, count } of this.buckets) {
      // The k-th of n values of one bucket is taken to lie at k/(n+1) of its width: a single value in the middle.
      if (before + count >= rank) return lowerBound + (width * (rank - before)) / (count + 1);
      before += count;
    }
    return NaN;
  }
}

/** The distribution of the given counters, one for each place of log-linear.ts. */
export function distributionOf(counts: Uint32Array | undefined, sum: number): Distribution {
  const buckets: FilledBucket[] = [];
  counts?.forEach((count, place) => {
    if (count > 0) buckets.push({ ...bucketAt(place), count });
  });
  return new Distribution(buckets, sum);
}
