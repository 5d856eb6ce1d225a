import type { Http2ServerSettings } from './settings.ts';

/**
 * Clients that open streams only to reset them cost us a request each. Counts the streams of a connection that ended unanswered
 * and young. Source: Envoy's runtime keys overload.premature_reset_total_stream_count and
 * overload.premature_reset_min_stream_lifetime_seconds.
 */
export class PrematureResets {
  private readonly settings: Http2ServerSettings;
  private ended = 0;
  private premature = 0;

  constructor(settings: Http2ServerSettings) {
    this.settings = settings;
  }

  /** A stream ended by itself. */
  streamEnded(): void {
    this.ended += 1;
  }

  /** A stream that began at `startMs` was reset by the client, or broke its rules. True: one too many. */
  streamReset(startMs: number, answered: boolean): boolean {
    const { prematureResetTotalStreamCount: total, prematureResetMinStreamLifetimeSeconds, clock } = this.settings;
    this.ended += 1;
    // Envoy compares whole seconds.
    const ageSeconds = Math.floor((clock.nowMs() - startMs) / 1000);
    if (!answered && ageSeconds <= prematureResetMinStreamLifetimeSeconds) this.premature += 1;
    if (total === 0) return false;
    // Before the total is reached, half of it settles the matter.
    return this.premature * 2 >= Math.max(total, this.ended);
  }
}
