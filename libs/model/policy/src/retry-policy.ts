import type { HeaderMatcher } from '@weft/model-match';

/** What a retry may answer, one bit each. Source: Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`. */
export const RetryOn = {
  '5xx': 1 << 0,
  'gateway-error': 1 << 1,
  reset: 1 << 2,
  'reset-before-request': 1 << 3,
  'connect-failure': 1 << 4,
  'envoy-ratelimited': 1 << 5,
  'retriable-4xx': 1 << 6,
  'refused-stream': 1 << 7,
  'retriable-status-codes': 1 << 8,
  'retriable-headers': 1 << 9,
  'http3-post-connect-failure': 1 << 10,
  cancelled: 1 << 11,
  'deadline-exceeded': 1 << 12,
  internal: 1 << 13,
  'resource-exhausted': 1 << 14,
  unavailable: 1 << 15,
} as const;
export type RetryOnName = keyof typeof RetryOn;

/** When, how often and how soon a request is tried again. Times in milliseconds; 0 is "none". */
export interface RetryPolicy {
  /** Bits of RetryOn. 0: nothing is retried, unless a request's own headers ask for it. */
  readonly retryOn: number;
  readonly numRetries: number;
  readonly perTryTimeoutMs: number;
  readonly perTryIdleTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  /** Any of them matching the response is enough. */
  readonly retriableHeaders: readonly HeaderMatcher[];
  /** Not empty: a request that matches none of them is never retried. */
  readonly retriableRequestHeaders: readonly HeaderMatcher[];
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
  readonly rateLimited: RateLimitedBackOff | undefined;
  /** `retry_host_predicate` previous_hosts: not the hosts that were tried already. */
  readonly avoidPreviousHosts: boolean;
  /** How often the balancer is asked for a host that the predicates accept. */
  readonly hostSelectionMaxAttempts: number;
}

/** Back-off that the response asks for. Source: RetryPolicy.RateLimitedRetryBackOff. */
export interface RateLimitedBackOff {
  readonly headers: readonly { readonly name: string; readonly format: 'seconds' | 'unix_timestamp' }[];
  readonly maxIntervalMs: number;
}

/** A route without a policy, and the defaults of one with. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  retryOn: 0,
  numRetries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  baseIntervalMs: 25,
  maxIntervalMs: 250,
  rateLimited: undefined,
  avoidPreviousHosts: false,
  hostSelectionMaxAttempts: 1,
};

/** The bits of a comma-separated list, and the words in it that Envoy does not know. */
export function parseRetryOn(list: string): { readonly bits: number; readonly unknown: readonly string[] } {
  let bits = 0;
  const unknown: string[] = [];
  for (const word of list.split(',').map((part) => part.trim())) {
    if (word === '') continue;
    if (Object.hasOwn(RetryOn, word)) bits |= RetryOn[word as RetryOnName];
    else unknown.push(word);
  }
  return { bits, unknown };
}
