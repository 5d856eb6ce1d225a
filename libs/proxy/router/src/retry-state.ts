import type { ResetReason, ResponseHeaderMap } from '@weft/core-http';
import { rateLimitedDelayMs, retriesReset, retriesResponse, type RetryPolicy } from '@weft/model-policy';
import type { RoutePriority } from '@weft/model-route';
import type { Cluster, Host, RetryBreaker } from '@weft/proxy-filter-api';
import type { PreparedRouter } from './prepared.ts';

/** `retry`: do it, after `delayMs`. `overflow`: the circuit breaker forbids it. `limit`: there were enough already. */
export type RetryVerdict = 'no' | 'retry' | 'overflow' | 'limit';

/**
 * The retries of one request. Made only where a policy may retry it, and dropped when a response goes downstream.
 * A place at the circuit breaker is held from the decision to retry until that retry's own outcome is known.
 * Source: Envoy's RetryStateImpl.
 */
export class RetryState {
  readonly policy: RetryPolicy;
  /** How long to wait before the retry that was just granted, in milliseconds. */
  delayMs = 0;
  private readonly router: PreparedRouter;
  private readonly priority: RoutePriority;
  private cluster: Cluster;
  private remaining: number;
  private intervalMs: number;
  private held: RetryBreaker | undefined;
  private readonly tried: Host[] = [];

  constructor(router: PreparedRouter, policy: RetryPolicy, cluster: Cluster, priority: RoutePriority) {
    this.router = router;
    this.policy = policy;
    this.cluster = cluster;
    this.priority = priority;
    this.remaining = policy.numRetries;
    this.intervalMs = policy.baseIntervalMs;
  }

  /** The cluster of the coming attempt: it may have been replaced since the last one. */
  useCluster(cluster: Cluster): void {
    this.cluster = cluster;
  }

  onHostAttempted(host: Host): void {
    if (this.policy.avoidPreviousHosts) this.tried.push(host);
  }

  wasTried(host: Host): boolean {
    return this.tried.some((other) => other === host || other.address.text === host.address.text);
  }

  onResponse(response: ResponseHeaderMap): RetryVerdict {
    if (!retriesResponse(this.policy, response)) return this.decline();
    const { rateLimited } = this.policy;
    const askedMs = rateLimited && rateLimitedDelayMs(rateLimited, response, this.router.runtime.clock.wallMs());
    return this.grant(askedMs);
  }

  onReset(reason: ResetReason, requestSent: boolean): RetryVerdict {
    return retriesReset(this.policy, reason, requestSent) ? this.grant(undefined) : this.decline();
  }

  /** Gives back what is held. Calling it again does nothing. */
  release(): void {
    this.held?.release();
    this.held = undefined;
  }

  private decline(): RetryVerdict {
    if (this.held !== undefined) this.cluster.requestStats.upstreamRqRetrySuccess.inc();
    this.release();
    return 'no';
  }

  private grant(askedMs: number | undefined): RetryVerdict {
    const { requestStats } = this.cluster;
    this.release();
    if (this.remaining === 0) {
      requestStats.upstreamRqRetryLimitExceeded.inc();
      return 'limit';
    }
    this.remaining -= 1;
    const breaker = this.cluster.retryBreaker(this.priority);
    if (!breaker.tryAcquire()) {
      requestStats.upstreamRqRetryOverflow.inc();
      return 'overflow';
    }
    this.held = breaker;
    requestStats.upstreamRqRetry.inc();
    this.delayMs = askedMs === undefined ? this.exponentialDelayMs() : this.rateLimitedDelayMs(askedMs);
    return 'retry';
  }

  /** Fully jittered: anything from 0 up to the interval, which doubles each time. */
  private exponentialDelayMs(): number {
    this.cluster.requestStats.upstreamRqRetryBackoffExponential.inc();
    const delayMs = this.router.runtime.random.below(this.intervalMs);
    this.intervalMs = Math.min(this.intervalMs * 2, this.policy.maxIntervalMs);
    return delayMs;
  }

  /** Never before the time that the upstream named; up to half as long again, so that clients do not come back as one. */
  private rateLimitedDelayMs(askedMs: number): number {
    this.cluster.requestStats.upstreamRqRetryBackoffRatelimited.inc();
    return askedMs + this.router.runtime.random.below(Math.max(1, askedMs >> 1));
  }
}
