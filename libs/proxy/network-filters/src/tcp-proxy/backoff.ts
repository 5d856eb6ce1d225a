import type { Random } from '@weft/core-runtime';

/** Source: envoy.config.core.v3.BackoffStrategy. Milliseconds; `maxMs` is at least `baseMs`. */
export interface BackoffConfig {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** How long to wait before each next attempt: a draw below an interval that doubles up to its limit. */
export class Backoff {
  private readonly config: BackoffConfig;
  private readonly random: Random;
  private intervalMs: number;

  constructor(config: BackoffConfig, random: Random) {
    this.config = config;
    this.random = random;
    this.intervalMs = config.baseMs;
  }

  nextMs(): number {
    const { intervalMs } = this;
    this.intervalMs = Math.min(intervalMs * 2, this.config.maxMs);
    return this.random.below(Math.max(1, Math.floor(intervalMs)));
  }
}
