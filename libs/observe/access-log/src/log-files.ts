import { closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';
import { after, type Timer, type Timers } from '@weft/core-runtime';
import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** Bytes that make a write at once. Envoy's default of `--file-flush-min-size-kb`. */
const FLUSH_BYTES = 64 * 1024;
/** How long a line may wait. Envoy's default of `--file-flush-interval-msec`. */
const FLUSH_INTERVAL_MS = 10_000;
/** Lines beyond this are lost while the disk (or the reader of a pipe) does not keep up. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

export interface LogFileStats {
  readonly flushedByTimer: Counter;
  readonly reopenFailed: Counter;
  readonly writeBuffered: Counter;
  readonly writeCompleted: Counter;
  readonly writeFailed: Counter;
  readonly writeTotalBuffered: Gauge;
}

/** The files of all access logs of a proxy, each opened once. `scope` is the root of all stat names. */
export class LogFiles {
  private readonly files = new Map<string, LogFile>();
  private readonly stats: LogFileStats;
  private readonly timers: Timers;
  private readonly flushIntervalMs: number;

  constructor(timers: Timers, scope: StatsScope, flushIntervalMs = FLUSH_INTERVAL_MS) {
    const stats = scope.scope('filesystem.');
    this.stats = {
      flushedByTimer: stats.counter('flushed_by_timer'),
      reopenFailed: stats.counter('reopen_failed'),
      writeBuffered: stats.counter('write_buffered'),
      writeCompleted: stats.counter('write_completed'),
      writeFailed: stats.counter('write_failed'),
      writeTotalBuffered: stats.gauge('write_total_buffered'),
    };
    this.timers = timers;
    this.flushIntervalMs = flushIntervalMs;
  }

  /** Throws the system's error where the file cannot be opened for appending. */
  open(path: string): LogFile {
    let file = this.files.get(path);
    if (file === undefined) {
      file = new LogFile(path, this.stats, { timers: this.timers, flushIntervalMs: this.flushIntervalMs });
      this.files.set(path, file);
    }
    return file;
  }

  /** Opens every file anew by its name: what log rotation asks for (SIGUSR1). */
  reopen(): void {
    for (const file of this.files.values()) file.reopen();
  }

  /** Writes out everything and closes the files; resolves when that is done: the end of the process. */
  async close(): Promise<void> {
    const files = [...this.files.values()];
    this.files.clear();
    await Promise.all(files.map((file) => file.close()));
  }
}

/** A file that lines are gathered for: written every 64 KiB, and every ten seconds. One write is under way at a time. */
export class LogFile {
  private readonly path: string;
  private readonly stats: LogFileStats;
  private readonly timing: { readonly timers: Timers; readonly flushIntervalMs: number };
  private descriptor: number;
  private readonly isPipe: boolean;
  private buffer = '';
  // What the system is writing now, from `writtenBytes` on.
  private writing: Buffer | undefined;
  private writtenBytes = 0;
  private timer: Timer;
  private closed = false;
  private readonly onIdle: (() => void)[] = [];

  constructor(
    path: string,
    stats: LogFileStats,
    timing: { readonly timers: Timers; readonly flushIntervalMs: number },
  ) {
    this.path = path;
    this.stats = stats;
    this.timing = timing;
    this.descriptor = openLog(path);
    this.isPipe = fstatSync(this.descriptor).isFIFO();
    this.timer = this.startTimer();
  }

  write(line: string): void {
    if (this.closed || this.buffer.length + line.length > MAX_BUFFERED_BYTES) {
      this.stats.writeFailed.inc();
      return;
    }
    this.buffer += line;
    this.stats.writeBuffered.inc();
    this.stats.writeTotalBuffered.add(line.length);
    if (this.buffer.length >= FLUSH_BYTES) this.flush();
  }

  /** Hands what is gathered to the system, unless it is still busy with the last write. */
  flush(): void {
    if (this.writing !== undefined || this.buffer === '') return;
    this.writing = Buffer.from(this.buffer, 'latin1');
    this.writtenBytes = 0;
    this.buffer = '';
    this.continueWriting();
  }

  /** Goes on in a new file of the same name; what was gathered still goes to the old one. */
  reopen(): void {
    this.whenIdle(() => {
      this.writeNow();
      try {
        const descriptor = openLog(this.path);
        closeLog(this.path, this.descriptor);
        this.descriptor = descriptor;
      } catch {
        // The old file goes on: a full or missing directory must not lose lines.
        this.stats.reopenFailed.inc();
      }
    });
  }

  close(): Promise<void> {
    this.timer.cancel();
    this.closed = true;
    return new Promise((resolve) => {
      this.whenIdle(() => {
        this.writeNow();
        closeLog(this.path, this.descriptor);
        resolve();
      });
    });
  }

  /** Runs `task` once no write is under way: a write given to the system cannot be taken back. */
  private whenIdle(task: () => void): void {
    if (this.writing === undefined) task();
    else this.onIdle.push(task);
  }

  private continueWriting(): void {
    const { writing } = this;
    if (writing === undefined) return;
    const bytes = this.isPipe ? wholeLines(writing, this.writtenBytes) : writing.length - this.writtenBytes;
    write(this.descriptor, writing, this.writtenBytes, bytes, null, (error, written) => {
      this.writtenBytes += written ?? 0;
      if (error === null && this.writtenBytes < writing.length) this.continueWriting();
      else this.endWriting(error);
    });
  }

  private endWriting(error: NodeJS.ErrnoException | null): void {
    const { writing } = this;
    if (writing === undefined) return;
    this.writing = undefined;
    if (error?.code === 'EAGAIN') {
      // A pipe whose reader is slow: keep the lines, and try again when the timer says so.
      this.buffer = writing.toString('latin1', this.writtenBytes) + this.buffer;
      this.stats.writeTotalBuffered.sub(this.writtenBytes);
    } else {
      this.stats.writeTotalBuffered.sub(writing.length);
      if (error === null) this.stats.writeCompleted.inc();
      else this.stats.writeFailed.inc();
    }
    for (const task of this.onIdle.splice(0)) task();
    if (!this.closed && error === null && this.buffer.length >= FLUSH_BYTES) this.flush();
  }

  /** Writes what is gathered and waits for it. */
  private writeNow(): void {
    const rest = Buffer.from(this.buffer, 'latin1');
    this.buffer = '';
    if (rest.length === 0) return;
    this.stats.writeTotalBuffered.sub(rest.length);
    try {
      for (let at = 0; at < rest.length;)
        at += writeSync(this.descriptor, rest, at, this.isPipe ? wholeLines(rest, at) : rest.length - at);
      this.stats.writeCompleted.inc();
    } catch {
      this.stats.writeFailed.inc();
    }
  }

  private startTimer(): Timer {
    return after(this.timing.timers, this.timing.flushIntervalMs, () => {
      this.stats.flushedByTimer.inc();
      this.flush();
      this.timer = this.startTimer();
    });
  }
}

/** What a pipe takes in one piece, so that lines of several writers do not mix: POSIX's PIPE_BUF on Linux. */
const PIPE_BYTES = 4096;

/** How many bytes from `start` are whole lines that a pipe takes in one piece; of a longer line, all of it. */
function wholeLines(bytes: Buffer, start: number): number {
  if (bytes.length - start <= PIPE_BYTES) return bytes.length - start;
  const last = bytes.lastIndexOf(10, start + PIPE_BYTES - 1);
  if (last >= start) return last + 1 - start;
  const end = bytes.indexOf(10, start);
  return (end < 0 ? bytes.length : end + 1) - start;
}

// The standard streams are open already, and may be pipes that /dev/stdout could not open again.
const STANDARD: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 };

function openLog(path: string): number {
  return STANDARD[path] ?? openSync(path, 'a', 0o644);
}

function closeLog(path: string, descriptor: number): void {
  if (!(path in STANDARD)) closeSync(descriptor);
}
