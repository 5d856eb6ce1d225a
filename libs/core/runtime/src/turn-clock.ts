import type { Clock } from './clock.ts';

/**
 * A clock that is looked at once in a turn of the event loop, as the loop's own time is: a request asks for the time ten times
 * on its way, and each look costs what a hundred instructions do. What it says may so be as old as the turn is long. Not for
 * measuring what runs within one turn.
 */
export class TurnClock implements Clock {
  private readonly clock: Clock;
  private readonly atTurnsEnd: (task: () => void) => void;
  private monotonicMs = -1;
  private realMs = -1;
  private scheduled = false;

  /** @param atTurnsEnd calls `task` before the loop's next turn; default: `setImmediate`. */
  constructor(clock: Clock, atTurnsEnd: (task: () => void) => void = setImmediate) {
    this.clock = clock;
    this.atTurnsEnd = atTurnsEnd;
  }

  nowMs(): number {
    if (this.monotonicMs < 0) {
      this.monotonicMs = this.clock.nowMs();
      this.schedule();
    }
    return this.monotonicMs;
  }

  wallMs(): number {
    if (this.realMs < 0) {
      this.realMs = this.clock.wallMs();
      this.schedule();
    }
    return this.realMs;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.atTurnsEnd(this.forget);
  }

  private readonly forget = (): void => {
    this.scheduled = false;
    this.monotonicMs = -1;
    this.realMs = -1;
  };
}
