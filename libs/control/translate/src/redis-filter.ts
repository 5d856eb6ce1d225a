import type { Filter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { RedisProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import { pack, type Init } from './proto.ts';

const OP_TIMEOUT_SECONDS = 5n;

/** Redis commands to one cluster, counted by name. Only where the mesh asks for it: not every command can be passed on singly. */
export function redisFilter(statPrefix: string, cluster: string): Init<Filter> {
  return {
    name: 'envoy.filters.network.redis_proxy',
    configType: {
      case: 'typedConfig',
      value: pack<RedisProxy>('envoy.extensions.filters.network.redis_proxy.v3.RedisProxy', {
        statPrefix,
        settings: { opTimeout: { seconds: OP_TIMEOUT_SECONDS, nanos: 0 }, enableCommandStats: true },
        prefixRoutes: { catchAllRoute: { cluster } },
      }),
    },
  };
}
