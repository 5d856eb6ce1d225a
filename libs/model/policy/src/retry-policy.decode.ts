import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import { nearest } from '@weft/api-envoy';
import type {
  RetryPolicy as Message,
  RetryPolicy_RateLimitedRetryBackOff,
  RetryPolicy_RetryBackOff,
  RetryPolicy_RetryHostPredicate,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeHeaderMatchers } from '@weft/model-match';
import { durationMs } from './duration.ts';
import {
  DEFAULT_RETRY_POLICY,
  RetryOn,
  parseRetryOn,
  type RateLimitedBackOff,
  type RetryPolicy,
} from './retry-policy.ts';

export const retryPolicySupport: FieldSupport = {
  'envoy.config.route.v3.RetryPolicy': [
    'retry_on',
    'num_retries',
    'per_try_timeout',
    'per_try_idle_timeout',
    'retry_host_predicate',
    'host_selection_retry_max_attempts',
    'retriable_status_codes',
    'retry_back_off',
    'rate_limited_retry_back_off',
    'retriable_headers',
    'retriable_request_headers',
  ],
  'envoy.config.route.v3.RetryPolicy.RetryBackOff': ['base_interval', 'max_interval'],
  'envoy.config.route.v3.RetryPolicy.RateLimitedRetryBackOff': ['reset_headers', 'max_interval'],
  'envoy.config.route.v3.RetryPolicy.ResetHeader': ['name', 'format'],
  'envoy.config.route.v3.RetryPolicy.RetryHostPredicate': ['name', 'typed_config'],
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': [],
};

const PREVIOUS_HOSTS = 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate';

export function decodeRetryPolicy(message: Message, cx: DecodeContext): RetryPolicy {
  const { bits, unknown } = parseRetryOn(message.retryOn);
  for (const word of unknown) {
    const suggestion = nearest(word, Object.keys(RetryOn));
    cx.at('retry_on').warn(`"${word}" is not a reason to retry`, suggestion === undefined ? {} : { suggestion });
  }
  return {
    retryOn: bits,
    numRetries: message.numRetries ?? DEFAULT_RETRY_POLICY.numRetries,
    perTryTimeoutMs: durationMs(message.perTryTimeout, 0),
    perTryIdleTimeoutMs: durationMs(message.perTryIdleTimeout, 0),
    retriableStatusCodes: message.retriableStatusCodes,
    retriableHeaders: decodeHeaderMatchers(message.retriableHeaders, cx.at('retriable_headers')),
    retriableRequestHeaders: decodeHeaderMatchers(message.retriableRequestHeaders, cx.at('retriable_request_headers')),
    ...decodeBackOff(message.retryBackOff, cx.at('retry_back_off')),
    rateLimited: decodeRateLimited(message.rateLimitedRetryBackOff),
    avoidPreviousHosts: avoidsPreviousHosts(message.retryHostPredicate, cx.at('retry_host_predicate')),
    hostSelectionMaxAttempts: Number(message.hostSelectionRetryMaxAttempts) || 1,
  };
}

function decodeBackOff(
  message: RetryPolicy_RetryBackOff | undefined,
  cx: DecodeContext,
): Pick<RetryPolicy, 'baseIntervalMs' | 'maxIntervalMs'> {
  // Envoy counts whole milliseconds here, and takes less than one as one.
  const baseIntervalMs = Math.max(
    1,
    Math.floor(durationMs(message?.baseInterval, DEFAULT_RETRY_POLICY.baseIntervalMs)),
  );
  const maxIntervalMs = Math.max(1, Math.floor(durationMs(message?.maxInterval, baseIntervalMs * 10)));
  if (maxIntervalMs < baseIntervalMs)
    cx.at('max_interval').error('is less than the base interval', { expected: `${baseIntervalMs / 1000}s or more` });
  return { baseIntervalMs, maxIntervalMs };
}

function decodeRateLimited(message: RetryPolicy_RateLimitedRetryBackOff | undefined): RateLimitedBackOff | undefined {
  if (message === undefined) return undefined;
  return {
    headers: message.resetHeaders.map(({ name, format }) => ({
      name: name.toLowerCase(),
      format: format === 0 ? 'seconds' : 'unix_timestamp',
    })),
    maxIntervalMs: durationMs(message.maxInterval, 300_000),
  };
}

function avoidsPreviousHosts(predicates: readonly RetryPolicy_RetryHostPredicate[], cx: DecodeContext): boolean {
  let avoids = false;
  for (const [i, { name, configType }] of predicates.entries()) {
    const type = configType.case === 'typedConfig' ? configType.value.typeUrl : name;
    if (type.endsWith(PREVIOUS_HOSTS) || type === 'envoy.retry_host_predicates.previous_hosts') avoids = true;
    else cx.at(i).warn(`the retry host predicate "${name}" is not supported, and every host passes it`);
  }
  return avoids;
}
