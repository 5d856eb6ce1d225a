import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { RouterWorld } from './testing.ts';

test('a request goes to the host of its cluster, and the answer comes back', () => {
  const world = new RouterWorld();
  const exchange = world.request('/a?b').send().wait(7).answer(200, ['content-type', 'text/plain'], 'ok');
  assert.equal(world.cluster.last.stream.head?.path, '/a?b');
  assert.ok(world.cluster.last.stream.ended);
  assert.equal(exchange.status, 200);
  assert.equal(exchange.stream.body, 'ok');
  assert.ok(exchange.stream.ended);
  assert.equal(exchange.details, 'via_upstream');
  assert.deepEqual(exchange.responseHeaders, ['content-type: text/plain', 'x-envoy-upstream-service-time: 7']);
  assert.deepEqual(world.cluster.requestStats.charged, ['200']);
  assert.deepEqual(world.cluster.requestStats.timesMs, [7]);
  assert.deepEqual(world.cluster.hosts[0]?.stats, { rqSuccess: 1, rqError: 0, rqTimeout: 0 });
  assert.equal(world.runtime.timers.pending, 0);
});

test('the upstream learns how long it will be waited for, and which attempt this is', () => {
  const world = new RouterWorld({ virtualHost: { include_request_attempt_count: true }, route: { timeout: '3s' } });
  world.request().send();
  const sent = world.cluster.last.stream.head;
  assert.equal(sent?.get('x-envoy-expected-rq-timeout-ms'), '3000');
  assert.equal(sent?.get('x-envoy-attempt-count'), '1');
});

test('suppress_envoy_headers adds nothing on either side', () => {
  const world = new RouterWorld({ config: { suppressEnvoyHeaders: true }, route: { prefix_rewrite: '/x' } });
  const exchange = world.request().send().answer(200);
  assert.deepEqual(world.cluster.last.stream.head?.raw, []);
  assert.deepEqual(exchange.responseHeaders, []);
});

test('headers that steer the router do not go on', () => {
  const world = new RouterWorld();
  const headers = {
    'x-envoy-upstream-rq-timeout-ms': '100',
    'x-envoy-retry-on': '5xx',
    'x-envoy-max-retries': '2',
    'x-envoy-retriable-status-codes': '404',
    'x-envoy-upstream-alt-stat-name': 'x',
    'x-envoy-internal': 'true',
    'x-own': 'kept',
  };
  world.request('/', headers).send();
  assert.deepEqual(world.cluster.last.stream.head?.raw, [
    ...['x-envoy-internal', 'true', 'x-own', 'kept', 'x-envoy-expected-rq-timeout-ms', '100'],
  ]);
});

test('no route is 404 without a body, flag NR', () => {
  const world = new RouterWorld({ routes: [] });
  const exchange = world.request('/nope').send();
  assert.deepEqual([exchange.status, exchange.stream.localReply?.body, exchange.flags], [404, '', 'NR']);
  assert.equal(exchange.details, 'route_not_found');
  assert.equal(world.counter('no_route'), 1);
});

test('a route to a cluster that does not exist is 503, or what the route says, flag NC', () => {
  const routes = [
    { match: { path: '/404' }, route: { cluster: 'missing', cluster_not_found_response_code: 'NOT_FOUND' } },
    { match: { prefix: '/' }, route: { cluster: 'missing' } },
  ];
  const world = new RouterWorld({ routes });
  const first = world.request('/').send();
  assert.deepEqual([first.status, first.flags, first.details], [503, 'NC', 'cluster_not_found']);
  assert.equal(world.request('/404').send().status, 404);
  assert.equal(world.counter('no_cluster'), 2);
});

test('a cluster without hosts is 503 with the words everybody knows, flag UH', () => {
  const world = new RouterWorld({ hosts: 0 });
  const exchange = world.request().send();
  assert.deepEqual([exchange.status, exchange.stream.localReply?.body], [503, 'no healthy upstream']);
  assert.deepEqual([exchange.flags, exchange.details], ['UH', 'no_healthy_upstream']);
  assert.deepEqual(world.cluster.requestStats.charged, ['503']);
  assert.equal(world.cluster.requestStats.upstreamCxNoneHealthy.value, 1);
});

test('headers that a route adds tell the flag and the details of the reply they are added to', () => {
  const header = { key: 'x-why', value: '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%' };
  const world = new RouterWorld({ hosts: 0, virtualHost: { response_headers_to_add: [{ header }] } });
  assert.deepEqual(world.request().send().responseHeaders, ['x-why: UH no_healthy_upstream']);
});

