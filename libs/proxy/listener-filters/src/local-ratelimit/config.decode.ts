import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { LocalRateLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb';
import type { TokenBucketConfig } from './token-bucket.ts';

export const listenerRateLimitSupport: FieldSupport = {
  'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit': ['stat_prefix', 'token_bucket', 'runtime_enabled'],
  'envoy.type.v3.TokenBucket': ['max_tokens', 'tokens_per_fill', 'fill_interval'],
  'envoy.config.core.v3.RuntimeFeatureFlag': ['default_value', 'runtime_key'],
}; // prettier-ignore

/** The fastest that Envoy lets a bucket be filled. */
const MIN_FILL_INTERVAL_MS = 50;

export interface ListenerRateLimitConfig {
  readonly statPrefix: string;
  readonly bucket: TokenBucketConfig;
  /** Asked per connection; undefined: it always limits. */
  readonly enabled: { readonly key: string; readonly otherwise: boolean } | undefined;
}

export function decodeListenerRateLimit(
  message: LocalRateLimit,
  cx: DecodeContext,
): ListenerRateLimitConfig | undefined {
  const { tokenBucket: bucket, runtimeEnabled } = message;
  const { seconds = 0n, nanos = 0 } = bucket?.fillInterval ?? {};
  const fillIntervalMs = Number(seconds) * 1000 + nanos / 1e6;
  if (bucket === undefined || fillIntervalMs < MIN_FILL_INTERVAL_MS) {
    cx.at('token_bucket').error(
      bucket === undefined ? 'is missing' : 'local rate limit token bucket fill timer must be >= 50ms',
    );
    return undefined;
  }
  return {
    statPrefix: message.statPrefix,
    bucket: { maxTokens: bucket.maxTokens, tokensPerFill: bucket.tokensPerFill ?? 1, fillIntervalMs },
    enabled: runtimeEnabled && { key: runtimeEnabled.runtimeKey, otherwise: runtimeEnabled.defaultValue ?? false },
  };
}
