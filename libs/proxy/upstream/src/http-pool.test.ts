import { ANY_HOST } from '@weft/proxy-filter-api';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import type { UpstreamHost } from './host.ts';
import { readHead, ScriptedUpstream, TestRequest, testCluster } from './testing.ts';

let upstream: ScriptedUpstream;
beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(() => upstream.close());

test('a request gets a connection, and the next one gets the same again', async () => {
  const { request, stat, cluster } = testCluster([upstream.port]);
  const first = request('/a');
  assert.equal(stat('upstream_rq_pending_active'), 1);
  assert.match(await upstream.answer(0), /^GET \/a HTTP\/1\.1\r\nhost: up\.test\r\n/i);
  await first.over();
  assert.equal(first.body, 'ok');
  const second = request('/b');
  assert.notEqual(second.stream, undefined);
  await upstream.answer(0);
  await second.over();
  assert.equal(upstream.sockets.length, 1);
  assert.deepEqual(
    [
      'upstream_cx_total',
      'upstream_cx_active',
      'upstream_rq_total',
      'upstream_rq_pending_total',
      'upstream_rq_active',
    ].map(stat),
    [1, 1, 2, 1, 0],
  );
  assert.deepEqual({ ...cluster.hosts[0]?.stats }, {
    rqSuccess: 0, rqError: 0, rqTimeout: 0, rqTotal: 2, rqActive: 0, rqPendingActive: 0, cxTotal: 1, cxActive: 1, cxConnectFail: 0,
  }); // prettier-ignore
});

