import type { Message } from '@bufbuild/protobuf';
import type { LocalRateLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb';
import { TokenBucket } from '@weft/model-policy';
import { CONTINUE, STOP, type ReadFilterFactory } from '@weft/proxy-filter-api';
import { isOn } from '../runtime-flag.decode.ts';
import { decodeLocalRateLimit, type LocalRateLimitConfig } from './config.decode.ts';

/** The local_ratelimit network filter: so many new connections in a time, and no more. */
export const localRateLimitFactory: ReadFilterFactory<LocalRateLimitConfig> = {
  typeName: 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  decode: (message: Message, cx) => decodeLocalRateLimit(message as LocalRateLimit, cx),
  prepare: (config, server) => {
    const bucket = new TokenBucket(config.bucket, server.runtime.clock);
    const rateLimited = server.stats.scope(`local_rate_limit.${config.statPrefix}.`).counter('rate_limited');
    return {
      create: (connection) => ({
        onNewConnection: () => {
          if (!isOn(config.enabled, server.flags) || bucket.take()) return CONTINUE;
          rateLimited.inc();
          connection.close('local_ratelimit', true);
          return STOP;
        },
      }),
      close: () => undefined,
    };
  },
};
