import type { ResetReason, ResponseHeaderMap } from '@weft/core-http';
import type { Random } from '@weft/core-runtime';
import { retriesReset, retriesResponse, type RetryPolicy } from '@weft/model-policy';
import type { Cluster, RetryBreaker } from '@weft/proxy-filter-api';

/** How often and how soon a question is asked again. A place at the cluster's circuit breaker is held meanwhile. */
export class CheckRetries {
  private readonly policy: RetryPolicy;
  private readonly cluster: Cluster;
  private readonly random: Random;
  private remaining: number;
  private intervalMs: number;
  private held: RetryBreaker | undefined;

  constructor(policy: RetryPolicy, cluster: Cluster, random: Random) {
    this.policy = policy;
    this.cluster = cluster;
    this.random = random;
    this.remaining = policy.numRetries;
    this.intervalMs = policy.baseIntervalMs;
  }

  /** How long to wait before the next attempt, in milliseconds; undefined: there is none. */
  afterAnswer(head: ResponseHeaderMap): number | undefined {
    return retriesResponse(this.policy, head) ? this.grant() : this.decline();
  }
  afterFailure(reason: ResetReason, sent: boolean): number | undefined {
    return retriesReset(this.policy, reason, sent) ? this.grant() : this.decline();
  }
  /** Gives back what is held. Calling it again does nothing. */
  release(): void {
    this.held?.release();
    this.held = undefined;
  }

  private decline(): undefined {
    if (this.held !== undefined) this.cluster.requestStats.upstreamRqRetrySuccess.inc();
    this.release();
  }

  private grant(): number | undefined {
    const { requestStats } = this.cluster;
    this.release();
    if (this.remaining === 0) {
      requestStats.upstreamRqRetryLimitExceeded.inc();
      return undefined;
    }
    this.remaining -= 1;
    const breaker = this.cluster.retryBreaker('default');
    if (!breaker.tryAcquire()) {
      requestStats.upstreamRqRetryOverflow.inc();
      return undefined;
    }
    this.held = breaker;
    requestStats.upstreamRqRetry.inc();
    requestStats.upstreamRqRetryBackoffExponential.inc();
    const delayMs = this.random.below(this.intervalMs);
    this.intervalMs = Math.min(this.intervalMs * 2, this.policy.maxIntervalMs);
    return delayMs;
  }
}
