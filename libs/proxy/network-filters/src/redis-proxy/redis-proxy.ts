import type { Message } from '@bufbuild/protobuf';
import type { RedisProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import type { NetworkFilterFactory } from '@weft/proxy-filter-api';
import { commandTable } from './commands.ts';
import { decodeRedisProxy, type RedisProxyConfig } from './config.decode.ts';
import { RedisConnection, type RedisProxyShared } from './connection.ts';
import { RedisPool } from './redis-pool.ts';
import { RedisRoutes } from './routing.ts';
import { Splitter, type SplitterWorld } from './splitter.ts';
import { RedisProxyStats } from './stats.ts';

/** The redis_proxy network filter: commands of many clients over few connections, each to the host of its key. */
export const redisProxyFactory: NetworkFilterFactory<RedisProxyConfig> = {
  typeName: 'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy',
  decode: (message: Message, cx) => decodeRedisProxy(message as RedisProxy, cx),
  prepare: (config, server) => {
    const commands = commandTable(config.customCommands).keys();
    const world: SplitterWorld = {
      config,
      stats: new RedisProxyStats(server.stats.scope(`redis.${config.statPrefix}.`), commands),
      clock: server.runtime.clock,
      routes: new RedisRoutes(config),
      pool: new RedisPool(server, config),
      tracer: server.commandTracer,
    };
    const shared: RedisProxyShared = { ...world, server, splitter: new Splitter(world) };
    return { create: (connection) => new RedisConnection(connection, shared), close: () => world.pool.close() };
  },
};
