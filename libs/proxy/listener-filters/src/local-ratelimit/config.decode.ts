import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { LocalRateLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb';
import { decodeTokenBucket, type TokenBucketConfig } from '@weft/model-policy';

export const listenerRateLimitSupport: FieldSupport = {
  'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit': ['stat_prefix', 'token_bucket', 'runtime_enabled'],
  'envoy.config.core.v3.RuntimeFeatureFlag': ['default_value', 'runtime_key'],
}; // prettier-ignore

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
  const { runtimeEnabled } = message;
  const bucket = decodeTokenBucket(message.tokenBucket, cx.at('token_bucket'));
  return (
    bucket && {
      statPrefix: message.statPrefix,
      bucket,
      enabled: runtimeEnabled && { key: runtimeEnabled.runtimeKey, otherwise: runtimeEnabled.defaultValue ?? false },
    }
  );
}
