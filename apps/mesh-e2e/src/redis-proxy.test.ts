// A real client, redis_proxy, a real Redis.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { cluster, listener, startRedis, startWeft, type RunningProxy } from '@weft/testing-harness';
import { Redis } from 'ioredis';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy';

const redisFilter = (protocol: 'RESP2' | 'RESP3'): Readonly<Record<string, unknown>> => ({
  name: 'envoy.filters.network.redis_proxy',
  typed_config: {
    '@type': TYPE,
    stat_prefix: protocol.toLowerCase(),
    settings: { op_timeout: '5s', enable_command_stats: true },
    prefix_routes: { catch_all_route: { cluster: 'redis' } },
    protocol_version: protocol,
  },
});

/** Redis behind a proxy that speaks both versions, each on a listener of its own. */
async function world(t: TestContext): Promise<{ proxy: RunningProxy; client: (protocol: 'RESP2' | 'RESP3') => Redis }> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const proxy = await startWeft({
    bootstrap: {
      static_resources: {
        listeners: [listener('RESP2', redisFilter('RESP2')), listener('RESP3', redisFilter('RESP3'))],
        clusters: [cluster('redis', [redis.port])],
      },
    },
  });
  t.after(() => proxy.stop());
  const client = (protocol: 'RESP2' | 'RESP3'): Redis => {
    const made = new Redis(proxy.port(protocol), '127.0.0.1');
    t.after(() => made.disconnect());
    return made;
  };
  return { proxy, client };
}

test('ioredis works through redis_proxy as it does with Redis itself, in either version of the protocol', async (t) => {
  const { proxy, client } = await world(t);
  for (const protocol of ['RESP2', 'RESP3'] as const) {
    const redis = client(protocol);
    assert.equal(await redis.set('greeting', 'hello'), 'OK');
    assert.equal(await redis.get('greeting'), 'hello');
    assert.equal(await redis.get('nothing'), null);
    assert.equal(await redis.hset('h', 'f', 'v', 'g', 'w'), 2);
    assert.deepEqual(await redis.hgetall('h'), { f: 'v', g: 'w' });
    assert.equal(await redis.mset('a', '1', 'b', '2'), 'OK');
    assert.deepEqual(await redis.mget('a', 'b', 'nothing'), ['1', '2', null]);
    assert.equal(await redis.sadd('s', 'x', 'y'), 2);
    assert.deepEqual((await redis.smembers('s')).toSorted(), ['x', 'y']);
    assert.deepEqual(await redis.multi().incr('n').get('n').exec(), [
      [null, 1],
      [null, '1'],
    ]);
    const big = Buffer.alloc(3_000_000, 'v');
    await redis.set('big', big);
    assert.equal((await redis.getBuffer('big'))?.equals(big), true);
    const many = await Promise.all(
      Array.from({ length: 500 }, (_, i) => redis.set(`k${i}`, String(i)).then(() => redis.get(`k${i}`))),
    );
    assert.deepEqual(
      many,
      Array.from({ length: 500 }, (_, i) => String(i)),
    );
    await assert.rejects(redis.blpop('list', 1), /ERR unknown command 'blpop'/i);
    assert.equal(await redis.del('a', 'b', 'greeting', 'h', 's', 'n', 'big'), 7);
  }
  const stats = await proxy.stats('redis');
  assert.equal(stats.get('redis.resp2.command.set.total'), 502);
  assert.equal(stats.get('redis.resp2.splitter.unsupported_command'), 1);
  assert.equal(stats.get('redis.resp3.downstream_rq_active'), 0);
  assert.equal(stats.get('cluster.redis.upstream_rq_active'), 0);
});

test('a Redis that goes away is an error to its clients, and served again when it is back', async (t) => {
  const first = await startRedis();
  const proxy = await startWeft({
    bootstrap: {
      static_resources: {
        listeners: [listener('in', redisFilter('RESP2'))],
        clusters: [cluster('redis', [first.port])],
      },
    },
  });
  t.after(() => proxy.stop());
  const redis = new Redis(proxy.port('in'), '127.0.0.1', { protocol: 2 });
  t.after(() => redis.disconnect());
  assert.equal(await redis.set('k', '1'), 'OK');
  await first.stop();
  await assert.rejects(redis.get('k'), /upstream failure/);
  const second = await startRedis(first.port);
  t.after(() => second.stop());
  assert.equal(await redis.set('k', '2'), 'OK');
  assert.equal(await redis.get('k'), '2');
});
