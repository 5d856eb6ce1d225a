import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordingTransport } from '@weft/core-bytes/testing';
import { encodeCommand } from '@weft/net-redis';
import type { ConnectionHandler } from '@weft/proxy-filter-api';
import { FakeCluster, FakeClusters } from '@weft/proxy-filter-api/testing';
import { clientConnection, decodeYaml, filterWorld, LISTENER, mustDecode } from '../world.testing.ts';
import { redisProxyFactory } from './redis-proxy.ts';

const CATCH_ALL = 'prefix_routes: {catch_all_route: {cluster: a}}';

/** A redis_proxy in front of the clusters `a` and `b`, and one client of it. */
function redisProxy(options: { fields?: string; settings?: string; routes?: string; a?: FakeCluster } = {}) {
  const { fields = '', settings = '', routes = CATCH_ALL, a = new FakeCluster('a') } = options;
  const b = new FakeCluster('b');
  const world = filterWorld(new FakeClusters(a, b));
  const config = mustDecode(
    redisProxyFactory,
    `{stat_prefix: r, settings: {op_timeout: 5s, ${settings}}, ${routes}, ${fields}}`,
  );
  const filter = redisProxyFactory.prepare(config, world.server, LISTENER);
  const connect = () => {
    const { transport, ...rest } = clientConnection();
    return { transport, handler: filter.create({ transport, ...rest }) };
  };
  return { ...world, filter, connect, ...connect(), a, b };
}

