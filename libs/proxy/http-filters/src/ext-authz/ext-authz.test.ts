import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap, ResponseFlag, ResponseHeaderMap } from '@weft/core-http';
import { BUFFER, CONTINUE, STOP } from '@weft/proxy-filter-api';
import { ExtAuthzRouteConfig } from './config.ts';
import { EXT_AUTHZ_ROUTE_TYPE } from './config.decode.ts';
import { askingWorld, faultsOf, routeConfig } from './world.testing.ts';

const GRPC = 'grpc_service: {envoy_grpc: {cluster_name: authz}}';
const HTTP = 'http_service: {server_uri: {uri: x, cluster: http, timeout: 1s}}';
const get = (path = '/', ...raw: string[]): RequestHeaderMap => new RequestHeaderMap('GET', path, 'a.test', raw);

test('a request waits for its answer, and goes on with what the service wants of it', () => {
  const { open, questions, up, value } = askingWorld(`{${GRPC}}`);
  const { stream, filter } = open(get('/p?b=1&drop=2', 'x-old', '1', 'x-secret', 's'));
  assert.equal(filter.onRequestHeaders?.(stream.requestHeaders, true), STOP);
  assert.equal(questions[0]?.timeoutMs, 200);
  questions[0]?.answer({
    okResponse: {
      headers: [{ header: { key: 'X-Old', value: '2' } }, { header: { key: 'x-none', value: '2' }, append: true }],
      headersToRemove: ['x-secret', ':path'],
      queryParametersToSet: [{ key: 'a', value: '0' }],
      queryParametersToRemove: ['drop'],
      responseHeadersToAdd: [{ header: { key: 'x-res', value: '1' } }],
    },
    dynamicMetadata: { user: 'alice' },
  });
  assert.equal(stream.requestContinued, 1);
  assert.deepEqual([stream.requestHeaders.raw, stream.requestHeaders.path], [['x-old', '2'], '/p?a=0&b=1']);
  const response = new ResponseHeaderMap(200, ['x-res', '0']);
  filter.onResponseHeaders?.(response, true);
  assert.deepEqual(response.getAll('x-res'), ['0', '1']);
  assert.deepEqual(stream.info.dynamicMetadata?.get('envoy.filters.http.ext_authz'), {
    user: 'alice',
    ext_authz_duration: 0,
  });
  assert.deepEqual([value('ext_authz.ok'), up.stats.counter('ext_authz.ok').value], [1, 1]);
});

test('a denial is the answer, in the words of the service', () => {
  const { open, questions, up, value } = askingWorld(`{stat_prefix: waf, ${GRPC}}`);
  const { stream, filter } = open(get());
  filter.onRequestHeaders?.(stream.requestHeaders, true);
  questions[0]?.answer({
    status: { code: 7 },
    deniedResponse: { status: { code: 401 }, headers: [{ header: { key: 'x-why', value: 'no' } }], body: 'go' },
  });
  assert.deepEqual(stream.localReply, {
    status: 401,
    body: 'go',
    details: 'ext_authz_denied',
    flags: ResponseFlag.UnauthorizedExternalService,
    headers: ['x-why', 'no'],
  });
  assert.deepEqual([value('ext_authz.waf.denied'), up.stats.counter('ext_authz.waf.denied').value], [1, 1]);
  assert.deepEqual(up.requestStats.charged, ['internal 401']);
});

test('a service that fails refuses, or lets pass where that is configured', () => {
  const closed = askingWorld(`{status_on_error: {code: 503}, ${GRPC}}`);
  const one = closed.open(get());
  one.filter.onRequestHeaders?.(one.stream.requestHeaders, true);
  closed.questions[0]?.fail();
  assert.deepEqual([one.stream.localReply?.status, one.stream.localReply?.details], [503, 'ext_authz_error']);
  const failOpen = askingWorld(`{failure_mode_allow: true, failure_mode_allow_header_add: true, ${GRPC}}`);
  const other = failOpen.open(get());
  other.filter.onRequestHeaders?.(other.stream.requestHeaders, true);
  failOpen.questions[0]?.fail();
  assert.equal(other.stream.requestContinued, 1);
  assert.equal(other.stream.requestHeaders.get('x-envoy-auth-failure-mode-allowed'), 'true');
  assert.deepEqual([failOpen.value('ext_authz.error'), failOpen.value('ext_authz.failure_mode_allowed')], [1, 1]);
});

