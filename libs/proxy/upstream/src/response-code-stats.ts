import type { Counter, Histogram, StatsScope } from '@weft/core-stats';

/** `upstream_rq_<code>`, `upstream_rq_<c>xx` and `upstream_rq_completed` under one prefix. */
export class ResponseCodeStats {
  readonly time: Histogram;
  private readonly scope: StatsScope;
  private readonly completed: Counter;
  /** By first digit. */
  private readonly classes: readonly Counter[];
  /** By code. Codes are made as they come, as in Envoy, but for 200, which dashboards expect from the start. */
  private readonly codes: (Counter | undefined)[] = [];

  constructor(scope: StatsScope) {
    this.scope = scope;
    this.time = scope.histogram('upstream_rq_time');
    this.completed = scope.counter('upstream_rq_completed');
    this.classes = [1, 2, 3, 4, 5].map((digit) => scope.counter(`upstream_rq_${digit}xx`));
    this.codes[200] = scope.counter('upstream_rq_200');
  }

  charge(code: number): void {
    this.completed.inc();
    this.classes[((code / 100) | 0) - 1]?.inc();
    const counter = this.codes[code];
    if (counter === undefined) this.firstOf(code).inc();
    else counter.inc();
  }

  private firstOf(code: number): Counter {
    // An upstream may send any three digits; what is no status has no name of its own.
    const counter = this.scope.counter(`upstream_rq_${code >= 100 && code < 600 ? code : 'unknown'}`);
    this.codes[code] = counter;
    return counter;
  }
}
