import { LocalTally, type Gauge, type StatsScope, type Tallies, type Tally } from '@weft/core-stats';
import type { RetryBudget, Thresholds } from '@weft/model-cluster';
import type { RetryBreaker } from '@weft/proxy-filter-api';

/** One limit of a circuit breaker: how many of a thing there may be, and the gauges that say how near the limit is. */
export class ResourceLimit {
  readonly max: number;
  private readonly tally: Tally;
  private readonly open: Gauge;
  private readonly remaining: Gauge | undefined;

  constructor(max: number, gauges: { readonly open: Gauge; readonly remaining: Gauge | undefined }, tally: Tally) {
    this.max = max;
    this.tally = tally;
    this.open = gauges.open;
    this.remaining = gauges.remaining;
    this.open.set(max === 0 ? 1 : 0);
    this.remaining?.set(max);
  }

  /** How many there are in the whole process. */
  get current(): number {
    return this.tally.value;
  }

  get canCreate(): boolean {
    return this.tally.value < this.max;
  }

  inc(): void {
    const now = this.tally.add(1);
    if (now === this.max) this.open.set(1);
    if (this.remaining !== undefined) this.remaining.set(Math.max(0, this.max - now));
  }

  dec(): void {
    const now = this.tally.add(-1);
    if (now === this.max - 1) this.open.set(0);
    if (this.remaining !== undefined) this.remaining.set(Math.max(0, this.max - now));
  }

  /** Shows what other workers did: the gauges follow only what happens here. */
  refresh(): void {
    this.open.set(this.canCreate ? 0 : 1);
    this.remaining?.set(Math.max(0, this.max - this.current));
  }
}

/** The circuit breakers of one priority of a cluster, shared by the pools of all its hosts. */
export class ResourceLimits {
  readonly connections: ResourceLimit;
  readonly pendingRequests: ResourceLimit;
  readonly requests: ResourceLimit;
  readonly connectionPools: ResourceLimit;
  readonly retries: RetryBreaker;
  /** Infinity without a limit. */
  readonly maxConnectionsPerHost: number;

  private readonly all: ResourceLimit[] = [];

  /**
   * `scope` is `cluster.<name>.circuit_breakers.<priority>.`. `tallies` counts for all workers of the process: the limits
   * are the process's, as in Envoy. Default: there is one.
   */
  constructor(thresholds: Thresholds, scope: StatsScope, tallies: Tallies = () => new LocalTally()) {
    const limit = (max: number, kind: string, track = thresholds.trackRemaining): ResourceLimit => {
      const gauges = {
        open: scope.gauge(OPEN[kind] ?? ''),
        remaining: track ? scope.gauge(REMAINING[kind] ?? '') : undefined,
      };
      const made = new ResourceLimit(max, gauges, tallies(kind));
      this.all.push(made);
      return made;
    };
    this.maxConnectionsPerHost = thresholds.maxConnectionsPerHost;
    this.connections = limit(thresholds.maxConnections, 'cx');
    this.pendingRequests = limit(thresholds.maxPendingRequests, 'pending');
    this.requests = limit(thresholds.maxRequests, 'rq');
    // Without a limit "remaining" would be a number without meaning: it is not kept then.
    const { maxConnectionPools } = thresholds;
    this.connectionPools = limit(
      maxConnectionPools,
      'pools',
      thresholds.trackRemaining && maxConnectionPools !== Infinity,
    );
    this.retries =
      thresholds.retryBudget === undefined
        ? new CountedRetries(limit(thresholds.maxRetries, 'retries'))
        : new BudgetedRetries(thresholds.retryBudget, this, {
            open: scope.gauge('rq_retry_open'),
            remaining: thresholds.trackRemaining ? scope.gauge('remaining_retries') : undefined,
          });
  }

  refresh(): void {
    for (const limit of this.all) limit.refresh();
  }
}

const OPEN: Readonly<Record<string, string>> = {
  cx: 'cx_open',
  pending: 'rq_pending_open',
  rq: 'rq_open',
  pools: 'cx_pool_open',
  retries: 'rq_retry_open',
};
const REMAINING: Readonly<Record<string, string>> = {
  cx: 'remaining_cx',
  pending: 'remaining_pending',
  rq: 'remaining_rq',
  pools: 'remaining_cx_pools',
  retries: 'remaining_retries',
};

class CountedRetries implements RetryBreaker {
  readonly active = undefined;
  private readonly limit: ResourceLimit;

  constructor(limit: ResourceLimit) {
    this.limit = limit;
  }
  tryAcquire(): boolean {
    if (!this.limit.canCreate) return false;
    this.limit.inc();
    return true;
  }
  release(): void {
    this.limit.dec();
  }
}

/** A share of what is under way now, so a busy cluster may retry more than a quiet one. */
class BudgetedRetries implements RetryBreaker {
  readonly active = undefined;
  private current = 0;
  private readonly budget: RetryBudget;
  private readonly limits: ResourceLimits;
  private readonly gauges: { readonly open: Gauge; readonly remaining: Gauge | undefined };

  constructor(budget: RetryBudget, limits: ResourceLimits, gauges: { open: Gauge; remaining: Gauge | undefined }) {
    this.budget = budget;
    this.limits = limits;
    this.gauges = gauges;
    gauges.remaining?.set(budget.minRetryConcurrency);
  }

  tryAcquire(): boolean {
    if (this.current >= this.max()) return false;
    this.current += 1;
    this.show();
    return true;
  }
  release(): void {
    this.current -= 1;
    this.show();
  }

  private max(): number {
    const underWay = this.limits.requests.current + this.limits.pendingRequests.current;
    return Math.max(this.budget.minRetryConcurrency, Math.floor((underWay * this.budget.budgetPercent) / 100));
  }

  private show(): void {
    const left = Math.max(0, this.max() - this.current);
    this.gauges.open.set(left === 0 ? 1 : 0);
    this.gauges.remaining?.set(left);
  }
}
