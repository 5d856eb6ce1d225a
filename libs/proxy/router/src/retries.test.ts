import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHeaderMap, type ResetReason } from '@weft/core-http';
import { RouterWorld } from './testing.ts';

const policy = (fields: object) => ({ route: { retry_policy: fields } });

test('a reset is retried after its back-off, and the client sees only the good answer', () => {
  const world = new RouterWorld({ ...policy({ retry_on: 'reset', num_retries: 2 }), draws: [10] });
  const exchange = world.request().send();
  world.cluster.last.owner.reset('connection termination');
  assert.equal(world.cluster.attempts.length, 1);
  exchange.wait(9);
  assert.equal(world.cluster.attempts.length, 1, 'the back-off is 10 ms');
  exchange.wait(1).answer(200, [], 'ok');
  assert.deepEqual([exchange.status, exchange.stream.body, exchange.flags], [200, 'ok', '-']);
  assert.equal(exchange.stream.info.attemptCount, 2);
  const { requestStats } = world.cluster;
  assert.deepEqual(requestStats.charged, ['200']);
  assert.deepEqual([requestStats.upstreamRqRetry.value, requestStats.upstreamRqRetrySuccess.value], [1, 1]);
  assert.equal(requestStats.upstreamRqRetryBackoffExponential.value, 1);
  assert.equal(world.cluster.activeRetries, 0);
  assert.equal(world.runtime.timers.pending, 0);
});

test('without retry_on nothing is retried', () => {
  const world = new RouterWorld(policy({ num_retries: 10 }));
  assert.equal(world.request().send().answer(503).status, 503);
  assert.equal(world.cluster.attempts.length, 1);
  assert.equal(world.cluster.requestStats.upstreamRqRetry.value, 0);
});

test('the last answer stands when the retries are used up, flag URX', () => {
  const world = new RouterWorld(policy({ retry_on: '5xx', num_retries: 2 }));
  const exchange = world.request().send();
  for (let attempt = 1; attempt <= 3; attempt += 1) exchange.answer(503, ['x-attempt', String(attempt)]).wait(250);
  assert.deepEqual([exchange.status, exchange.flags], [503, 'URX']);
  assert.ok(exchange.responseHeaders.includes('x-attempt: 3'));
  const { requestStats } = world.cluster;
  assert.deepEqual(requestStats.retried, [503, 503]);
  assert.deepEqual(requestStats.charged, ['503']);
  assert.equal(requestStats.upstreamRqRetryLimitExceeded.value, 1);
  assert.equal(requestStats.upstreamRqRetrySuccess.value, 0);
});

test('a reset after retries says so', () => {
  const world = new RouterWorld(policy({ retry_on: 'connect-failure' }));
  world.cluster.pool = 'remote connection failure';
  const exchange = world.request().send().wait(25);
  assert.equal(
    exchange.stream.localReply?.body,
    'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure',
  );
  assert.equal(exchange.flags, 'URX,UF');
});

/** What each word of retry_on covers. Statuses are responses, words are resets. */
const COVERAGE: readonly [retryOn: string, retried: readonly (number | ResetReason)[]][] = [
  ['5xx', [500, 502, 503, 504, 'connection termination', 'remote reset', 'remote connection failure']],
  ['gateway-error', [502, 503, 504, 'connection termination', 'remote reset', 'remote connection failure']],
  ['reset', ['connection termination', 'remote reset', 'remote connection failure']],
  ['connect-failure', ['remote connection failure']],
  ['reset-before-request', ['remote connection failure']],
  ['retriable-4xx', [409]],
  ['refused-stream', []],
];

for (const [retryOn, retried] of COVERAGE) {
  test(`${retryOn} retries what it names and nothing else`, () => {
    const outcomes = [200, 404, 409, 500, 502, 503, 504] as const;
    for (const status of outcomes) {
      const world = new RouterWorld(policy({ retry_on: retryOn }));
      world.request().send().answer(status).wait(25);
      assert.equal(world.cluster.attempts.length === 2, retried.includes(status), String(status));
    }
    for (const reason of ['connection termination', 'remote reset', 'remote connection failure', 'overflow'] as const) {
      const world = new RouterWorld(policy({ retry_on: retryOn }));
      const before = reason === 'remote connection failure' || reason === 'overflow';
      if (before) world.cluster.pool = reason;
      const exchange = world.request().send();
      if (!before) world.cluster.last.owner.reset(reason);
      exchange.wait(25);
      assert.equal(world.cluster.attempts.length === 2, retried.includes(reason), reason);
    }
  });
}

