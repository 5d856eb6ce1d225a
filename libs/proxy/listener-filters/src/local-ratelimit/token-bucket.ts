import type { Clock } from '@weft/core-runtime';

/** Source: envoy.type.v3.TokenBucket. */
export interface TokenBucketConfig {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** Tokens that come back at the end of each interval; full at first. */
export class TokenBucket {
  private readonly config: TokenBucketConfig;
  private readonly clock: Clock;
  private tokens: number;
  private filledMs: number;

  constructor(config: TokenBucketConfig, clock: Clock) {
    this.config = config;
    this.clock = clock;
    this.tokens = config.maxTokens;
    this.filledMs = clock.nowMs();
  }

  /** Takes a token; false where there is none. */
  take(): boolean {
    const { maxTokens, tokensPerFill, fillIntervalMs } = this.config;
    const fills = Math.floor((this.clock.nowMs() - this.filledMs) / fillIntervalMs);
    this.filledMs += fills * fillIntervalMs;
    this.tokens = Math.min(maxTokens, this.tokens + fills * tokensPerFill);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
