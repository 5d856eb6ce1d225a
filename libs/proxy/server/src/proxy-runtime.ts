import { createRuntime, TurnClock, type Runtime } from '@weft/core-runtime';
import { createWriteStream } from 'node:fs';
import { COMPONENTS } from './components.ts';
import type { ProxyOptions } from './options.ts';

/** Where log lines go that no file is named for. */
export interface LogHost {
  err(text: string): void;
}

/** Clocks, timers, randomness and loggers as the flags say. */
export function createProxyRuntime(options: ProxyOptions, host: LogHost): Runtime {
  const real = createRuntime(options.logLevel, logSink(options, host));
  const runtime = { ...real, clock: new TurnClock(real.clock) };
  // There from the start, so that POST /logging knows them before anything was logged.
  for (const name of COMPONENTS) runtime.loggers.get(name);
  for (const [component, level] of options.componentLogLevels) runtime.loggers.get(component).level = level;
  return runtime;
}

function logSink(options: ProxyOptions, host: LogHost): (line: string) => void {
  if (options.logPath === '') return (line) => host.err(line);
  const file = createWriteStream(options.logPath, { flags: 'a' });
  return (line) => file.write(line);
}
