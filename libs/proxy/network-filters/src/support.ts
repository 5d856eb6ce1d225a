import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { connectionLimitSupport } from './connection-limit/config.decode.ts';
import { directResponseSupport } from './direct-response/direct-response.ts';
import { extAuthzSupport } from './ext-authz/config.decode.ts';
import { localRateLimitSupport } from './local-ratelimit/config.decode.ts';
import { rbacFilterSupport } from './rbac/config.decode.ts';
import { supported as redisProxySupport } from './redis-proxy/config.decode.ts';
import { supported as tcpProxySupport } from './tcp-proxy/config.decode.ts';

/** The fields of Envoy's API that this library implements. */
export const networkFilterSupport: FieldSupport = mergeSupport([
  tcpProxySupport,
  connectionLimitSupport,
  directResponseSupport,
  extAuthzSupport,
  localRateLimitSupport,
  rbacFilterSupport,
  redisProxySupport,
  // Messages without a field.
  {
    'envoy.extensions.filters.network.echo.v3.Echo': [],
    'envoy.extensions.filters.network.sni_cluster.v3.SniCluster': [],
  },
]);
