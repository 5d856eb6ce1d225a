import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { TokenBucket as TokenBucketMessage } from '@weft/api-envoy/gen/envoy/type/v3/token_bucket_pb';
import { durationMs } from './duration.ts';
import type { TokenBucketConfig } from './token-bucket.ts';

export const tokenBucketSupport: FieldSupport = {
  'envoy.type.v3.TokenBucket': ['max_tokens', 'tokens_per_fill', 'fill_interval'],
};

/** The fastest that Envoy lets a bucket be filled. */
const MIN_FILL_INTERVAL_MS = 50;

/** The bucket of a local rate limit, `cx` at its field. Undefined: there is none, or none that Envoy would take. */
export function decodeTokenBucket(
  message: TokenBucketMessage | undefined,
  cx: DecodeContext,
): TokenBucketConfig | undefined {
  const fillIntervalMs = durationMs(message?.fillInterval, 0);
  if (message === undefined || fillIntervalMs < MIN_FILL_INTERVAL_MS) {
    cx.error(message === undefined ? 'is missing' : 'local rate limit token bucket fill timer must be >= 50ms');
    return undefined;
  }
  return { maxTokens: message.maxTokens, tokensPerFill: message.tokensPerFill ?? 1, fillIntervalMs };
}
