import type { Clock } from './clock.ts';

/** Envoy's log levels (`-l`), least to most severe. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A named logger (`upstream`, `config`, `admin` …). Messages are whole sentences: what happened, why, what to do. */
export interface Logger {
  readonly name: string;
  level: LogLevel;
  /** Asked before a costly message is built. */
  enabled(level: LogLevel): boolean;
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

/** The loggers of one process: one per name, all writing to one sink. POST /logging changes their levels. */
export class Loggers {
  private readonly byName = new Map<string, Logger>();
  private readonly clock: Clock;
  private readonly write: (line: string) => void;
  private defaultLevel: LogLevel;

  constructor(clock: Clock, level: LogLevel, write: (line: string) => void) {
    this.clock = clock;
    this.write = write;
    this.defaultLevel = level;
  }

  get(name: string): Logger {
    let logger = this.byName.get(name);
    if (logger === undefined) {
      logger = new LineLogger(name, this.defaultLevel, (level, message) => this.line(level, name, message));
      this.byName.set(name, logger);
    }
    return logger;
  }

  all(): readonly Logger[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  setAll(level: LogLevel): void {
    this.defaultLevel = level;
    for (const logger of this.byName.values()) logger.level = level;
  }

  private line(level: LogLevel, name: string, message: string): void {
    // Envoy's default log_format: [%Y-%m-%d %T.%e][%t][%l][%n] %v
    const stamp = new Date(this.clock.wallMs()).toISOString().replace('T', ' ').slice(0, 23);
    this.write(`[${stamp}][${process.pid}][${level}][${name}] ${message}\n`);
  }
}

class LineLogger implements Logger {
  readonly name: string;
  level: LogLevel;
  private readonly sink: (level: LogLevel, message: string) => void;

  constructor(name: string, level: LogLevel, sink: (level: LogLevel, message: string) => void) {
    this.name = name;
    this.level = level;
    this.sink = sink;
  }

  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.level);
  }
  debug(message: string): void {
    if (this.enabled('debug')) this.sink('debug', message);
  }
  info(message: string): void {
    if (this.enabled('info')) this.sink('info', message);
  }
  warning(message: string): void {
    if (this.enabled('warning')) this.sink('warning', message);
  }
  error(message: string): void {
    if (this.enabled('error')) this.sink('error', message);
  }
}
