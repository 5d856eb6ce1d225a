import type { Counter, Gauge, Histogram, TextReadout } from '@weft/core-stats';
import { type Distribution, distributionOf } from './distribution.ts';
import { BUCKET_COUNT, bucketOf } from './log-linear.ts';

/** A counter or gauge as formats print it. `used` is what `usedonly` asks: has it ever moved? */
export interface ReadableNumber {
  readonly name: string;
  readonly value: number;
  readonly used: boolean;
}

export interface ReadableHistogram {
  readonly name: string;
  readonly used: boolean;
  /** All values since the start. */
  readonly cumulative: Distribution;
  /** The values between the last two calls of `flush`. */
  readonly interval: Distribution;
}

export interface StoredCounter extends Counter, ReadableNumber {
  readonly value: number;
  reset(): void;
}

export interface StoredGauge extends Gauge, ReadableNumber {
  readonly value: number;
}

export interface StoredHistogram extends Histogram, ReadableHistogram {
  /** Ends the interval: what was recorded in it is now `interval`. */
  flush(): void;
}

export interface StoredText extends TextReadout {
  readonly name: string;
  /** It was set. */
  readonly used: boolean;
}

/** A text. */
export class TextStat implements StoredText {
  readonly name: string;
  value = '';
  private readonly onSet: ((value: string) => void) | undefined;

  /** `onSet` hears of each new value. */
  constructor(name: string, onSet?: (value: string) => void) {
    this.name = name;
    this.onSet = onSet;
  }
  get used(): boolean {
    return this.value !== '';
  }
  set(value: string): void {
    if (value === this.value) return;
    this.value = value;
    this.onSet?.(value);
  }
}

/** A counter of a proxy with one event loop. */
export class CounterStat implements StoredCounter {
  readonly name: string;
  value = 0;
  private wasReset = false;

  constructor(name: string) {
    this.name = name;
  }
  inc(): void {
    this.value += 1;
  }
  add(amount: number): void {
    this.value += amount;
  }
  get used(): boolean {
    return this.value > 0 || this.wasReset;
  }
  reset(): void {
    this.wasReset = this.used;
    this.value = 0;
  }
}

export class GaugeStat implements StoredGauge {
  readonly name: string;
  value = 0;
  used = false;

  constructor(name: string) {
    this.name = name;
  }
  inc(): void {
    this.value += 1;
    this.used = true;
  }
  dec(): void {
    this.value -= 1;
  }
  add(amount: number): void {
    this.value += amount;
    this.used = true;
  }
  sub(amount: number): void {
    this.value -= amount;
  }
  set(value: number): void {
    this.value = value;
    this.used = true;
  }
}

/** What a histogram needs to know of its past to tell the last interval from it. */
export class IntervalClock {
  private atFlush: Uint32Array | undefined;
  private sumAtFlush = 0;
  private last: Distribution = distributionOf(undefined, 0);

  get interval(): Distribution {
    return this.last;
  }

  /** `total` and `sum`: what the histogram holds now. */
  flush(total: Uint32Array, sum: number): void {
    const atFlush = (this.atFlush ??= new Uint32Array(BUCKET_COUNT));
    this.last = distributionOf(
      total.map((count, place) => count - (atFlush[place] as number)),
      sum - this.sumAtFlush,
    );
    atFlush.set(total);
    this.sumAtFlush = sum;
  }
}

/**
 * A histogram: all values since the start, and those of the last whole interval. Unlike Envoy, whose workers hand their
 * counts over at each flush, the cumulative side is up to date at once.
 */
export class HistogramStat implements StoredHistogram {
  readonly name: string;
  // Most histograms of a proxy never count anything: their buckets are not there until they do.
  private total: Uint32Array | undefined;
  private totalSum = 0;
  private readonly clock = new IntervalClock();

  constructor(name: string) {
    this.name = name;
  }

  record(value: number): void {
    const total = (this.total ??= new Uint32Array(BUCKET_COUNT));
    const place = bucketOf(value);
    total[place] = (total[place] as number) + 1;
    this.totalSum += value;
  }

  get used(): boolean {
    return this.total !== undefined;
  }
  get cumulative(): Distribution {
    return distributionOf(this.total, this.totalSum);
  }
  get interval(): Distribution {
    return this.clock.interval;
  }
  flush(): void {
    if (this.total !== undefined) this.clock.flush(this.total, this.totalSum);
  }
}
