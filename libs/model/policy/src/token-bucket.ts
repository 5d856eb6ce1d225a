import type { Clock } from '@weft/core-runtime';

/** Source: envoy.type.v3.TokenBucket. */
export interface TokenBucketConfig {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** Tokens that come back over time, not all at once at the end of an interval, as in Envoy; full at first. */
export class TokenBucket {
  private readonly maxTokens: number;
  private readonly tokensPerMs: number;
  private readonly clock: Clock;
  /** When the bucket was empty, had it been filled ever since: one number says how full it is. */
  private emptyMs: number;

  constructor({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketConfig, clock: Clock) {
    this.maxTokens = maxTokens;
    this.tokensPerMs = tokensPerFill / fillIntervalMs;
    this.clock = clock;
    this.emptyMs = clock.nowMs() - maxTokens / this.tokensPerMs;
  }

  /** Takes a token; false where there is none. */
  take(): boolean {
    const nowMs = this.clock.nowMs();
    const tokens = Math.min(this.maxTokens, (nowMs - this.emptyMs) * this.tokensPerMs);
    if (tokens < 1) return false;
    this.emptyMs = nowMs - (tokens - 1) / this.tokensPerMs;
    return true;
  }
}
