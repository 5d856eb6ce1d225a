import type { HeaderMap, ResetReason, ResponseHeaderMap } from '@weft/core-http';
import { RetryOn, type RateLimitedBackOff, type RetryPolicy } from './retry-policy.ts';

const SERVER_ERROR = RetryOn['5xx'] | RetryOn['gateway-error'];
const GRPC =
  RetryOn.cancelled |
  RetryOn['deadline-exceeded'] |
  RetryOn.internal |
  RetryOn['resource-exhausted'] |
  RetryOn.unavailable;
/** By number. Source: gRPC's status codes. */
const GRPC_BITS: Readonly<Record<string, number>> = {
  '1': RetryOn.cancelled,
  '4': RetryOn['deadline-exceeded'],
  '8': RetryOn['resource-exhausted'],
  '13': RetryOn.internal,
  '14': RetryOn.unavailable,
};

/** True if the policy lets requests such as this be retried at all. */
export function mayRetry(policy: RetryPolicy, request: HeaderMap): boolean {
  const { retriableRequestHeaders } = policy;
  return retriableRequestHeaders.length === 0 || retriableRequestHeaders.some((matcher) => matcher.matches(request));
}

/** True if the policy retries a request that was answered like this. */
export function retriesResponse(policy: RetryPolicy, response: ResponseHeaderMap): boolean {
  const { retryOn } = policy;
  const { status } = response;
  // A rate limit that another Envoy applied is not a fault of the upstream: retrying it is a choice of its own.
  if (response.has('x-envoy-ratelimited')) return (retryOn & RetryOn['envoy-ratelimited']) !== 0;
  if ((retryOn & RetryOn['5xx']) !== 0 && status >= 500 && status < 600) return true;
  if ((retryOn & RetryOn['gateway-error']) !== 0 && status >= 502 && status <= 504) return true;
  if ((retryOn & RetryOn['retriable-4xx']) !== 0 && status === 409) return true;
  if ((retryOn & RetryOn['retriable-status-codes']) !== 0 && policy.retriableStatusCodes.includes(status)) return true;
  if ((retryOn & RetryOn['retriable-headers']) !== 0) {
    for (const matcher of policy.retriableHeaders) if (matcher.matches(response)) return true;
  }
  if ((retryOn & GRPC) === 0) return false;
  return (retryOn & (GRPC_BITS[response.get('grpc-status') ?? ''] ?? 0)) !== 0;
}

/**
 * True if the policy retries a request whose attempt ended with `reason` before a response. `requestSent`: any part of it
 * went to an upstream.
 */
export function retriesReset(policy: RetryPolicy, reason: ResetReason, requestSent: boolean): boolean {
  const { retryOn } = policy;
  // The circuit breaker refused: trying again at once would only add to the load.
  if (reason === 'overflow') return false;
  if ((retryOn & RetryOn['reset-before-request']) !== 0 && !requestSent) return true;
  // A reset would be answered with a 5xx, so policies on those cover it.
  if ((retryOn & (RetryOn.reset | SERVER_ERROR)) !== 0) return true;
  if ((retryOn & RetryOn['refused-stream']) !== 0 && reason === 'remote refused stream reset') return true;
  return (retryOn & RetryOn['connect-failure']) !== 0 && isConnectFailure(reason);
}

export function isConnectFailure(reason: ResetReason): boolean {
  return (
    reason === 'local connection failure' || reason === 'remote connection failure' || reason === 'connection timeout'
  );
}

/** How long a response asks to wait, in milliseconds; undefined where it does not, or for too long. `wallMs`: now. */
export function rateLimitedDelayMs(
  backOff: RateLimitedBackOff,
  response: HeaderMap,
  wallMs: number,
): number | undefined {
  for (const { name, format } of backOff.headers) {
    const value = response.get(name)?.trim();
    if (value === undefined || !/^\d{1,12}$/.test(value)) continue;
    const delayMs = format === 'seconds' ? Number(value) * 1000 : Number(value) * 1000 - wallMs;
    if (delayMs > 0 && delayMs <= backOff.maxIntervalMs) return Math.ceil(delayMs);
  }
  return undefined;
}
