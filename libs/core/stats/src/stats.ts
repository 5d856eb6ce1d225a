/** A number that only grows. `value` may be read; it is written through the methods only. */
export interface Counter {
  readonly value: number;
  inc(): void;
  add(amount: number): void;
}

/** A number that goes up and down. */
export interface Gauge {
  readonly value: number;
  inc(): void;
  dec(): void;
  add(amount: number): void;
  sub(amount: number): void;
  set(value: number): void;
}

/** A distribution. Times are in milliseconds. */
export interface Histogram {
  record(value: number): void;
}

/** A text, for what is not a number: a version, a name. */
export interface TextReadout {
  readonly value: string;
  set(value: string): void;
}

/**
 * A place in the tree of stat names, by Envoy's names: `scope('cluster.').scope('service1.').counter('upstream_rq_total')`
 * is `cluster.service1.upstream_rq_total`. Asking for a name creates it at 0; asking again gives the same object. Names are
 * looked up when configuration is compiled, never per request.
 */
export interface StatsScope {
  /** What the names of this place begin with: `cluster.service1.`, or `''` at the root. Undefined: nobody counts here. */
  readonly prefix: string | undefined;
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  histogram(name: string): Histogram;
  text(name: string): TextReadout;
  /** `prefix` ends in a dot. */
  scope(prefix: string): StatsScope;
}
