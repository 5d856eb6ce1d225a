import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { LocalRateLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb';
import { decodeTokenBucket, type TokenBucketConfig } from '@weft/model-policy';
import { runtimeFlagOf, type RuntimeFlag } from '../runtime-flag.decode.ts';

/** Source: LocalRateLimit v3 of network filters. */
export interface LocalRateLimitConfig {
  readonly statPrefix: string;
  readonly bucket: TokenBucketConfig;
  readonly enabled: RuntimeFlag;
}

export const localRateLimitSupport: FieldSupport = {
  'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit': ['stat_prefix', 'token_bucket', 'runtime_enabled'],
  'envoy.config.core.v3.RuntimeFeatureFlag': ['default_value', 'runtime_key'],
}; // prettier-ignore

export function decodeLocalRateLimit(message: LocalRateLimit, cx: DecodeContext): LocalRateLimitConfig | undefined {
  const bucket = decodeTokenBucket(message.tokenBucket, cx.at('token_bucket'));
  return bucket && { statPrefix: message.statPrefix, bucket, enabled: runtimeFlagOf(message.runtimeEnabled) };
}