test('a client that leaves takes its question back', () => {
  const { open, questions } = askingWorld(`{${GRPC}}`);
  const { stream, filter } = open(get());
  filter.onRequestHeaders?.(stream.requestHeaders, true);
  filter.onDestroy?.();
  assert.equal(questions[0]?.cancelled, true);
  questions[0]?.answer({});
  assert.equal(stream.requestContinued, 0);
});

test('metadata of the filters before it decides whether it asks', () => {
  const { open, questions, value } = askingWorld(`{${GRPC}, filter_enabled_metadata: {
    filter: envoy.filters.http.rbac, path: [{key: istio_ext_authz_shadow_effective_policy_id}],
    value: {string_match: {prefix: istio-ext-authz}}}}`);
  const { stream, filter } = open(get());
  assert.equal(filter.onRequestHeaders?.(stream.requestHeaders, true), CONTINUE);
  assert.equal(value('ext_authz.disabled'), 1);
  const noted = open(get());
  noted.stream.info.setDynamicMetadata('envoy.filters.http.rbac', {
    istio_ext_authz_shadow_effective_policy_id: 'istio-ext-authz-ns[default]-policy[a]-rule[0]',
  });
  assert.equal(noted.filter.onRequestHeaders?.(noted.stream.requestHeaders, true), STOP);
  assert.equal(questions.length, 1);
});

test('where it does not ask it may refuse', () => {
  const { open } = askingWorld(
    `{${GRPC}, filter_enabled: {default_value: {numerator: 0}}, deny_at_disable: {runtime_key: k, default_value: true}}`,
  );
  const { stream, filter } = open(get());
  assert.equal(filter.onRequestHeaders?.(stream.requestHeaders, true), STOP);
  assert.deepEqual([stream.localReply?.status, stream.localReply?.details], [403, 'ext_authz_error']);
});

test('a body is collected before it asks, up to a limit of its own', () => {
  const { open, questions } = askingWorld(`{${GRPC}, with_request_body: {max_request_bytes: 4096}}`);
  const { stream, filter } = open(new RequestHeaderMap('POST', '/', 'a.test', []));
  assert.equal(filter.onRequestHeaders?.(stream.requestHeaders, false), BUFFER);
  assert.equal(stream.requestBufferLimit, 4096);
  assert.equal(filter.onRequestData?.(Buffer.from('one '), false), BUFFER);
  assert.equal(filter.onRequestData?.(Buffer.from('tw\xff', 'latin1'), true), STOP);
  const { http } = questions[0]?.attributes['request'] as { http: Record<string, unknown> };
  assert.equal(http['body'], 'one tw!');
  assert.equal((http['headers'] as Record<string, unknown>)['x-envoy-auth-partial-body'], 'false');
});

test('trailers end a body', () => {
  const { open, questions } = askingWorld(`{${GRPC}, with_request_body: {max_request_bytes: 10}}`);
  const { stream, filter } = open(new RequestHeaderMap('POST', '/', 'a.test', []));
  filter.onRequestHeaders?.(stream.requestHeaders, false);
  filter.onRequestData?.(Buffer.from('one'), false);
  assert.equal(filter.onRequestTrailers?.(new RequestHeaderMap()), STOP);
  assert.equal(questions.length, 1);
});

test('a body may be told in part as soon as there is enough of it', () => {
  const { open, questions } = askingWorld(
    `{${GRPC}, with_request_body: {max_request_bytes: 5, allow_partial_message: true, pack_as_bytes: true}}`,
  );
  const { stream, filter } = open(new RequestHeaderMap('POST', '/', 'a.test', []));
  filter.onRequestHeaders?.(stream.requestHeaders, false);
  assert.equal(stream.requestBufferLimit, undefined);
  assert.equal(filter.onRequestData?.(Buffer.from('abc'), false), BUFFER);
  assert.equal(filter.onRequestData?.(Buffer.from('defg'), false), STOP);
  const { http } = questions[0]?.attributes['request'] as { http: Record<string, unknown> };
  assert.equal(http['rawBody'], Buffer.from('abcde').toString('base64'));
  questions[0]?.answer({});
  assert.equal(filter.onRequestData?.(Buffer.from('rest'), true), CONTINUE);
});

test('what leaves HTTP has no body to wait for', () => {
  const { open } = askingWorld(`{${GRPC}, with_request_body: {max_request_bytes: 5}}`);
  const headers = get();
  headers.protocol = 'websocket';
  const { filter } = open(headers);
  assert.equal(filter.onRequestHeaders?.(headers, false), STOP);
});