test('status codes, headers, gRPC codes and other proxies rate limits can be retried by name', () => {
  const rows: [fields: object, headers: readonly string[], status: number][] = [
    [{ retry_on: 'retriable-status-codes', retriable_status_codes: [418] }, [], 418],
    [{ retry_on: 'retriable-headers', retriable_headers: [{ name: 'x-again' }] }, ['x-again', '1'], 200],
    [{ retry_on: 'unavailable,internal' }, ['grpc-status', '14'], 200],
    [{ retry_on: 'envoy-ratelimited' }, ['x-envoy-ratelimited', 'true'], 429],
  ];
  for (const [fields, headers, status] of rows) {
    const world = new RouterWorld(policy(fields));
    world.request().send().answer(status, headers).wait(25);
    assert.equal(world.cluster.attempts.length, 2, JSON.stringify(fields));
  }
  const limited = new RouterWorld(policy({ retry_on: '5xx' }));
  limited.request().send().answer(503, ['x-envoy-ratelimited', 'true']).wait(25);
  assert.equal(limited.cluster.attempts.length, 1, 'a rate limit is no fault of the upstream');
});

test('a request can ask for retries itself, and for how many', () => {
  const world = new RouterWorld();
  const exchange = world.request('/', { 'x-envoy-retry-on': 'reset', 'x-envoy-max-retries': '3' }).send();
  for (let i = 0; i < 4; i += 1) {
    world.cluster.last.owner.reset('connection termination');
    exchange.wait(250);
  }
  assert.equal(world.cluster.attempts.length, 4);
  assert.equal(exchange.status, 503);
});

test('retriable_request_headers keeps other requests from being retried', () => {
  const fields = { retry_on: '5xx', retriable_request_headers: [{ name: ':method', exact_match: 'GET' }] };
  const world = new RouterWorld(policy(fields));
  world.request('/', {}, 'POST').send().answer(503).wait(25);
  assert.equal(world.cluster.attempts.length, 1);
  world.request().send().answer(503).wait(25);
  assert.equal(world.cluster.attempts.length, 3);
});

test('the back-off doubles up to its maximum', () => {
  const back_off = { base_interval: '0.1s', max_interval: '0.3s' };
  const fields = { retry_on: 'reset', num_retries: 4, retry_back_off: back_off };
  // A draw just below 2^32 is, modulo each interval, not its end: 999 % 100, 999 % 200, 999 % 300, 999 % 300.
  const world = new RouterWorld({ ...policy(fields), draws: [999] });
  const exchange = world.request().send();
  const waited: number[] = [];
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    world.cluster.last.owner.reset('remote reset');
    let ms = 0;
    for (; world.cluster.attempts.length === attempt; ms += 1) exchange.wait(1);
    waited.push(ms);
  }
  assert.deepEqual(waited, [99, 199, 99, 99]);
});

test('a response can say how long to wait', () => {
  const limited = { reset_headers: [{ name: 'Retry-After', format: 'SECONDS' }] };
  const world = new RouterWorld(policy({ retry_on: '5xx', rate_limited_retry_back_off: limited }));
  const exchange = world.request().send().answer(503, ['retry-after', '2']).wait(1999);
  assert.equal(world.cluster.attempts.length, 1);
  exchange.wait(1);
  assert.equal(world.cluster.attempts.length, 2);
  assert.equal(world.cluster.requestStats.upstreamRqRetryBackoffRatelimited.value, 1);
});

test('the circuit breaker caps retries, flag UO', () => {
  const world = new RouterWorld(policy({ retry_on: '5xx' }));
  world.cluster.maxRetries = 0;
  const exchange = world.request().send().answer(503);
  assert.deepEqual([exchange.status, exchange.flags], [503, 'UO']);
  assert.equal(world.cluster.requestStats.upstreamRqRetryOverflow.value, 1);
});

test('previous_hosts sends a retry to another host', () => {
  const predicate = {
    name: 'envoy.retry_host_predicates.previous_hosts',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
    },
  };
  const fields = {
    retry_on: '5xx',
    num_retries: 2,
    retry_host_predicate: [predicate],
    host_selection_retry_max_attempts: 5,
  };
  const world = new RouterWorld({ ...policy(fields), hosts: 3 });
  // Another request in between moves the rotation on, so that it would come back to the first host.
  const exchange = world.request().send();
  world.request().send();
  world.request().send();
  world.cluster.attempts[0]?.owner.headers(new ResponseHeaderMap(503), true);
  exchange.wait(25);
  assert.notEqual(world.cluster.attempts[3]?.host, world.cluster.attempts[0]?.host);
});

