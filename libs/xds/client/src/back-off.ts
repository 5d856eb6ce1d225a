import type { Random } from '@weft/core-runtime';

const BASE_MS = 500;
const MAX_MS = 30_000;

/** Waits that double up to a limit, each drawn anew below it (full jitter): 500 ms … 30 s, as Envoy's towards control planes. */
export class BackOff {
  private readonly random: Random;
  private nextMs = BASE_MS;

  constructor(random: Random) {
    this.random = random;
  }

  /** Milliseconds to wait now. */
  draw(): number {
    const limit = this.nextMs;
    this.nextMs = Math.min(MAX_MS, limit * 2);
    return this.random.below(limit);
  }

  reset(): void {
    this.nextMs = BASE_MS;
  }
}
