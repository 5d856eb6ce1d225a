import type { VirtualServiceHttpRetries } from '@weft/api-kube';
import type { RetryPolicy } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { PreviousHostsPredicate } from '@weft/api-envoy/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb';
import { durationOf, pack, type Init } from './proto.ts';

/** Where nothing is said: what can be sent again without doing anything twice. Source: Istio's default since 1.24. */
const DEFAULT_RETRY_ON = 'connect-failure,refused-stream,unavailable,cancelled';
const DEFAULT_ATTEMPTS = 2;
const HOST_SELECTION_ATTEMPTS = 5n;

/** Requests of these methods mean the same when they come twice. Source: RFC 9110 section 9.2.2. */
export const IDEMPOTENT_METHODS = 'GET|HEAD|OPTIONS|PUT|DELETE|TRACE';

/** How a rule is retried; `safe` is what requests of idempotent methods get beyond that. */
export interface RetryPlan {
  readonly policy: Init<RetryPolicy> | undefined;
  /** Undefined: the same. */
  readonly idempotent: Init<RetryPolicy> | undefined;
}

/**
 * Retries that say how often but not when: an empty reply, a reset or a 503 may come after the request did its work, so they
 * are retried for idempotent methods alone; a POST is only sent again where it cannot have arrived.
 */
export function retryPlan(retries: VirtualServiceHttpRetries | undefined): RetryPlan {
  if (retries === undefined) return { policy: policy({}, DEFAULT_RETRY_ON, []), idempotent: undefined };
  if (retries.attempts === 0) return { policy: undefined, idempotent: undefined };
  if (retries.retryOn !== undefined && retries.retryOn !== '') {
    const { conditions, codes } = splitRetryOn(retries.retryOn);
    return { policy: policy(retries, conditions, codes), idempotent: undefined };
  }
  return {
    policy: policy(retries, DEFAULT_RETRY_ON, []),
    idempotent: policy(retries, `${DEFAULT_RETRY_ON},retriable-status-codes,reset`, [503]),
  };
}

/** Istio lets status codes stand among the conditions: `503,reset`. */
function splitRetryOn(text: string): { readonly conditions: string; readonly codes: number[] } {
  const parts = text.split(',').map((part) => part.trim());
  const codes = parts.filter((part) => /^\d{3}$/.test(part)).map(Number);
  const words = parts.filter((part) => part !== '' && !/^\d{3}$/.test(part));
  if (codes.length > 0 && !words.includes('retriable-status-codes')) words.push('retriable-status-codes');
  return { conditions: words.join(','), codes };
}

function policy(retries: VirtualServiceHttpRetries, retryOn: string, codes: number[]): Init<RetryPolicy> {
  const perTryTimeout = durationOf(retries.perTryTimeout);
  const baseInterval = durationOf(retries.backoff);
  return {
    retryOn,
    numRetries: retries.attempts ?? DEFAULT_ATTEMPTS,
    retriableStatusCodes: codes,
    ...(perTryTimeout === undefined ? {} : { perTryTimeout }),
    ...(baseInterval === undefined ? {} : { retryBackOff: { baseInterval } }),
    ...(retries.retryIgnorePreviousHosts === false ? {} : otherHosts()),
  };
}

/** A retry goes to a host that did not fail yet, where there is one. */
export function otherHosts(): Init<RetryPolicy> {
  return {
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: {
          case: 'typedConfig',
          value: pack<PreviousHostsPredicate>(
            'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
            {},
          ),
        },
      },
    ],
    hostSelectionRetryMaxAttempts: HOST_SELECTION_ATTEMPTS,
  };
}
