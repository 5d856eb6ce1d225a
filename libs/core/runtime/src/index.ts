export { localOffsetMinutes, systemClock, type Clock } from './clock.ts';
export { SystemTimers, after, type Timer, type TimerCallback, type Timers } from './timers.ts';
export { createSystemRandom, type Random } from './random.ts';
export { LOG_LEVELS, Loggers, type LogLevel, type Logger } from './logger.ts';
export { ThrottledLog } from './throttled-log.ts';
export type { FractionalPercent, RuntimeSnapshot } from './runtime-snapshot.ts';
export { createRuntime, type Runtime } from './runtime.ts';
export { FolderWatch, type FolderWatchOwner } from './folder-watch.ts';
export { TurnClock } from './turn-clock.ts';
