import type { Counter, Gauge, Histogram } from '@weft/core-stats';
import { type Distribution, distributionOf } from './distribution.ts';
import { BUCKET_COUNT, bucketOf } from './log-linear.ts';

/** A counter of the store. `used` is what `usedonly` asks: has it ever moved? */
export class CounterStat implements Counter {
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

export class GaugeStat implements Gauge {
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

/**
 * A histogram: all values since the start, and those of the last whole interval. Unlike Envoy, whose workers hand their
 * counts over at each flush, the cumulative side is up to date at once.
 */
export class HistogramStat implements Histogram {
  readonly name: string;
  // Most histograms of a proxy never count anything: their buckets are not there until they do.
  private total: Uint32Array | undefined;
  private totalSum = 0;
  private atFlush: Uint32Array | undefined;
  private sumAtFlush = 0;
  private lastInterval: Distribution = distributionOf(undefined, 0);

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
  /** The values between the last two calls of `flush`. */
  get interval(): Distribution {
    return this.lastInterval;
  }

  /** Ends the interval: what was recorded in it is now `interval`. */
  flush(): void {
    const { total } = this;
    if (total === undefined) return;
    const atFlush = (this.atFlush ??= new Uint32Array(BUCKET_COUNT));
    this.lastInterval = distributionOf(
      total.map((count, place) => count - (atFlush[place] as number)),
      this.totalSum - this.sumAtFlush,
    );
    atFlush.set(total);
    this.sumAtFlush = this.totalSum;
  }
}
