/** A count that chance allows: inclusive bounds. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * Between which counts a binomial draw (`n` tries that succeed with chance `p`) lies, save for a share `tail` of all draws
 * on either side. Exact: the sum of the single probabilities.
 */
export function binomialBounds(n: number, p: number, tail: number): Bounds {
  let below = 0;
  let least = 0;
  let most = n;
  let found = false;
  for (let k = 0; k <= n; k += 1) {
    below += chance(n, p, k);
    if (below <= tail) least = k + 1;
    if (!found && below >= 1 - tail) {
      most = k;
      found = true;
    }
  }
  return { least: Math.min(least, n), most };
}

/** The chance of exactly `k` of `n`, by logarithms: the factors alone overflow. */
function chance(n: number, p: number, k: number): number {
  if (p <= 0 || p >= 1) return k === (p <= 0 ? 0 : n) ? 1 : 0;
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

const LOG_FACTORIALS: number[] = [0];

function logFactorial(n: number): number {
  for (let k = LOG_FACTORIALS.length; k <= n; k += 1) LOG_FACTORIALS.push((LOG_FACTORIALS[k - 1] ?? 0) + Math.log(k));
  return LOG_FACTORIALS[n] ?? 0;
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}
