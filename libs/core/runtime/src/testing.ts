import type { Clock } from './clock.ts';
import { Loggers } from './logger.ts';
import type { Random } from './random.ts';
import type { Runtime } from './runtime.ts';
import type { Timer, TimerCallback, Timers } from './timers.ts';

/** A clock and timers that move only when a test says so. */
export class FakeTime implements Clock, Timers {
  private now = 0;
  private started: { dueMs: number; owner: TimerCallback; timer: Timer }[] = [];

  nowMs(): number {
    return this.now;
  }
  wallMs(): number {
    return 1_700_000_000_000 + this.now;
  }

  start(delayMs: number, owner: TimerCallback): Timer {
    const timer: Timer = {
      cancel: () => {
        this.started = this.started.filter((entry) => entry.timer !== timer);
      },
    };
    this.started.push({ dueMs: this.now + delayMs, owner, timer });
    return timer;
  }

  /** Moves time on by `ms`, firing what becomes due in due order; timers started on the way count too. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.started.filter((entry) => entry.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.started = this.started.filter((entry) => entry !== due);
      this.now = Math.max(this.now, due.dueMs);
      due.owner.onTimer(due.timer);
    }
    this.now = end;
  }

  /** How many timers wait. A test that ends with 0 has leaked none. */
  get pending(): number {
    return this.started.length;
  }
}

/** Draws from a list, over and over; values of 2^32 and above are taken modulo the bound. */
export class FakeRandom implements Random {
  private readonly draws: readonly number[];
  private at = 0;

  constructor(draws: readonly number[] = [0]) {
    this.draws = draws;
  }
  below(bound: number): number {
    const draw = this.draws[this.at % this.draws.length] ?? 0;
    this.at += 1;
    return draw % bound;
  }
  hex(count: number): string {
    return this.below(256).toString(16).padStart(2, '0').repeat(count);
  }
}

export interface FakeRuntime extends Runtime {
  readonly clock: FakeTime;
  readonly timers: FakeTime;
  readonly logged: string[];
}

/** A runtime whose time, randomness and log a test holds in its hands. */
export function createFakeRuntime(draws?: readonly number[]): FakeRuntime {
  const time = new FakeTime();
  const logged: string[] = [];
  return {
    clock: time,
    timers: time,
    random: new FakeRandom(draws),
    loggers: new Loggers(time, 'debug', (line) => logged.push(line)),
    logged,
  };
}
