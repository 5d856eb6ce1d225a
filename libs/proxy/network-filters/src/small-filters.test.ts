import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTINUE, STOP } from '@weft/proxy-filter-api';
import { connectionLimitFactory } from './connection-limit/connection-limit.ts';
import { directResponseFactory } from './direct-response/direct-response.ts';
import { echoFactory } from './echo/echo.ts';
import { localRateLimitFactory } from './local-ratelimit/local-ratelimit.ts';
import { sniClusterFactory } from './sni-cluster/sni-cluster.ts';
import { TCP_PROXY_CLUSTER } from './tcp-proxy/shared.ts';
import {
  clientConnection,
  decodeYaml,
  filterWorld,
  filteredConnection,
  LISTENER,
  mustDecode,
} from './world.testing.ts';

test('echo sends back what comes, as fast as it is taken, and the end too', () => {
  const { server } = filterWorld();
  const connection = clientConnection();
  const handler = echoFactory.prepare(mustDecode(echoFactory, '{}'), server, LISTENER).create(connection);
  handler.onData(Buffer.from('hello'));
  assert.equal(connection.transport.take(), 'hello');
  handler.onData(Buffer.from('more than sixteen bytes'));
  assert.equal(connection.transport.paused, 1);
  connection.transport.drain();
  handler.onDrain();
  assert.equal(connection.transport.paused, 0);
  handler.onEnd();
  assert.equal(connection.transport.ended, true);
});

test('direct_response sends what is configured, from text, bytes or a file, and closes', () => {
  const { server } = filterWorld();
  const file = join(mkdtempSync(join(tmpdir(), 'weft-')), 'answer');
  writeFileSync(file, 'from a file');
  for (const [yaml, sent] of [
    ['{response: {inline_string: hello}}', 'hello'],
    ['{response: {inline_bytes: aGk=}}', 'hi'],
    [`{response: {filename: ${file}}}`, 'from a file'],
    ['{}', ''],
  ] as const) {
    const { transport, ...rest } = clientConnection();
    const config = mustDecode(directResponseFactory, yaml);
    directResponseFactory.prepare(config, server, LISTENER).create({ ...rest, transport });
    assert.deepEqual([transport.take(), transport.closed], [sent, true]);
  }
  assert.match(decodeYaml(directResponseFactory, '{response: {filename: /nowhere}}').faults.join(), /cannot be read/);
});

test('sni_cluster names the cluster by the server name, where there is one', () => {
  const { server } = filterWorld();
  const filter = sniClusterFactory.prepare({}, server, LISTENER);
  for (const [requestedServerName, cluster] of [
    ['shop.test', 'shop.test'],
    ['', undefined],
  ] as const) {
    const connection = filteredConnection({ requestedServerName });
    assert.equal(filter.create(connection).onNewConnection?.(), CONTINUE);
    assert.equal(connection.filterState.get(TCP_PROXY_CLUSTER), cluster);
  }
});

test('connection_limit closes what is too many, after the delay that is configured', () => {
  const world = filterWorld();
  const config = mustDecode(
    connectionLimitFactory,
    '{stat_prefix: c, max_connections: 1, delay: 0.2s, runtime_enabled: {default_value: true, runtime_key: k}}',
  );
  const limit = connectionLimitFactory.prepare(config, world.server, LISTENER);
  const [first, second] = [filteredConnection(), filteredConnection()];
  const [one, two] = [limit.create(first), limit.create(second)];
  assert.deepEqual([one.onNewConnection?.(), two.onNewConnection?.()], [CONTINUE, STOP]);
  assert.deepEqual(
    [world.value('connection_limit.c.active_connections'), world.value('connection_limit.c.limited_connections')],
    [2, 1],
  );
  world.runtime.timers.advance(199);
  assert.deepEqual(second.closed, []);
  world.runtime.timers.advance(1);
  assert.deepEqual(second.closed, ['over_connection_limit']);
  two.onClose?.({ by: 'local' });
  one.onClose?.({ by: 'remote' });
  assert.equal(world.value('connection_limit.c.active_connections'), 0);
  assert.equal(limit.create(filteredConnection()).onNewConnection?.(), CONTINUE);
  world.keys.set('k', 'false');
  const unlimited = limit.create(filteredConnection());
  assert.equal(unlimited.onNewConnection?.(), CONTINUE);
  unlimited.onClose?.({ by: 'remote' });
  assert.equal(world.value('connection_limit.c.active_connections'), 1);
});

test('connection_limit without a delay closes at once', () => {
  const { server } = filterWorld();
  const config = mustDecode(connectionLimitFactory, '{stat_prefix: c, max_connections: 1}');
  const limit = connectionLimitFactory.prepare(config, server, LISTENER);
  limit.create(filteredConnection()).onNewConnection?.();
  const second = filteredConnection();
  assert.equal(limit.create(second).onNewConnection?.(), STOP);
  assert.deepEqual(second.closed, ['over_connection_limit']);
});

test('local_ratelimit lets as many connections pass as there are tokens, which come back over time', () => {
  const { server, runtime, value } = filterWorld();
  const config = mustDecode(
    localRateLimitFactory,
    '{stat_prefix: r, token_bucket: {max_tokens: 2, tokens_per_fill: 1, fill_interval: 1s}}',
  );
  const limit = localRateLimitFactory.prepare(config, server, LISTENER);
  const passes = (): boolean => {
    const connection = filteredConnection();
    const status = limit.create(connection).onNewConnection?.();
    assert.equal(connection.closed.length, status === CONTINUE ? 0 : 1);
    return status === CONTINUE;
  };
  assert.deepEqual([passes(), passes(), passes()], [true, true, false]);
  assert.equal(value('local_rate_limit.r.rate_limited'), 1);
  runtime.timers.advance(1000);
  assert.deepEqual([passes(), passes()], [true, false]);
  assert.match(
    decodeYaml(
      localRateLimitFactory,
      '{stat_prefix: r, token_bucket: {max_tokens: 1, fill_interval: 0.01s}}',
    ).faults.join(),
    /50ms/,
  );
});
