import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { LocalRateLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb';
import { durationMs } from '@weft/model-policy';
import { runtimeFlagOf, type RuntimeFlag } from '../runtime-flag.decode.ts';
import type { TokenBucketConfig } from './token-bucket.ts';

/** Source: LocalRateLimit v3 of network filters. */
export interface LocalRateLimitConfig {
  readonly statPrefix: string;
  readonly bucket: TokenBucketConfig;
  readonly enabled: RuntimeFlag;
}

export const localRateLimitSupport: FieldSupport = {
  'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit': ['stat_prefix', 'token_bucket', 'runtime_enabled'],
  'envoy.type.v3.TokenBucket': ['max_tokens', 'tokens_per_fill', 'fill_interval'],
  'envoy.config.core.v3.RuntimeFeatureFlag': ['default_value', 'runtime_key'],
}; // prettier-ignore

export function decodeLocalRateLimit(message: LocalRateLimit, cx: DecodeContext): LocalRateLimitConfig | undefined {
  const { tokenBucket } = message;
  const fillIntervalMs = durationMs(tokenBucket?.fillInterval, 0);
  if (tokenBucket === undefined || fillIntervalMs < 50) {
    cx.at('token_bucket').error(
      tokenBucket === undefined ? 'is missing' : 'local rate limit token bucket fill timer must be >= 50ms',
    );
    return undefined;
  }
  return {
    statPrefix: message.statPrefix,
    bucket: { maxTokens: tokenBucket.maxTokens, tokensPerFill: tokenBucket.tokensPerFill ?? 1, fillIntervalMs },
    enabled: runtimeFlagOf(message.runtimeEnabled),
  };
}
