import { systemClock, type Clock } from './clock.ts';
import { Loggers, type LogLevel } from './logger.ts';
import { createSystemRandom, type Random } from './random.ts';
import { SystemTimers, type Timers } from './timers.ts';

/** Everything of the outside world that code may depend on, in one value that is passed down. */
export interface Runtime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly loggers: Loggers;
}

/** The real world. Log lines go to `write` (standard error in the proxy, as Envoy's do). */
export function createRuntime(level: LogLevel, write: (line: string) => void): Runtime {
  return {
    clock: systemClock,
    timers: new SystemTimers(systemClock),
    random: createSystemRandom(),
    loggers: new Loggers(systemClock, level, write),
  };
}