test('a route may be open, or say more of itself', () => {
  const { open, questions } = askingWorld(`{${GRPC}, with_request_body: {max_request_bytes: 5}}`);
  const none = open(get(), routeConfig('{disabled: true}'));
  assert.equal(none.filter.onRequestHeaders?.(none.stream.requestHeaders, true), CONTINUE);
  const more = open(
    get(),
    routeConfig('{check_settings: {context_extensions: {a: b}, disable_request_body_buffering: true}}'),
  );
  assert.equal(more.filter.onRequestHeaders?.(more.stream.requestHeaders, false), STOP);
  assert.deepEqual(questions[0]?.attributes['contextExtensions'], { a: 'b' });
});

test('context extensions of several levels add up, and the most specific level decides the rest', () => {
  const host = routeConfig(
    '{check_settings: {context_extensions: {a: host, b: host}, disable_request_body_buffering: true}}',
  );
  const route = routeConfig('{check_settings: {context_extensions: {b: route, c: route}}}') as ExtAuthzRouteConfig;
  const merged = route.over(host) as ExtAuthzRouteConfig;
  assert.deepEqual(merged.contextExtensions, { a: 'host', b: 'route', c: 'route' });
  assert.equal(merged.disableBodyBuffering, false);
});

test('changes that cannot be made are answered 500 where that is asked for', () => {
  const { open, questions, value } = askingWorld(`{validate_mutations: true, ${GRPC}}`);
  const { stream, filter } = open(get());
  filter.onRequestHeaders?.(stream.requestHeaders, true);
  questions[0]?.answer({ okResponse: { headers: [{ header: { key: 'bad name', value: '1' } }] } });
  assert.deepEqual([stream.localReply?.status, stream.localReply?.details], [500, 'ext_authz_invalid']);
  assert.equal(value('ext_authz.invalid'), 1);
});

test('an HTTP service is asked with what makes it a request, and its headers go where they are wanted', () => {
  const { open, http } =
    askingWorld(`{http_service: {server_uri: {uri: x, cluster: http, timeout: 1s}, path_prefix: /check,
    authorization_request: {headers_to_add: [{key: x-from, value: proxy}]},
    authorization_response: {allowed_upstream_headers: {patterns: [{exact: x-user}]}}}}`);
  const { stream, filter } = open(get('/p?q', 'authorization', 'me', 'x-a', '1', 'x-user', 'client'));
  assert.equal(filter.onRequestHeaders?.(stream.requestHeaders, true), STOP);
  const { head } = http.last.stream;
  assert.deepEqual([head?.path, head?.get('authorization'), head?.get('x-a')], ['/check/p?q', 'me', undefined]);
  assert.deepEqual([head?.get('x-from'), head?.get('content-length')], ['proxy', '0']);
  http.last.owner.headers(new ResponseHeaderMap(200, ['x-user', 'alice', 'x-other', '1']), true);
  assert.equal(stream.requestContinued, 1);
  assert.deepEqual([stream.requestHeaders.get('x-user'), stream.requestHeaders.has('x-other')], ['alice', false]);
  assert.deepEqual(http.requestStats.charged, ['internal 200']);
});

test('an HTTP service that takes too long is no answer, and is counted', () => {
  const { open, http, runtime } = askingWorld(`{${HTTP}}`);
  const { stream, filter } = open(get());
  filter.onRequestHeaders?.(stream.requestHeaders, true);
  runtime.timers.advance(1000);
  assert.equal(stream.localReply?.details, 'ext_authz_error');
  assert.equal(http.last.stream.resetReason, 'local reset');
  assert.deepEqual([http.requestStats.upstreamRqTimeout.value, http.requestStats.charged], [1, ['internal 504']]);
});

test('an HTTP service that cannot be reached is no answer', () => {
  const { open, http } = askingWorld(`{${HTTP}}`);
  http.pool = 'remote connection failure';
  const { stream, filter } = open(get());
  assert.equal(filter.onRequestHeaders?.(stream.requestHeaders, true), STOP);
  assert.equal(stream.localReply?.details, 'ext_authz_error');
});

test('what a configuration may not say is told with its place', () => {
  assert.deepEqual(faultsOf('{}'), []);
  assert.match(faultsOf(`{transport_api_version: V2, ${GRPC}}`)[0] ?? '', /^transport_api_version: /);
  const both = '{http_service: {server_uri: {uri: x, cluster: http, timeout: 1s}, path_prefix: a, path_override: /b}}';
  assert.deepEqual(
    faultsOf(both).map((fault) => fault.split(':')[0]),
    ['http_service.path_prefix', 'http_service.path_override'],
  );
  assert.match(
    faultsOf(
      '{check_settings: {disable_request_body_buffering: true, with_request_body: {max_request_bytes: 1}}}',
      EXT_AUTHZ_ROUTE_TYPE,
    )[0] ?? '',
    /^check_settings: both/,
  );
});

