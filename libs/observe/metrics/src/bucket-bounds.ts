import type { Distribution } from './distribution.ts';

/** The upper bounds that Envoy reports buckets by, in milliseconds for times. */
export const DEFAULT_BUCKET_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

/** How many values lie in each bound's bucket, without those of the bounds before it. */
export function disjointCounts(distribution: Distribution): number[] {
  const below = distribution.countsBelow(DEFAULT_BUCKET_BOUNDS);
  return below.map((count, at) => count - (at === 0 ? 0 : (below[at - 1] as number)));
}
