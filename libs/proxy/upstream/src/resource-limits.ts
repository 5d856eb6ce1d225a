import type { Gauge, StatsScope } from '@weft/core-stats';
import type { RetryBudget, Thresholds } from '@weft/model-cluster';
import type { RetryBreaker } from '@weft/proxy-filter-api';

/** One limit of a circuit breaker: how many of a thing there may be, and the gauges that say how near the limit is. */
export class ResourceLimit {
  readonly max: number;
  current = 0;
  private readonly open: Gauge;
  private readonly remaining: Gauge | undefined;

  constructor(max: number, open: Gauge, remaining: Gauge | undefined) {
    this.max = max;
    this.open = open;
    this.remaining = remaining;
    this.open.set(max === 0 ? 1 : 0);
    this.remaining?.set(max);
  }

  get canCreate(): boolean {
    return this.current < this.max;
  }

  inc(): void {
    this.current += 1;
    if (this.current === this.max) this.open.set(1);
    if (this.remaining !== undefined) this.remaining.set(Math.max(0, this.max - this.current));
  }

  dec(): void {
    this.current -= 1;
    if (this.current === this.max - 1) this.open.set(0);
    if (this.remaining !== undefined) this.remaining.set(Math.max(0, this.max - this.current));
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

  /** `scope` is `cluster.<name>.circuit_breakers.<priority>.`. */
  constructor(thresholds: Thresholds, scope: StatsScope) {
    this.maxConnectionsPerHost = thresholds.maxConnectionsPerHost;
    const limit = (max: number, open: string, remaining: string): ResourceLimit =>
      new ResourceLimit(max, scope.gauge(open), thresholds.trackRemaining ? scope.gauge(remaining) : undefined);
    this.connections = limit(thresholds.maxConnections, 'cx_open', 'remaining_cx');
    this.pendingRequests = limit(thresholds.maxPendingRequests, 'rq_pending_open', 'remaining_pending');
    this.requests = limit(thresholds.maxRequests, 'rq_open', 'remaining_rq');
    // Without a limit "remaining" would be a number without meaning: it is not kept then.
    this.connectionPools = new ResourceLimit(
      thresholds.maxConnectionPools,
      scope.gauge('cx_pool_open'),
      thresholds.trackRemaining && thresholds.maxConnectionPools !== Infinity
        ? scope.gauge('remaining_cx_pools')
        : undefined,
    );
    const open = scope.gauge('rq_retry_open');
    const remaining = thresholds.trackRemaining ? scope.gauge('remaining_retries') : undefined;
    this.retries =
      thresholds.retryBudget === undefined
        ? new CountedRetries(new ResourceLimit(thresholds.maxRetries, open, remaining))
        : new BudgetedRetries(thresholds.retryBudget, this, { open, remaining });
  }
}

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
