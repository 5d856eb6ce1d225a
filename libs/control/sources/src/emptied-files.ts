import { after, type Runtime, type Timer } from '@weft/core-runtime';

/**
 * Files that had documents and are empty now. Who writes a file in place empties it first, and may be interrupted: for a while
 * what the file last said holds, and then it is read again.
 */
export class EmptiedFiles {
  private readonly runtime: Runtime;
  private readonly graceMs: number;
  private readonly again: (file: string) => void;
  private readonly since = new Map<string, { readonly ms: number; readonly timer: Timer }>();

  constructor(runtime: Runtime, graceMs: number, again: (file: string) => void) {
    this.runtime = runtime;
    this.graceMs = graceMs;
    this.again = again;
  }

  /** The file was found empty. True: it has been for so long that it is meant. */
  isMeant(file: string): boolean {
    const now = this.runtime.clock.nowMs();
    const before = this.since.get(file);
    if (before === undefined) {
      const timer = after(this.runtime.timers, this.graceMs, () => this.again(file));
      this.since.set(file, { ms: now, timer });
      this.runtime.loggers
        .get('config')
        .info(`${file} is empty: what it said holds for ${this.graceMs} ms, as it may be written just now`);
      return this.graceMs === 0;
    }
    return now - before.ms >= this.graceMs;
  }

  /** The file has a text, or is gone. */
  forget(file: string): void {
    this.since.get(file)?.timer.cancel();
    this.since.delete(file);
  }

  close(): void {
    for (const { timer } of this.since.values()) timer.cancel();
    this.since.clear();
  }
}
