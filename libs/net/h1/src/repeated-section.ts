import { CR, LF } from './chars.ts';

const EMPTY = Buffer.alloc(0);

/** Longer sections are not worth their memory. */
const MAX_BYTES = 2048;
/** Repetitions that may fail before a connection is taken for one whose heads differ. */
const PATIENCE = 4;

/**
 * The section of fields that a connection carried last. Most clients repeat theirs to the octet, request after request,
 * and many servers theirs within a second: then nothing of it has to be read again. Kept once a section is as long as the
 * one before it; not tried any more on connections where that did not help.
 */
export class RepeatedSection {
  private bytes: Buffer = EMPTY;
  /** Octets kept; -1: none. */
  private length = -1;
  private raw: readonly string[] = [];
  private lastLength = -1;
  private patience = PATIENCE;

  /** Where in `bytes[from..to)` the section that is kept begins as the last lines; -1 where something else is there. */
  find(bytes: Buffer, from: number, to: number): number {
    const { length } = this;
    if (length < 0) return -1;
    const start = to - length;
    // It begins a line: what lies before it is whole lines, too.
    const begins = start >= from + 2 && bytes[start - 1] === LF && bytes[start - 2] === CR;
    if (begins && bytes.compare(this.bytes, 0, length, start, to) === 0) {
      this.patience = PATIENCE;
      return start;
    }
    this.patience -= 1;
    return -1;
  }

  /** The fields of the section, in an array of their own. */
  fields(): string[] {
    return this.raw.slice();
  }

  /** Another section was read: it is kept if it may come again. */
  follow(bytes: Buffer, from: number, to: number, raw: readonly string[]): void {
    const length = to - from;
    const again = length === this.lastLength && this.patience > 0 && length <= MAX_BYTES;
    this.lastLength = length;
    this.length = -1;
    if (!again) return;
    if (this.bytes.length < length) this.bytes = Buffer.allocUnsafeSlow(length);
    bytes.copy(this.bytes, 0, from, to);
    this.length = length;
    this.raw = raw.slice();
  }

  /** What was read last is not what is kept. */
  forget(): void {
    this.length = -1;
  }
}
