/**
 * Log-linear buckets: two significant decimal digits, so ninety buckets in each power of ten and an error below 10 %
 * (0.5 % on average). The same lay-out as the circllhist library, so that quantiles agree with Envoy's to the digit.
 *
 * Place 0 is the value 0 (and what is below 0.01); then come the buckets 0.010, 0.011 … 0.099, 0.10 … up to 9.9e12.
 */
const LOWEST_POWER = -3;
const HIGHEST_POWER = 11;
const PER_POWER = 90;
const LARGEST = 9.9e12;

/** How many buckets a histogram has. */
export const BUCKET_COUNT = 1 + (HIGHEST_POWER - LOWEST_POWER + 1) * PER_POWER;

/** The bucket of a value; negative values and NaN count as 0, too large ones as the largest. */
export function bucketOf(value: number): number {
  if (!(value >= 0.01)) return 0;
  let digits = value > LARGEST ? LARGEST : value;
  let power = 0;
  while (digits >= 100) {
    digits /= 10;
    power += 1;
  }
  while (digits < 10) {
    digits *= 10;
    power -= 1;
  }
  return 1 + (power - LOWEST_POWER) * PER_POWER + ((digits | 0) - 10);
}

export interface Bucket {
  readonly lowerBound: number;
  readonly width: number;
}

/** The bounds of the bucket at `place`: lower included, upper not. */
export function bucketAt(place: number): Bucket {
  if (place === 0) return { lowerBound: 0, width: 0 };
  const power = Math.floor((place - 1) / PER_POWER) + LOWEST_POWER;
  const digits = ((place - 1) % PER_POWER) + 10;
  // Dividing keeps the decimal fraction exact where multiplying by 0.1 would not.
  return power < 0
    ? { lowerBound: digits / 10 ** -power, width: 1 / 10 ** -power }
    : { lowerBound: digits * 10 ** power, width: 10 ** power };
}