test('each way an upstream can fail has its status, words, flag and details', () => {
  const rows = [
    ['remote connection failure', 503, 'UF', 'remote_connection_failure|delayed_connect_error:_Connection_refused'],
    ['connection timeout', 503, 'UF', 'connection_timeout|delayed_connect_error:_Connection_refused'],
    ['overflow', 503, 'UO', 'overflow|delayed_connect_error:_Connection_refused'],
  ] as const;
  for (const [reason, status, flags, details] of rows) {
    const world = new RouterWorld();
    world.cluster.pool = reason;
    world.cluster.failure = 'delayed connect error: Connection refused';
    const exchange = world.request().send();
    const body = `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`;
    assert.deepEqual([exchange.status, exchange.flags, exchange.stream.localReply?.body], [status, flags, body]);
    assert.equal(exchange.details, `upstream_reset_before_response_started{${details}}`);
    assert.equal(world.runtime.timers.pending, 0);
  }
});

test('each way a stream can end before an answer has its status and flag', () => {
  const rows = [
    ['connection termination', 503, 'UC'],
    ['remote reset', 503, 'UR'],
    ['protocol error', 502, 'UPE'],
    ['local reset', 503, 'LR'],
  ] as const;
  for (const [reason, status, flags] of rows) {
    const world = new RouterWorld();
    const exchange = world.request().send();
    world.cluster.last.owner.reset(reason);
    assert.deepEqual([exchange.status, exchange.flags], [status, flags]);
    assert.equal(exchange.details, `upstream_reset_before_response_started{${reason.replaceAll(' ', '_')}}`);
  }
});

test('an overflow tells other proxies not to add to it', () => {
  const world = new RouterWorld({ virtualHost: { include_attempt_count_in_response: true } });
  world.cluster.pool = 'overflow';
  assert.deepEqual(world.request().send().responseHeaders, ['x-envoy-overloaded: true', 'x-envoy-attempt-count: 1']);
  assert.equal(world.cluster.requestStats.dropped, 1);
});

test('a cluster in maintenance is not asked', () => {
  const world = new RouterWorld();
  world.cluster.maintenanceMode = true;
  const exchange = world.request().send();
  assert.deepEqual([exchange.status, exchange.stream.localReply?.body], [503, 'maintenance mode']);
  assert.deepEqual([exchange.flags, exchange.details], ['UO', 'maintenance_mode']);
  assert.deepEqual(exchange.responseHeaders, ['x-envoy-overloaded: true']);
  assert.equal(world.cluster.attempts.length, 0);
  assert.equal(world.cluster.requestStats.upstreamRqMaintenanceMode.value, 1);
  assert.equal(world.cluster.requestStats.dropped, 1);
});

for (const [drops, flag, details] of [
  ['this', 'DO', 'drop_overload'],
  ['all', 'UDO', 'unconditional_drop_overload'],
] as const)
  test(`a request that the endpoints' policy drops (${drops}) is not sent`, () => {
    const world = new RouterWorld();
    world.cluster.drops = drops;
    const exchange = world.request().send();
    assert.deepEqual([exchange.status, exchange.flags, exchange.details], [503, flag, details]);
    assert.equal(exchange.stream.localReply?.body, details.replaceAll('_', ' '));
    assert.deepEqual(exchange.responseHeaders, [`x-envoy-${details.replaceAll('_', '-')}: true`]);
    assert.equal(world.cluster.attempts.length, 0);
    assert.deepEqual(world.cluster.requestStats.charged, ['503']);
    assert.equal(world.cluster.requestStats.dropped, 1);
  });

test('a reset after the head of the response resets the client', () => {
  const world = new RouterWorld();
  const exchange = world.request().send();
  world.cluster.last.owner.headers(new ResponseHeaderMap(200), false);
  world.cluster.last.owner.reset('connection termination');
  assert.ok(exchange.stream.wasReset);
  assert.deepEqual(
    [exchange.flags, exchange.details],
    ['UC', 'upstream_reset_after_response_started{connection_termination}'],
  );
  assert.deepEqual(world.cluster.requestStats.charged, ['200']);
  assert.equal(world.counter('rq_reset_after_downstream_response_started'), 0, 'for gRPC only, as in Envoy');
  world.request('/', { 'content-type': 'application/grpc' }).send();
  world.cluster.last.owner.headers(new ResponseHeaderMap(200), false);
  world.cluster.last.owner.reset('remote reset');
  assert.equal(world.counter('rq_reset_after_downstream_response_started'), 1);
});

