import type { Clock } from '@weft/core-runtime';

/** How many requests may be sent. Source: ApiConfigSource.rate_limit_settings. */
export class RequestLimit {
  private readonly clock: Clock;
  private readonly settings: { readonly maxTokens: number; readonly fillRate: number } | undefined;
  private tokens: number;
  private filledMs: number;

  constructor(settings: { readonly maxTokens: number; readonly fillRate: number } | undefined, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
    this.tokens = settings?.maxTokens ?? 0;
    this.filledMs = clock.nowMs();
  }

  /** Takes a token: 0. Where there is none: how long until there is, in milliseconds. */
  take(): number {
    if (this.settings === undefined) return 0;
    const { maxTokens, fillRate } = this.settings;
    const nowMs = this.clock.nowMs();
    this.tokens = Math.min(maxTokens, this.tokens + ((nowMs - this.filledMs) * fillRate) / 1000);
    this.filledMs = nowMs;
    // Fractions add up with errors: what is nearly whole is whole.
    if (this.tokens < 1 - 1e-9) return Math.ceil(((1 - this.tokens) * 1000) / fillRate);
    this.tokens -= 1;
    return 0;
  }
}