test('a service is told of the trace that the request is part of', () => {
  const span = {
    setOperation: () => undefined,
    setTag: () => undefined,
    inject: (headers: RequestHeaderMap) => headers.set('x-b3-traceid', 'abc'),
    spawnUpstream: () => undefined,
    decorate: () => undefined,
    finish: () => undefined,
  };
  const grpc = askingWorld(`{${GRPC}}`);
  const one = grpc.open(get());
  one.stream.span = span;
  one.filter.onRequestHeaders?.(one.stream.requestHeaders, true);
  assert.deepEqual(grpc.questions[0]?.metadata, [['x-b3-traceid', 'abc']]);
  const http = askingWorld(`{${HTTP}}`);
  const other = http.open(get());
  other.stream.span = span;
  other.filter.onRequestHeaders?.(other.stream.requestHeaders, true);
  assert.equal(http.http.last.stream.head?.get('x-b3-traceid'), 'abc');
});

test('no answer of a service adds a line to a message', () => {
  const { open, questions } = askingWorld(`{${GRPC}}`);
  const inject = { header: { key: 'x-a', value: 'a\r\nx-evil: 1' } };
  const one = open(get());
  one.filter.onRequestHeaders?.(one.stream.requestHeaders, true);
  questions[0]?.answer({ okResponse: { headers: [inject] } });
  assert.deepEqual([one.stream.requestContinued, one.stream.localReply?.status], [0, 503]);
  const other = open(get());
  other.filter.onRequestHeaders?.(other.stream.requestHeaders, true);
  questions[1]?.answer({ status: { code: 7 }, deniedResponse: { headers: [inject] } });
  assert.deepEqual(other.stream.localReply?.headers, []);
  const third = open(get());
  third.filter.onRequestHeaders?.(third.stream.requestHeaders, true);
  questions[2]?.answer({ okResponse: { responseHeadersToAdd: [inject] } });
  const response = new ResponseHeaderMap();
  third.filter.onResponseHeaders?.(response, true);
  assert.deepEqual([third.stream.requestContinued, response.raw], [1, []]);
});

test('rules say which headers a service may change, and what becomes of an answer that changes others', () => {
  const answer = { okResponse: { headers: [':method', 'x-new'].map((key) => ({ header: { key, value: 'PUT' } })) } };
  const lenient = askingWorld(`{decoder_header_mutation_rules: {}, ${GRPC}}`);
  const one = lenient.open(get());
  one.filter.onRequestHeaders?.(one.stream.requestHeaders, true);
  lenient.questions[0]?.answer(answer);
  assert.deepEqual([one.stream.requestHeaders.method, one.stream.requestHeaders.get('x-new')], ['GET', 'PUT']);
  const strict = askingWorld(`{decoder_header_mutation_rules: {disallow_is_error: true}, ${GRPC}}`);
  const other = strict.open(get());
  other.filter.onRequestHeaders?.(other.stream.requestHeaders, true);
  strict.questions[0]?.answer(answer);
  assert.equal(other.stream.localReply?.details, 'ext_authz_invalid');
});

test('an HTTP service may be asked again', () => {
  const { open, http, runtime } = askingWorld(`{http_service: {server_uri: {uri: x, cluster: http, timeout: 1s},
    retry_policy: {num_retries: 2, retry_on: 5xx, retry_back_off: {base_interval: 0.025s}}}}`);
  const { stream, filter } = open(get());
  filter.onRequestHeaders?.(stream.requestHeaders, true);
  http.last.owner.headers(new ResponseHeaderMap(503), true);
  runtime.timers.advance(25);
  assert.equal(http.attempts.length, 2);
  http.last.owner.reset('remote reset');
  runtime.timers.advance(50);
  http.last.owner.headers(new ResponseHeaderMap(200), true);
  assert.equal(stream.requestContinued, 1);
  const { upstreamRqRetry, upstreamRqRetrySuccess, charged, retried } = http.requestStats;
  assert.deepEqual([upstreamRqRetry.value, upstreamRqRetrySuccess.value, http.activeRetries], [2, 1, 0]);
  assert.deepEqual([charged, retried], [['internal 200'], [503]]);
});