/** Everything that is put off to the end of the turn has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function say(handler: ConnectionHandler, ...commands: string[]): Promise<void> {
  handler.onData(Buffer.concat(commands.map((command) => encodeCommand(command.split(' ')))));
  await settled();
}

async function answer(cluster: FakeCluster, text: string, connection = 0): Promise<void> {
  cluster.connections[connection]!.transport.receiver?.onData(Buffer.from(text, 'latin1'));
  await settled();
}

const sentTo = (cluster: FakeCluster, connection = 0): string =>
  words(cluster.connections[connection]!.transport.take());
const words = (wire: string): string =>
  wire
    .replace(/[*$]\d+\r\n/g, '')
    .replaceAll('\r\n', ' ')
    .trim();
const replies = (transport: RecordingTransport): string => transport.take();

test('a command goes to the host of its key, and its reply comes back', async () => {
  const { handler, transport, a, value } = redisProxy({ settings: 'enable_command_stats: true' });
  await say(handler, 'GET key');
  assert.equal(sentTo(a), 'GET key');
  await answer(a, '$5\r\nvalue\r\n');
  assert.equal(replies(transport), '$5\r\nvalue\r\n');
  assert.deepEqual(
    [
      'redis.r.downstream_cx_total', 'redis.r.downstream_rq_total', 'redis.r.downstream_rq_active',
      'redis.r.command.get.total', 'redis.r.command.get.success', 'cluster.a.upstream_rq_total', 'cluster.a.upstream_rq_active',
      'cluster.a.redis_cluster.upstream_commands.get.success',
    ].map(value),
    [1, 1, 0, 1, 1, 1, 0, 1],
  ); // prettier-ignore
});

test('pipelined commands share a connection, and replies keep their order', async () => {
  const { handler, transport, a, connect } = redisProxy();
  const other = connect();
  await say(handler, 'GET a', 'PING', 'GET b');
  await say(other.handler, 'GET c');
  assert.equal(sentTo(a), 'GET a GET b GET c');
  assert.equal(a.connections.length, 1);
  assert.equal(replies(transport), '');
  await answer(a, '+1\r\n+2\r\n+3\r\n');
  assert.equal(replies(transport), '+1\r\n+PONG\r\n+2\r\n');
  assert.equal(replies(other.transport), '+3\r\n');
});

test('commands that need no host are answered here', async () => {
  const { handler, transport, a } = redisProxy();
  await say(handler, 'PING', 'ECHO hi', 'CLIENT SETINFO LIB-NAME x', 'CLIENT ID', 'HELLO 3', 'AUTH x');
  assert.equal(
    replies(transport),
    "+PONG\r\n$2\r\nhi\r\n+OK\r\n-ERR CLIENT subcommand 'ID' is not supported by the proxy\r\n" +
      '-NOPROTO unsupported protocol version\r\n-ERR Client sent AUTH, but no password is set\r\n',
  );
  await say(handler, 'QUIT');
  assert.deepEqual([replies(transport), transport.closed, a.connections.length], ['+OK\r\n', true, 0]);
});

test('what is no command is refused in words', async () => {
  const { handler, transport, value } = redisProxy();
  await say(handler, 'BLPOP a 1', 'GET', 'MSET a 1 b', 'EVAL x 0');
  assert.equal(
    replies(transport),
    "-ERR unknown command 'BLPOP', with args beginning with: a\r\n-invalid request\r\n" +
      "-wrong number of arguments for 'MSET' command\r\n-wrong number of arguments for 'EVAL' command\r\n",
  );
  handler.onData(Buffer.from('+x\r\n*1\r\n$x\r\n'));
  await settled();
  assert.equal(transport.closed, true);
  assert.deepEqual(
    ['splitter.unsupported_command', 'splitter.invalid_request', 'downstream_cx_protocol_error'].map((name) =>
      value(`redis.r.${name}`),
    ),
    [1, 2, 1],
  );
});

test('MGET, MSET and DEL are split over hosts, and their replies put together', async () => {
  // Hosts in rotation stand in for hashing: each next key goes to the next host.
  const { handler, transport, a } = redisProxy({ a: new FakeCluster('a', 2) });
  await say(handler, 'MGET k1 k2 k3');
  assert.deepEqual([sentTo(a, 0), sentTo(a, 1)], ['MGET k1 k3', 'MGET k2']);
  await answer(a, '*2\r\n$1\r\n1\r\n$-1\r\n', 0);
  assert.equal(replies(transport), '');
  await answer(a, '*1\r\n$1\r\n2\r\n', 1);
  assert.equal(replies(transport), '*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n');
  await say(handler, 'DEL k1 k2');
  await answer(a, ':1\r\n', 1);
  await answer(a, ':1\r\n', 0);
  assert.equal(replies(transport), ':2\r\n');
  sentTo(a, 0);
  await say(handler, 'MSET k1 1 k2 2');
  await answer(a, '+OK\r\n', 1);
  await answer(a, '-ERR no\r\n', 0);
  assert.equal(replies(transport), '-finished with 1 error(s)\r\n');
});

test('a transaction has a connection of its own, to the host of its first key', async () => {
  const { handler, transport, a } = redisProxy();
  await say(handler, 'MULTI', 'SET k 1', 'GET k', 'EXEC', 'GET after');
  assert.equal(sentTo(a), 'MULTI SET k 1 GET k EXEC');
  await answer(a, '+OK\r\n+QUEUED\r\n+QUEUED\r\n');
  assert.equal(a.connections.length, 1);
  await answer(a, '*2\r\n+OK\r\n$1\r\n1\r\n');
  assert.equal(replies(transport), '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n');
  assert.equal(a.connections[0]!.transport.closed, true);
  assert.equal(sentTo(a, 1), 'GET after');
});

test('empty and misplaced transactions are answered here', async () => {
  const { handler, transport, a } = redisProxy();
  await say(handler, 'EXEC', 'MULTI', 'MULTI', 'EXEC', 'MULTI', 'DISCARD', 'DISCARD', 'UNWATCH');
  assert.equal(
    replies(transport),
    '-EXEC without MULTI\r\n+OK\r\n-MULTI calls can not be nested\r\n*0\r\n+OK\r\n+OK\r\n-DISCARD without MULTI\r\n+OK\r\n',
  );
  assert.equal(a.connections.length, 0);
});

test('WATCH opens the connection that the transaction then goes on', async () => {
  const { handler, transport, a } = redisProxy();
  await say(handler, 'WATCH k', 'MULTI', 'SET k 2', 'EXEC');
  assert.equal(sentTo(a), 'WATCH k MULTI SET k 2 EXEC');
  await answer(a, '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n');
  assert.equal(replies(transport), '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n');
  assert.equal(a.connections.length, 1);
});

test('keys go by their longest prefix, which may be taken off', async () => {
  const { handler, transport, a, b } = redisProxy({
    routes: `prefix_routes: {case_insensitive: true, catch_all_route: {cluster: a},
      routes: [{prefix: x, cluster: a}, {prefix: "xy:", cluster: b, remove_prefix: true}, {prefix: gone, cluster: nowhere}]}`,
  });
  await say(handler, 'GET XY:1', 'GET x1', 'GET other', 'GET gone1', 'MGET xy:2 z');
  assert.equal(sentTo(b), 'GET 1 MGET 2');
  assert.equal(sentTo(a), 'GET x1 GET other MGET z');
  await answer(b, '+b\r\n*1\r\n:1\r\n');
  await answer(a, '+x1\r\n+o\r\n*1\r\n:2\r\n');
  assert.equal(replies(transport), '+b\r\n+x1\r\n+o\r\n-no upstream host\r\n*2\r\n:1\r\n:2\r\n');
});

test('a lost connection, one that never was and one that is too slow are failures of what waits', async () => {
  const lost = redisProxy();
  await say(lost.handler, 'GET a', 'GET b');
  lost.a.connections[0]!.transport.receiver?.onClose({ by: 'remote' });
  await settled();
  assert.equal(replies(lost.transport), '-upstream failure\r\n-upstream failure\r\n');
  assert.equal(lost.value('cluster.a.upstream_rq_active'), 0);
  await say(lost.handler, 'GET c');
  assert.equal(lost.a.connections.length, 2);

  const refusing = new FakeCluster('a');
  refusing.pool = 'remote connection failure';
  const never = redisProxy({ a: refusing });
  await say(never.handler, 'GET a');
  assert.equal(replies(never.transport), '-upstream failure\r\n');

  const slow = redisProxy();
  await say(slow.handler, 'GET a');
  slow.runtime.timers.advance(4000);
  await say(slow.handler, 'GET b');
  await answer(slow.a, '+a\r\n');
  slow.runtime.timers.advance(4999);
  assert.equal(slow.a.connections[0]!.transport.destroyed, false);
  slow.runtime.timers.advance(1);
  await settled();
  assert.equal(replies(slow.transport), '+a\r\n-upstream failure\r\n');
  assert.equal(slow.a.requestStats.upstreamRqTimeout.value, 1);
});

test('a client that must authenticate is told so until it has', async () => {
  const { handler, transport, a } = redisProxy({
    fields:
      'downstream_auth_username: {inline_string: ann}, downstream_auth_passwords: [{inline_string: p1}, {inline_string: p2}]',
  });
  await say(handler, 'GET a', 'AUTH ann no', 'AUTH ann p2', 'GET a');
  await answer(a, '+1\r\n');
  assert.equal(
    replies(transport),
    '-NOAUTH Authentication required.\r\n-WRONGPASS invalid username-password pair\r\n+OK\r\n+1\r\n',
  );
});

test('with RESP3 clients greet the proxy, and the proxy greets hosts', async () => {
  const { handler, transport, a, value } = redisProxy({ fields: 'protocol_version: RESP3' });
  await say(handler, 'GET a');
  assert.equal(replies(transport), '-NOPROTO unsupported protocol version\r\n');
  assert.equal(value('redis.r.downstream_rq_noproto'), 1);
  await say(handler, 'HELLO 3', 'HGETALL h');
  assert.match(replies(transport), /^%7\r\n\$6\r\nserver/);
  assert.equal(sentTo(a), 'HELLO 3');
  await answer(a, '%1\r\n+proto\r\n:3\r\n');
  assert.equal(sentTo(a), 'HGETALL h');
  await answer(a, '%1\r\n+f\r\n+v\r\n');
  assert.equal(replies(transport), '%1\r\n+f\r\n+v\r\n');
});

test('a host that does not know RESP3 is a failure, and counted', async () => {
  const { handler, transport, a, value } = redisProxy({ fields: 'protocol_version: RESP3' });
  await say(handler, 'HELLO 3');
  replies(transport);
  await say(handler, 'GET a');
  await answer(a, '-NOPROTO unsupported\r\n');
  assert.equal(replies(transport), '-upstream failure\r\n');
  assert.equal(value('cluster.a.redis_cluster.upstream_resp3_hello_failure'), 1);
});

test('commands without a key ask every host', async () => {
  const { handler, transport, a } = redisProxy({ a: new FakeCluster('a', 2) });
  await say(handler, 'KEYS *', 'FLUSHALL', 'ROLE');
  await answer(a, '*1\r\n+k1\r\n+OK\r\n*1\r\n+master\r\n', 0);
  await answer(a, '*1\r\n+k2\r\n+OK\r\n*1\r\n+master\r\n', 1);
  assert.equal(replies(transport), '*2\r\n+k1\r\n+k2\r\n+OK\r\n*2\r\n*1\r\n+master\r\n*1\r\n+master\r\n');
});

test('SCAN goes through the hosts one after the other', async () => {
  const { handler, transport, a } = redisProxy({ a: new FakeCluster('a', 2) });
  const scan = async (cursor: string, host: number, reply: string): Promise<string> => {
    await say(handler, `SCAN ${cursor} COUNT 5`);
    assert.match(sentTo(a, host), /^SCAN \d+ COUNT 5$/);
    await answer(a, `*2\r\n$${reply.length}\r\n${reply}\r\n*0\r\n`, host);
    return words(replies(transport));
  };
  // Connections are made for all hosts with the first one.
  assert.equal(await scan('0', 0, '7'), '14');
  assert.equal(await scan('14', 0, '0'), '1');
  assert.equal(await scan('1', 1, '9'), '19');
  assert.equal(await scan('19', 1, '0'), '0');
});

test('a client that leaves gives up its commands, and its transaction', async () => {
  const { handler, connect, a, value } = redisProxy();
  await say(handler, 'GET a', 'MULTI', 'SET k 1');
  handler.onClose({ by: 'remote' });
  assert.equal(a.connections[1]!.transport.destroyed, true);
  assert.deepEqual([value('redis.r.downstream_cx_active'), value('redis.r.downstream_rq_active')], [0, 0]);
  const other = connect();
  await say(other.handler, 'GET b');
  await answer(a, '+mine not\r\n+mine\r\n');
  assert.equal(replies(other.transport), '+mine\r\n');
});

test('commands may be collected before they are sent', async () => {
  const { handler, a, runtime } = redisProxy({
    settings: 'max_buffer_size_before_flush: 60, buffer_flush_timeout: 0.01s',
  });
  await say(handler, 'GET a');
  assert.equal(sentTo(a), '');
  runtime.timers.advance(10);
  assert.equal(sentTo(a), 'GET a');
  await say(handler, 'GET b', 'GET c', 'GET d');
  assert.equal(sentTo(a), 'GET b GET c GET d');
});

test('a client that does not read its replies is not read either', async () => {
  const { handler, transport, a } = redisProxy();
  await say(handler, 'GET a');
  await answer(a, '$20\r\naaaaaaaaaaaaaaaaaaaa\r\n');
  assert.equal(transport.paused, 1);
  transport.drain();
  handler.onDrain();
  assert.equal(transport.paused, 0);
});

test('a drained proxy lets a client go once it has its replies', async () => {
  const { handler, transport, a, server, value } = redisProxy();
  await say(handler, 'GET a');
  server.draining = true;
  handler.drain();
  assert.equal(transport.closed, false);
  await answer(a, '+1\r\n');
  assert.deepEqual(
    [replies(transport), transport.closed, value('redis.r.downstream_cx_drain_close')],
    ['+1\r\n', true, 1],
  );
});

test('connections to hosts close when the configuration is gone, and its clients too', async () => {
  const { handler, filter, a } = redisProxy();
  await say(handler, 'GET a');
  filter.close();
  await answer(a, '+1\r\n');
  assert.equal(a.connections[0]!.transport.closed, false);
  handler.onClose({ by: 'remote' });
  assert.equal(a.connections[0]!.transport.closed, true);
});

test('faults of the configuration are told by their places', () => {
  const { faults } = decodeYaml(
    redisProxyFactory,
    `{stat_prefix: r, settings: {op_timeout: 1s}, custom_commands: [GET],
      prefix_routes: {routes: [{prefix: a, cluster: c}, {prefix: a, cluster: c, key_formatter: "%KEY%"}]}}`,
  );
  const text = faults.join('\n');
  assert.match(text, /routes\[1\].prefix: prefix `a` already exists/);
  assert.match(text, /routes\[1\].key_formatter/);
  assert.match(text, /custom_commands\[0\]/);
  assert.match(decodeYaml(redisProxyFactory, '{stat_prefix: r, settings: {op_timeout: 1s}}').faults.join(), /no route/);
});
