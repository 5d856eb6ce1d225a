import { type Distribution, distributionOf } from './distribution.ts';
import { BUCKET_COUNT, bucketOf } from './log-linear.ts';
import { IntervalClock, TextStat, type StoredCounter, type StoredGauge, type StoredHistogram } from './numbers.ts';
import { histogramViews, type StatAnnouncement } from './shared-stats.ts';
import type { StatKinds, StatsStore } from './stats-store.ts';

/** The stats of the main thread of a proxy with workers: its own, plus what the workers count, added up when read. */
export const SUMMED: StatKinds = {
  counter: (name) => new SummedCounter(name),
  gauge: (name) => new SummedGauge(name),
  histogram: (name) => new SummedHistogram(name),
  text: (name) => new TextStat(name),
};

/** Adds what a worker counts to the stats of that name of a store made of SUMMED. */
export function adopt(store: StatsStore, list: readonly StatAnnouncement[]): void {
  for (const announcement of list) {
    const { kind, name } = announcement;
    if (kind === 'text') {
      store.text(name).set(announcement.value);
      continue;
    }
    const { memory, at } = announcement;
    const stat = store[kind](name);
    if (stat instanceof SummedCounter || stat instanceof SummedGauge) stat.adopt(new Float64Array(memory), at);
    else if (stat instanceof SummedHistogram) stat.adopt(memory);
  }
}

interface Part {
  readonly slots: Float64Array;
  readonly at: number;
}

/** A number that workers keep in shared memory, each its part, and this thread another one. */
class Sum {
  readonly name: string;
  protected readonly parts: Part[] = [];
  protected own = 0;

  constructor(name: string) {
    this.name = name;
  }
  get value(): number {
    let sum = this.own;
    for (const { slots, at } of this.parts) sum += slots[at] as number;
    return sum;
  }
  adopt(slots: Float64Array, at: number): void {
    this.parts.push({ slots, at });
  }
}

class SummedCounter extends Sum implements StoredCounter {
  private wasReset = false;

  get used(): boolean {
    return this.wasReset || this.value > 0;
  }
  inc(): void {
    this.own += 1;
  }
  add(amount: number): void {
    this.own += amount;
  }
  /** Workers are the only ones to write their numbers: what they have is taken off here. */
  reset(): void {
    this.wasReset = this.used;
    this.own -= this.value;
  }
}

class SummedGauge extends Sum implements StoredGauge {
  private ownUsed = false;

  get used(): boolean {
    return this.ownUsed || this.parts.some(({ slots, at }) => slots[at + 1] === 1);
  }
  inc(): void {
    this.add(1);
  }
  dec(): void {
    this.own -= 1;
  }
  add(amount: number): void {
    this.own += amount;
    this.ownUsed = true;
  }
  sub(amount: number): void {
    this.own -= amount;
  }
  set(value: number): void {
    this.own = value;
    this.ownUsed = true;
  }
}

class SummedHistogram implements StoredHistogram {
  readonly name: string;
  private readonly parts: { readonly sum: Float64Array; readonly counts: Uint32Array }[] = [];
  private own: { readonly sum: Float64Array; readonly counts: Uint32Array } | undefined;
  private readonly clock = new IntervalClock();

  constructor(name: string) {
    this.name = name;
  }
  record(value: number): void {
    if (this.own === undefined) {
      this.own = { sum: new Float64Array(1), counts: new Uint32Array(BUCKET_COUNT) };
      this.parts.push(this.own);
    }
    (this.own.counts[bucketOf(value)] as number) += 1;
    (this.own.sum[0] as number) += value;
  }
  get used(): boolean {
    return this.parts.length > 0;
  }
  get cumulative(): Distribution {
    const { counts, sum } = this.total();
    return distributionOf(counts, sum);
  }
  get interval(): Distribution {
    return this.clock.interval;
  }
  flush(): void {
    if (!this.used) return;
    const { counts, sum } = this.total();
    this.clock.flush(counts, sum);
  }
  adopt(memory: SharedArrayBuffer): void {
    this.parts.push(histogramViews(memory));
  }

  private total(): { readonly counts: Uint32Array; readonly sum: number } {
    const counts = new Uint32Array(BUCKET_COUNT);
    let sum = 0;
    for (const part of this.parts) {
      sum += part.sum[0] as number;
      part.counts.forEach((count, place) => {
        (counts[place] as number) += count;
      });
    }
    return { counts, sum };
  }
}
