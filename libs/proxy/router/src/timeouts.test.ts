import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHeaderMap } from '@weft/core-http';
import { RouterWorld } from './testing.ts';

test('a route has 15 seconds unless it says otherwise', () => {
  const world = new RouterWorld();
  const exchange = world.request().send().wait(14_999);
  assert.equal(exchange.status, 0);
  exchange.wait(1);
  assert.deepEqual([exchange.status, exchange.stream.localReply?.body], [504, 'upstream request timeout']);
  assert.deepEqual([exchange.flags, exchange.details], ['UT', 'response_timeout']);
  const { requestStats, last } = world.cluster;
  assert.deepEqual([requestStats.upstreamRqTimeout.value, requestStats.charged], [1, ['504']]);
  assert.equal(last.stream.resetReason, 'local reset');
  assert.deepEqual(last.host.stats, { rqSuccess: 0, rqError: 1, rqTimeout: 1 });
});

test('the time runs from the end of the request', () => {
  const world = new RouterWorld({ route: { timeout: '1s' } });
  const exchange = world.request('/', {}, 'POST').send('more').wait(5000).body('x').wait(999);
  assert.equal(exchange.status, 0);
  assert.equal(exchange.wait(1).status, 504);
});

test('a timeout of 0 is none', () => {
  const world = new RouterWorld({ route: { timeout: '0s' } });
  assert.equal(world.request().send().wait(1e6).answer(200).status, 200);
  assert.equal(world.cluster.last.stream.head?.has('x-envoy-expected-rq-timeout-ms'), false);
});

test('a timeout in the middle of the answer resets the client', () => {
  const world = new RouterWorld({ route: { timeout: '1s' } });
  const exchange = world.request().send();
  world.cluster.last.owner.headers(new ResponseHeaderMap(200), false);
  exchange.wait(1000);
  assert.ok(exchange.stream.wasReset);
  assert.deepEqual([exchange.flags, exchange.details], ['UT', 'response_timeout']);
});

test('a try that takes too long is retried, within the time for all of them', () => {
  const retry_policy = { retry_on: '5xx', num_retries: 9, per_try_timeout: '0.2s' };
  const world = new RouterWorld({ route: { timeout: '0.5s', retry_policy } });
  const exchange = world.request().send();
  assert.equal(world.cluster.last.stream.head?.get('x-envoy-expected-rq-timeout-ms'), '200');
  exchange.wait(499);
  assert.equal(world.cluster.attempts.length, 3);
  assert.equal(world.cluster.last.stream.head?.get('x-envoy-expected-rq-timeout-ms'), '100', 'what is left');
  exchange.wait(1);
  assert.deepEqual([exchange.status, exchange.details, exchange.flags], [504, 'response_timeout', 'UT']);
  const { requestStats } = world.cluster;
  assert.deepEqual([requestStats.upstreamRqPerTryTimeout.value, requestStats.upstreamRqTimeout.value], [2, 1]);
  assert.equal(world.runtime.timers.pending, 0);
});

test('the last try to time out says so, flags URX and UT', () => {
  const retry_policy = { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.2s' };
  const world = new RouterWorld({ route: { retry_policy } });
  const exchange = world.request().send().wait(400);
  assert.deepEqual([exchange.status, exchange.details, exchange.flags], [504, 'upstream_per_try_timeout', 'URX,UT']);
});

test('a try does not pay for the wait in the pool', () => {
  const world = new RouterWorld({ route: { retry_policy: { per_try_timeout: '0.2s' } } });
  world.cluster.pool = 'wait';
  const exchange = world.request().send().wait(5000);
  world.cluster.ready(world.cluster.last);
  assert.equal(exchange.wait(199).status, 0);
  assert.equal(exchange.wait(1).status, 504);
});

test('an answer that stalls trips the idle time of its try', () => {
  const world = new RouterWorld({ route: { retry_policy: { per_try_idle_timeout: '0.2s' } } });
  const exchange = world.request().send().wait(150);
  world.cluster.last.owner.headers(new ResponseHeaderMap(200), false);
  exchange.wait(150);
  world.cluster.last.owner.data(Buffer.from('x'), false);
  exchange.wait(199);
  assert.equal(exchange.stream.wasReset, false);
  exchange.wait(1);
  assert.ok(exchange.stream.wasReset);
  assert.equal(exchange.details, 'upstream_per_try_idle_timeout');
  assert.equal(world.cluster.requestStats.upstreamRqPerTryIdleTimeout.value, 1);
});

test('trusted headers set the times of their own request', () => {
  const world = new RouterWorld();
  const headers = { 'x-envoy-upstream-rq-timeout-ms': '300', 'x-envoy-upstream-rq-timeout-alt-response': '1' };
  const exchange = world.request('/', headers).send().wait(300);
  assert.deepEqual([exchange.status, exchange.stream.localReply?.body], [204, '']);
  const tries = { 'x-envoy-upstream-rq-per-try-timeout-ms': '100', 'x-envoy-retry-on': '5xx' };
  world.request('/', tries).send().wait(150);
  assert.equal(world.cluster.attempts.length, 3);
});

test('the time that the proxy before will wait can be kept to', () => {
  const world = new RouterWorld({ config: { respectExpectedRqTimeout: true } });
  const exchange = world.request('/', { 'x-envoy-expected-rq-timeout-ms': '70' }).send();
  assert.equal(world.cluster.last.stream.head?.get('x-envoy-expected-rq-timeout-ms'), '70');
  assert.equal(exchange.wait(70).status, 504);
});

test('an attempt ends with the longest duration of its cluster, or of the request’s own header', () => {
  for (const [max, headers, ms] of [
    [300, {}, 300],
    [300, { 'x-envoy-upstream-stream-duration-ms': '100' }, 100],
    [0, { 'x-envoy-upstream-stream-duration-ms': '100' }, 100],
  ] as const) {
    const world = new RouterWorld();
    world.cluster.maxStreamDurationMs = max;
    const exchange = world
      .request('/', headers)
      .send()
      .wait(ms - 1);
    assert.equal(exchange.status, 0);
    exchange.wait(1);
    assert.deepEqual([exchange.status, exchange.flags], [504, 'UMSDR']);
    assert.equal(exchange.details, 'upstream_max_stream_duration_reached');
    assert.equal(world.cluster.requestStats.upstreamRqMaxDurationReached.value, 1);
    assert.equal(world.cluster.last.stream.resetReason, 'local reset');
    assert.equal(world.runtime.timers.pending, 0);
  }
});

test('an attempt that lasts too long counts as one to retry on a reset', () => {
  const world = new RouterWorld({ route: { retry_policy: { retry_on: 'reset' } } });
  world.cluster.maxStreamDurationMs = 100;
  const exchange = world.request().send().wait(100).wait(25);
  assert.equal(world.cluster.attempts.length, 2);
  assert.equal(exchange.answer(200).status, 200);
});
