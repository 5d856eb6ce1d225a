import type { LocalRateLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb';
import { TokenBucket } from '@weft/model-policy';
import { CONTINUE, STOP, type ListenerFilterFactory } from '@weft/proxy-filter-api';
import { decodeListenerRateLimit, type ListenerRateLimitConfig } from './config.decode.ts';

/** The local_ratelimit listener filter: so many connections in a time; the others are closed before anything is read. */
export const listenerRateLimitFactory: ListenerFilterFactory<ListenerRateLimitConfig> = {
  typeName: 'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit',
  decode: (message, cx) => decodeListenerRateLimit(message as LocalRateLimit, cx),
  prepare: ({ statPrefix, bucket: config, enabled }, server) => {
    const bucket = new TokenBucket(config, server.runtime.clock);
    const rateLimited = server.stats.scope(`listener_local_ratelimit.${statPrefix}.`).counter('rate_limited');
    return {
      create: (connection) => ({
        onAccept: () => {
          const limits = enabled === undefined || server.flags.boolean(enabled.key, enabled.otherwise);
          if (!limits || bucket.take()) return CONTINUE;
          rateLimited.inc();
          connection.close('local_ratelimit: too many connections');
          return STOP;
        },
      }),
      close: () => undefined,
    };
  },
};