test('bytes in both directions are counted', async () => {
  const { request, stat, cluster } = testCluster([upstream.port]);
  const one = request();
  const head = await upstream.answer(0);
  await one.over();
  cluster.refreshStats();
  assert.equal(stat('upstream_cx_tx_bytes_total'), head.length);
  // Envoy shows the last read here, though nothing of it waits any more.
  assert.equal(stat('upstream_cx_rx_bytes_buffered'), stat('upstream_cx_rx_bytes_total'));
  assert.equal(stat('upstream_cx_rx_bytes_total'), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'.length);
});

test('requests at the same time have connections of their own', async () => {
  const { request, stat } = testCluster([upstream.port]);
  const requests = [request(), request(), request()];
  await Promise.all([0, 1, 2].map((i) => upstream.answer(i)));
  await Promise.all(requests.map((one) => one.over()));
  assert.equal(upstream.sockets.length, 3);
  assert.equal(stat('upstream_cx_http1_total'), 3);
});

test('a full pool makes requests wait for the connection there is', async () => {
  const { request, stat } = testCluster([upstream.port], 'circuit_breakers: {thresholds: [{max_connections: 1}]}');
  const first = request('/1');
  const second = request('/2');
  assert.equal(stat('circuit_breakers.default.cx_open'), 1);
  assert.equal(stat('upstream_cx_overflow'), 1);
  await upstream.answer(0);
  await first.over();
  assert.match(await upstream.answer(0), /^GET \/2 /);
  await second.over();
  assert.equal(upstream.sockets.length, 1);
});

test('a request that finds no room to wait fails with overflow', () => {
  const { request, stat } = testCluster([upstream.port], 'circuit_breakers: {thresholds: [{max_pending_requests: 1}]}');
  request();
  assert.equal(stat('circuit_breakers.default.rq_pending_open'), 1);
  assert.equal(request().failure?.reason, 'overflow');
  assert.equal(stat('upstream_rq_pending_overflow'), 1);
});

test('a request above max_requests fails with overflow, and gauges say how near the limit is', async () => {
  const { request, stat } = testCluster(
    [upstream.port],
    'circuit_breakers: {thresholds: [{max_requests: 1, track_remaining: true}]}',
  );
  const first = await request().started();
  assert.deepEqual(['circuit_breakers.default.rq_open', 'circuit_breakers.default.remaining_rq'].map(stat), [1, 0]);
  const second = await request().started();
  assert.equal(second.failure?.reason, 'overflow');
  assert.equal(stat('upstream_rq_active_overflow'), 1);
  await upstream.answer(0);
  await first.over();
  assert.deepEqual(['circuit_breakers.default.rq_open', 'circuit_breakers.default.remaining_rq'].map(stat), [0, 1]);
});

test('the limits of the two priorities are separate', async () => {
  const { cluster, request } = testCluster(
    [upstream.port],
    'circuit_breakers: {thresholds: [{max_pending_requests: 1}]}',
  );
  request();
  const high = new TestRequest();
  cluster.newStream(cluster.pick(ANY_HOST)!, 'high', high);
  assert.equal(high.failure, undefined);
  await high.started();
});

test('a refused connection fails everything that waits for the host', async () => {
  const { port } = upstream;
  await upstream.close();
  const { request, stat, cluster } = testCluster([port]);
  const [one, two] = [request(), request()];
  await Promise.all([one.over(), two.over()]);
  upstream = await ScriptedUpstream.start();
  assert.equal(one.failure?.reason, 'remote connection failure');
  assert.match(one.failure?.details ?? '', /^delayed connect error: Connection refused/);
  assert.equal(one.failure?.host, cluster.hosts[0]);
  assert.ok(stat('upstream_cx_connect_fail') >= 1);
  assert.equal(stat('upstream_rq_pending_failure_eject'), 2);
  assert.equal(stat('upstream_rq_pending_active'), 0);
  assert.equal(stat('upstream_rq_total'), 0);
});

test('a connection that takes too long is a timeout, counted as such', async () => {
  // The handshake of TLS never comes: the connection is there, but not in time.
  const { request, stat, runtime } = testCluster(
    [upstream.port],
    `
connect_timeout: 0.25s
transport_socket:
  name: tls
  typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}`,
  );
  const one = request();
  await upstream.connection(0);
  runtime.timers.advance(251);
  await one.over();
  assert.equal(one.failure?.reason, 'connection timeout');
  assert.deepEqual(
    ['upstream_cx_connect_timeout', 'upstream_cx_connect_fail', 'upstream_cx_destroy_local'].map(stat),
    [1, 1, 1],
  );
});

test('a connection that closes under a request resets it', async () => {
  const { request, stat } = testCluster([upstream.port]);
  const one = request();
  const socket = await upstream.connection(0);
  await readHead(socket);
  socket.end();
  await one.over();
  assert.equal(one.resetReason, 'connection termination');
  assert.equal(stat('upstream_rq_active'), 0);
  // The owner may try again at once: nothing of the lost connection is in its way.
  const again = request();
  await upstream.answer(1);
  await again.over();
  assert.equal(again.body, 'ok');
  assert.equal(stat('upstream_cx_destroy_remote_with_active_rq'), 1);
});

test('an idle connection that the peer closes is no error', async () => {
  const { request, stat } = testCluster([upstream.port]);
  const one = request();
  await upstream.answer(0);
  await one.over();
  const [socket] = upstream.sockets;
  socket?.end();
  await once(socket!, 'close');
  const two = request();
  await upstream.answer(1);
  await two.over();
  assert.equal(two.body, 'ok');
  assert.equal(stat('upstream_cx_destroy_with_active_rq'), 0);
  assert.equal(stat('upstream_cx_active'), 1);
});

test('connection: close ends the connection with its response', async () => {
  const { request } = testCluster([upstream.port]);
  const one = request();
  await upstream.answer(0, 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok');
  await one.over();
  const two = request();
  await upstream.answer(1);
  await two.over();
  assert.equal(upstream.sockets.length, 2);
});

test('bytes behind a response never become the answer to the next request', async () => {
  const { request, stat } = testCluster([upstream.port], 'circuit_breakers: {thresholds: [{max_connections: 1}]}');
  const first = request('/1');
  const second = request('/2');
  const response = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
  await upstream.answer(0, `${response}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
  await first.over();
  assert.equal(first.body, 'ok');
  await upstream.answer(1);
  await second.over();
  assert.equal(second.body, 'ok');
  assert.equal(stat('upstream_cx_protocol_error'), 1);
});

test('a connection serves as many requests as it may', async () => {
  const { request, stat } = testCluster(
    [upstream.port],
    'common_http_protocol_options: {max_requests_per_connection: 2}',
  );
  for (const connection of [0, 0, 1]) {
    const one = request();
    await upstream.answer(connection);
    await one.over();
  }
  assert.equal(stat('upstream_cx_max_requests'), 1);
});

test('idle connections close after the idle timeout, busy ones do not', async () => {
  const { request, stat, runtime } = testCluster([upstream.port], 'common_http_protocol_options: {idle_timeout: 10s}');
  const one = request();
  await upstream.answer(0);
  await one.over();
  runtime.timers.advance(6_000);
  const two = request();
  runtime.timers.advance(20_000);
  await upstream.answer(0);
  await two.over();
  runtime.timers.advance(9_000);
  assert.equal(stat('upstream_cx_idle_timeout'), 0);
  runtime.timers.advance(1_001);
  assert.equal(stat('upstream_cx_idle_timeout'), 1);
  await once(upstream.sockets[0]!, 'end');
});

test('a connection of a certain age takes no more requests', async () => {
  const { request, stat, runtime } = testCluster(
    [upstream.port],
    'common_http_protocol_options: {max_connection_duration: 10s}',
  );
  const one = await request().started();
  runtime.timers.advance(10_001);
  await upstream.answer(0);
  await one.over();
  assert.equal(one.body, 'ok');
  assert.equal(stat('upstream_cx_max_duration_reached'), 1);
  const two = request();
  await upstream.answer(1);
  await two.over();
});

test('a cancelled wait is never called back, and its connection serves others', async () => {
  const { cluster, request, stat } = testCluster([upstream.port]);
  const given = new TestRequest();
  cluster.newStream(cluster.pick(ANY_HOST)!, 'default', given)?.cancel();
  assert.equal(stat('upstream_rq_pending_active'), 0);
  const one = request();
  await upstream.answer(0);
  await one.over();
  assert.equal(given.stream, undefined);
  assert.equal(given.failure, undefined);
});

test('a request that its owner resets frees its place at once', async () => {
  const { request, stat } = testCluster([upstream.port], 'circuit_breakers: {thresholds: [{max_requests: 1}]}');
  const one = await request().started();
  one.stream?.reset('local reset');
  assert.equal(stat('upstream_rq_active'), 0);
  const two = request();
  await upstream.answer(1);
  await two.over();
  assert.equal(two.body, 'ok');
});

test('a drained host closes idle connections now and busy ones after their request', async () => {
  const { cluster, request, stat } = testCluster([upstream.port]);
  const busy = request();
  const idle = request();
  await upstream.answer(1);
  await Promise.race([idle.over(), busy.over()]);
  cluster.drain();
  await once(upstream.sockets[1]!, 'end');
  await upstream.answer(0);
  await busy.over();
  assert.equal(busy.body, 'ok');
  await once(upstream.sockets[0]!, 'end');
  for (const socket of upstream.sockets) socket.end();
  await Promise.all(upstream.sockets.map((socket) => socket.closed || once(socket, 'close')));
  assert.equal(stat('upstream_rq_active'), 0);
});

test('a host that leaves serves the request that had picked it', async () => {
  const { cluster } = testCluster([upstream.port]);
  const host = cluster.pick(ANY_HOST)!;
  cluster.setHosts([]);
  const late = new TestRequest();
  cluster.newStream(host, 'default', late);
  await upstream.answer(0);
  await late.over();
  assert.equal(late.body, 'ok');
  assert.equal(cluster.pick(ANY_HOST), undefined);
});

test('pools above max_connection_pools are refused', () => {
  const { cluster, request, stat } = testCluster(
    [upstream.port, 1],
    'circuit_breakers: {thresholds: [{max_connection_pools: 1}]}',
  );
  request();
  assert.equal(stat('circuit_breakers.default.cx_pool_open'), 1);
  const refused = new TestRequest();
  cluster.newStream(cluster.hosts[1]!, 'default', refused);
  assert.equal(refused.failure?.reason, 'overflow');
  assert.equal(stat('upstream_cx_pool_overflow'), 1);
});

test('names are written, and responses taken apart, as the HTTP/1.1 options say', async () => {
  const { request } = testCluster(
    [upstream.port],
    'http_protocol_options: {header_key_format: {proper_case_words: {}}, enable_trailers: true}',
  );
  const one = request();
  const head = await upstream.answer(
    0,
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nlast: word\r\n\r\n',
  );
  await one.over();
  assert.match(head, /\r\nHost: up\.test\r\n/);
  assert.equal(one.trailerMap?.get('last'), 'word');
});

test('a change of the hosts ends connections where that is configured', async () => {
  const { cluster, request } = testCluster(
    [upstream.port],
    'common_lb_config: {close_connections_on_host_set_change: true}',
  );
  const one = request();
  await upstream.answer(0);
  await one.over();
  const [{ endpoint, hostname, weight, healthStatus, locality, priority }] = cluster.hosts as [UpstreamHost];
  const same = { endpoint, hostname, weight, healthStatus, locality, priority };
  cluster.setHosts([same, { ...same, endpoint: { kind: 'socket', host: '127.0.0.7', port: 1 } }]);
  await once(upstream.sockets[0]!, 'end');
});
