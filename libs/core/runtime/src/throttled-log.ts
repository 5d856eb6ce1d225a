import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

const INTERVAL_MS = 10_000;

/** Warnings about what clients do, which come in swarms: one line in ten seconds, with how many were left out since the last. */
export class ThrottledLog {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private loggedMs = -Infinity;
  private unlogged = 0;

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** `message` is asked for what is written, and gets ` (and 7 more since the last such line)`, or `''`. */
  warning(message: (more: string) => string): void {
    const nowMs = this.clock.nowMs();
    if (nowMs - this.loggedMs < INTERVAL_MS) {
      this.unlogged += 1;
      return;
    }
    const more = this.unlogged === 0 ? '' : ` (and ${this.unlogged} more since the last such line)`;
    this.loggedMs = nowMs;
    this.unlogged = 0;
    this.logger.warning(message(more));
  }
}
