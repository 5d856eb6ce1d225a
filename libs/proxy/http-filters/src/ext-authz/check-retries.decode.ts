import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { RetryPolicy as Message } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { DEFAULT_RETRY_POLICY, durationMs, parseRetryOn, type RetryPolicy } from '@weft/model-policy';

export const checkRetriesSupport: FieldSupport = {
  'envoy.config.core.v3.RetryPolicy': ['retry_back_off', 'num_retries', 'retry_on'],
  'envoy.config.core.v3.BackoffStrategy': ['base_interval', 'max_interval'],
};

/** Of one without a back-off of its own, as Envoy has it. */
const DEFAULT_BASE_MS = 1000;

/** When a question is asked again. */
export function decodeCheckRetries(message: Message, cx: DecodeContext): RetryPolicy {
  const { retryOn, numRetries, retryBackOff } = message;
  const { bits, unknown } = parseRetryOn(retryOn);
  for (const word of unknown) cx.at('retry_on').warn(`"${word}" is not a reason to retry`);
  const baseIntervalMs = Math.max(1, Math.round(durationMs(retryBackOff?.baseInterval, DEFAULT_BASE_MS)));
  const maxIntervalMs = Math.max(
    baseIntervalMs,
    Math.round(durationMs(retryBackOff?.maxInterval, baseIntervalMs * 10)),
  );
  return {
    ...DEFAULT_RETRY_POLICY,
    retryOn: bits,
    numRetries: numRetries ?? DEFAULT_RETRY_POLICY.numRetries,
    baseIntervalMs,
    maxIntervalMs,
    // The API has no field for it; Envoy takes this one.
    perTryTimeoutMs: maxIntervalMs,
  };
}