test('a redirect and a direct response need no upstream, and take the headers of every level', () => {
  const added = (value: string) => [{ header: { key: 'x-level', value } }];
  const world = new RouterWorld({
    virtualHost: { response_headers_to_add: added('host') },
    routes: [
      {
        match: { prefix: '/old' },
        redirect: { https_redirect: true, path_redirect: '/new' },
        response_headers_to_add: added('route'),
      },
      { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'hello' } } },
    ],
  });
  const moved = world.request('/old?q').send();
  assert.equal(moved.status, 301);
  assert.deepEqual(moved.responseHeaders, ['location: https://example.test/new?q', 'x-level: route', 'x-level: host']);
  const direct = world.request('/').send();
  assert.deepEqual([direct.status, direct.stream.localReply?.body, direct.details], [200, 'hello', 'direct_response']);
  assert.equal(world.counter('rq_direct_response'), 2);
});

test('the head is changed by the levels, then the host, then the path', () => {
  const world = new RouterWorld({
    virtualHost: {
      request_headers_to_add: [{ header: { key: 'x-level', value: 'host' } }],
      request_headers_to_remove: ['x-secret'],
    },
    routes: [
      {
        match: { prefix: '/api/' },
        route: { cluster: 'c', host_rewrite_literal: 'other.test', append_x_forwarded_host: true, prefix_rewrite: '/' },
        request_headers_to_add: [
          { header: { key: 'x-level', value: 'route' } },
          { header: { key: 'x-client', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %REQ(:path)%' } },
          { header: { key: 'x-missing', value: '%REQ(nope)%' } },
        ],
      },
    ],
  });
  world.request('/api/x', { 'x-secret': '1' }).send();
  const sent = world.cluster.last.stream.head;
  assert.deepEqual([sent?.authority, sent?.path], ['other.test', '/x']);
  assert.deepEqual(sent?.raw.slice(2), [
    ...['x-level', 'route', 'x-client', '127.0.0.1 /api/x', 'x-level', 'host'],
    ...['x-envoy-original-host', 'example.test', 'x-forwarded-host', 'example.test', 'x-envoy-original-path', '/api/x'],
  ]);
});

test('auto_host_rewrite takes the name of the host that was picked', () => {
  const world = new RouterWorld({ route: { auto_host_rewrite: true } });
  world.request().send();
  assert.equal(world.cluster.last.stream.head?.authority, 'c-1.test');
});

test('a malformed header is refused where it is checked strictly', () => {
  const world = new RouterWorld({ config: { strictCheckHeaders: ['x-envoy-max-retries'] } });
  const exchange = world.request('/', { 'x-envoy-max-retries': 'many' }).send();
  assert.deepEqual([exchange.status, exchange.flags], [400, 'IH']);
  assert.equal(exchange.stream.localReply?.body, "invalid header 'x-envoy-max-retries' with value 'many'");
});

test('a body and trailers pass both ways', () => {
  const world = new RouterWorld();
  const exchange = world.request('/', {}, 'POST').send('more').body('one ', 'more').body('two', 'more');
  exchange.stream.requestComplete = true;
  exchange.filter.onRequestTrailers(new HeaderMap(['x-sum', '7']));
  const { stream, owner } = world.cluster.last;
  assert.deepEqual([stream.body, stream.trailerMap?.get('x-sum')], ['one two', '7']);
  owner.headers(new ResponseHeaderMap(200), false);
  owner.data(Buffer.from('three'), false);
  owner.trailers(new HeaderMap(['grpc-status', '0']));
  assert.deepEqual([exchange.stream.body, exchange.stream.trailers?.get('grpc-status')], ['three', '0']);
});

test('interim responses pass', () => {
  const world = new RouterWorld();
  const exchange = world.request().send();
  world.cluster.last.owner.informational(new ResponseHeaderMap(103));
  assert.equal(exchange.stream.informational[0]?.status, 103);
  assert.equal(exchange.answer(200).status, 200);
});

test('an answer before the end of the request ends the upstream stream', () => {
  const world = new RouterWorld();
  const exchange = world.request('/', {}, 'POST').send('more').body('half', 'more').answer(413);
  assert.equal(exchange.status, 413);
  assert.equal(world.cluster.last.stream.resetReason, 'local reset');
});

test('a client that goes away takes its attempt with it', () => {
  const open = new RouterWorld();
  open.request().send().filter.onDestroy();
  assert.equal(open.cluster.last.stream.resetReason, 'local reset');
  assert.equal(open.runtime.timers.pending, 0);
  const waiting = new RouterWorld();
  waiting.cluster.pool = 'wait';
  waiting.request().send().filter.onDestroy();
  assert.ok(waiting.cluster.last.cancelled);
  assert.equal(waiting.cluster.requestStats.upstreamRqCancelled.value, 1);
});