test('a retry sends the whole body again', () => {
  const world = new RouterWorld(policy({ retry_on: 'reset' }));
  const exchange = world.request('/', {}, 'POST').send('more').body('one ', 'more').body('two');
  world.cluster.last.owner.reset('connection termination');
  exchange.wait(25).answer(200);
  assert.equal(world.cluster.last.stream.body, 'one two');
  assert.ok(world.cluster.last.stream.ended);
});

test('a body above the limit gives up its retries, and goes through', () => {
  const world = new RouterWorld({
    routes: [
      {
        match: { prefix: '/' },
        route: { cluster: 'c', retry_policy: { retry_on: 'reset' } },
        per_request_buffer_limit_bytes: 5,
      },
    ],
  });
  const exchange = world.request('/', {}, 'POST').send('more').body('12345', 'more').body('6');
  assert.equal(world.cluster.last.stream.body, '123456');
  world.cluster.last.owner.reset('connection termination');
  assert.equal(exchange.wait(25).status, 503);
  assert.equal(world.cluster.attempts.length, 1);
  assert.equal(world.cluster.requestStats.retryOrShadowAbandoned.value, 1);
});

test('a body that outgrows the limit while a retry waits ends the request', () => {
  const world = new RouterWorld({
    routes: [
      {
        match: { prefix: '/' },
        route: { cluster: 'c', retry_policy: { retry_on: 'reset' } },
        per_request_buffer_limit_bytes: 5,
      },
    ],
  });
  const exchange = world.request('/', {}, 'POST').send('more').body('12345', 'more');
  world.cluster.last.owner.reset('connection termination');
  exchange.body('6');
  assert.deepEqual([exchange.status, exchange.details], [507, 'request_payload_exceeded_retry_buffer_limit']);
});

test('nothing is retried once the client has part of an answer', () => {
  const world = new RouterWorld(policy({ retry_on: 'reset,5xx' }));
  const exchange = world.request().send();
  world.cluster.last.owner.headers(new ResponseHeaderMap(200), false);
  world.cluster.last.owner.reset('connection termination');
  assert.ok(exchange.wait(1000).stream.wasReset);
  assert.equal(world.cluster.attempts.length, 1);
});

test('a cluster that is gone by the time of the retry has no healthy upstream', () => {
  const world = new RouterWorld(policy({ retry_on: '5xx' }));
  const exchange = world.request().send().answer(503);
  world.clusters.remove('c');
  assert.deepEqual([exchange.wait(25).status, exchange.flags], [503, 'UH']);
});

/** A service that drops a third of its requests, by a fixed sequence of draws; `pages` of nine calls each. */
function completePages(pages: number, retry_policy: object): { complete: number; retries: number } {
  let state = 1;
  const below90 = (): number => {
    state = (state * 48271) % 2147483647;
    return state % 90;
  };
  const world = new RouterWorld(policy(retry_policy));
  world.cluster.maxRetries = 1024;
  let complete = 0;
  for (let page = 0; page < pages; page += 1) {
    let good = 0;
    for (let call = 0; call < 9; call += 1) {
      const exchange = world.request().send();
      while (exchange.status === 0) {
        if (below90() < 30) world.cluster.last.owner.reset('connection termination');
        else exchange.answer(200);
        exchange.wait(250);
      }
      if (exchange.status === 200) good += 1;
    }
    if (good === 9) complete += 1;
  }
  return { complete, retries: world.cluster.requestStats.upstreamRqRetry.value };
}

test('a flaky service is healed: 2.6 % of pages without retries, 71 % with two, all with ten', () => {
  const none = completePages(2000, {});
  assert.ok(Math.abs(none.complete / 2000 - 0.026) < 0.012, `${none.complete} of 2000`);
  const two = completePages(2000, { retry_on: 'reset', num_retries: 2 });
  assert.ok(Math.abs(two.complete / 2000 - 0.712) < 0.034, `${two.complete} of 2000`);
  const ten = completePages(2000, { retry_on: 'reset', num_retries: 10, per_try_timeout: '2s' });
  assert.ok(ten.complete >= 1998, `${ten.complete} of 2000`);
  assert.ok(Math.abs(ten.retries / (2000 * 9) - 0.5) < 0.02, 'each call is retried half a time on average');
});
