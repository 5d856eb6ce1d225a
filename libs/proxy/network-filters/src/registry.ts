import type { NetworkFilterFactory, ReadFilterFactory } from '@weft/proxy-filter-api';
import type { NetworkFilterExtensions } from './access-logger.ts';
import { connectionLimitFactory } from './connection-limit/connection-limit.ts';
import { directResponseFactory } from './direct-response/direct-response.ts';
import { echoFactory } from './echo/echo.ts';
import { extAuthzFactory } from './ext-authz/ext-authz.ts';
import { localRateLimitFactory } from './local-ratelimit/local-ratelimit.ts';
import { rbacFactory } from './rbac/rbac.ts';
import { redisProxyFactory } from './redis-proxy/redis-proxy.ts';
import { sniClusterFactory } from './sni-cluster/sni-cluster.ts';
import { createTcpProxyFactory } from './tcp-proxy/tcp-proxy.ts';

/** Every filter that may stand before the terminal one: one line each. */
export const readFilterFactories: readonly ReadFilterFactory<unknown>[] = [
  connectionLimitFactory as ReadFilterFactory<unknown>,
  extAuthzFactory as ReadFilterFactory<unknown>,
  localRateLimitFactory as ReadFilterFactory<unknown>,
  rbacFactory as ReadFilterFactory<unknown>,
  sniClusterFactory as ReadFilterFactory<unknown>,
];

/** Every terminal network filter but the HTTP connection manager: one line each. */
export function terminalFilterFactories(extensions: NetworkFilterExtensions): readonly NetworkFilterFactory<unknown>[] {
  return [
    createTcpProxyFactory(extensions) as NetworkFilterFactory<unknown>,
    echoFactory as NetworkFilterFactory<unknown>,
    redisProxyFactory as NetworkFilterFactory<unknown>,
    directResponseFactory as NetworkFilterFactory<unknown>,
  ];
}
