import type { StatKinds } from './stats-store.ts';
import { type Distribution, distributionOf } from './distribution.ts';
import { BUCKET_COUNT, bucketOf } from './log-linear.ts';
import {
  CounterStat,
  GaugeStat,
  HistogramStat,
  type StoredCounter,
  type StoredGauge,
  type StoredHistogram,
  type StoredText,
  TextStat,
} from './numbers.ts';

/** How many numbers one block of shared memory holds: 32 KiB. */
const BLOCK_SLOTS = 4096;

/** Tells the main thread where a worker counts. Sent when a stat is made (histograms: when they first record; texts: when set). */
export type StatAnnouncement = NumberAnnouncement | TextAnnouncement;

interface TextAnnouncement {
  readonly kind: 'text';
  readonly name: string;
  readonly value: string;
}

interface NumberAnnouncement {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly memory: SharedArrayBuffer;
  /** The number's place in the memory as Float64Array; a gauge has at `at + 1` whether it was used. Histograms: 0. */
  readonly at: number;
}

/** The bytes of one histogram: the sum as a double, then a 32-bit count for each bucket. */
export const HISTOGRAM_BYTES = 8 + BUCKET_COUNT * 4;

export function histogramViews(memory: SharedArrayBuffer): {
  readonly sum: Float64Array;
  readonly counts: Uint32Array;
} {
  return { sum: new Float64Array(memory, 0, 1), counts: new Uint32Array(memory, 8, BUCKET_COUNT) };
}

/**
 * The stats of one worker, in memory that the main thread reads. Only the worker writes its own numbers, so that counting
 * takes neither a lock nor an atomic operation; an aligned double is read whole on every machine that Node runs on.
 */
export class SharedStats implements StatKinds {
  private readonly announce: (list: readonly StatAnnouncement[]) => void;
  private readonly isMine: (name: string) => boolean;
  private block = new Float64Array(new SharedArrayBuffer(BLOCK_SLOTS * 8));
  private used = 0;
  private pending: StatAnnouncement[] = [];

  /** `isMine` false: another worker counts what all workers see alike; here the stat is kept and not shown. */
  constructor(announce: (list: readonly StatAnnouncement[]) => void, isMine: (name: string) => boolean) {
    this.announce = announce;
    this.isMine = isMine;
  }

  counter(name: string): StoredCounter {
    if (!this.isMine(name)) return new CounterStat(name);
    const at = this.take(1);
    this.tell({ kind: 'counter', name, memory: this.memory, at });
    return new SharedCounter(name, this.block, at);
  }

  gauge(name: string): StoredGauge {
    if (!this.isMine(name)) return new GaugeStat(name);
    const at = this.take(2);
    this.tell({ kind: 'gauge', name, memory: this.memory, at });
    return new SharedGauge(name, this.block, at);
  }

  histogram(name: string): StoredHistogram {
    if (!this.isMine(name)) return new HistogramStat(name);
    return new SharedHistogram(name, (memory) => this.tell({ kind: 'histogram', name, memory, at: 0 }));
  }

  text(name: string): StoredText {
    if (!this.isMine(name)) return new TextStat(name);
    this.tell({ kind: 'text', name, value: '' });
    return new TextStat(name, (value) => this.tell({ kind: 'text', name, value }));
  }

  /** Tells what is not told yet. Called before every answer to the main thread, so that it knows of all that happened before. */
  flush(): void {
    const { pending } = this;
    if (pending.length === 0) return;
    this.pending = [];
    this.announce(pending);
  }

  private get memory(): SharedArrayBuffer {
    return this.block.buffer as SharedArrayBuffer;
  }

  private take(slots: number): number {
    if (this.used + slots > BLOCK_SLOTS) {
      this.block = new Float64Array(new SharedArrayBuffer(BLOCK_SLOTS * 8));
      this.used = 0;
    }
    const at = this.used;
    this.used += slots;
    return at;
  }

  private tell(announcement: StatAnnouncement): void {
    // One message for all stats that a configuration makes in one go.
    if (this.pending.push(announcement) === 1) queueMicrotask(() => this.flush());
  }
}

/** A number in shared memory, which this thread alone writes. */
class Slot {
  readonly name: string;
  protected readonly slots: Float64Array;
  protected readonly at: number;

  constructor(name: string, slots: Float64Array, at: number) {
    this.name = name;
    this.slots = slots;
    this.at = at;
  }
  get value(): number {
    return this.slots[this.at] as number;
  }
}

class SharedCounter extends Slot implements StoredCounter {
  get used(): boolean {
    return this.value > 0;
  }
  inc(): void {
    (this.slots[this.at] as number) += 1;
  }
  add(amount: number): void {
    (this.slots[this.at] as number) += amount;
  }
  reset(): void {
    this.slots[this.at] = 0;
  }
}

class SharedGauge extends Slot implements StoredGauge {
  get used(): boolean {
    return this.slots[this.at + 1] === 1;
  }
  inc(): void {
    this.add(1);
  }
  dec(): void {
    (this.slots[this.at] as number) -= 1;
  }
  add(amount: number): void {
    (this.slots[this.at] as number) += amount;
    this.slots[this.at + 1] = 1;
  }
  sub(amount: number): void {
    (this.slots[this.at] as number) -= amount;
  }
  set(value: number): void {
    this.slots[this.at] = value;
    this.slots[this.at + 1] = 1;
  }
}

/** Its buckets are made by the first value; the main thread keeps the intervals. */
class SharedHistogram implements StoredHistogram {
  readonly name: string;
  private counts: Uint32Array | undefined;
  private sum: Float64Array | undefined;
  private readonly onFirst: (memory: SharedArrayBuffer) => void;

  constructor(name: string, onFirst: (memory: SharedArrayBuffer) => void) {
    this.name = name;
    this.onFirst = onFirst;
  }

  record(value: number): void {
    if (this.counts === undefined) this.allocate();
    (this.counts![bucketOf(value)] as number) += 1;
    (this.sum![0] as number) += value;
  }

  get used(): boolean {
    return this.counts !== undefined;
  }
  get cumulative(): Distribution {
    return distributionOf(this.counts, this.sum?.[0] ?? 0);
  }
  get interval(): Distribution {
    return distributionOf(undefined, 0);
  }
  flush(): void {
    // Intervals are the main thread's.
  }

  private allocate(): void {
    const memory = new SharedArrayBuffer(HISTOGRAM_BYTES);
    const { sum, counts } = histogramViews(memory);
    this.sum = sum;
    this.counts = counts;
    this.onFirst(memory);
  }
}
