import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import { RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { createNullScope } from '@weft/core-stats';
import type { ResolvedRoute } from '@weft/model-route';
import { CONTINUE, STOP, type FilterFactoryContext } from '@weft/proxy-filter-api';
import { FakeFilterStream } from '@weft/proxy-filter-api/testing';
import { CORS_ROUTE_TYPE } from './config.decode.ts';
import { CorsPolicy } from './config.ts';
import { corsFactory } from './cors.ts';

function policy(yaml: string): CorsPolicy {
  const { message } = loadConfig({ text: yaml, file: 'cors.yaml', typeName: CORS_ROUTE_TYPE });
  const cx = new DecodeContext(sourceNamed('cors.yaml'));
  const decoded = message && corsFactory.decodeRoute?.(message, cx);
  assert.ok(decoded instanceof CorsPolicy, JSON.stringify(cx.faults));
  return decoded;
}

function world(config: CorsPolicy, kind = 'forward') {
  const stats = createNullScope();
  const create = corsFactory.prepare({}, { stats } as unknown as FilterFactoryContext);
  const ask = (method: string, ...headers: string[]) => {
    const request = new RequestHeaderMap(method, '/', 'a.test', headers);
    const stream = new FakeFilterStream(request);
    stream.route = { action: { kind } } as unknown as ResolvedRoute;
    stream.routeConfigs.set('envoy.filters.http.cors', config);
    const filter = create(stream);
    const status = filter.onRequestHeaders?.(request, true);
    const response = new ResponseHeaderMap(200, [...(stream.localReply?.headers ?? [])]);
    filter.onResponseHeaders?.(response, true);
    const names = ['origin', 'credentials', 'methods', 'headers', 'private-network'];
    const said = names.map((name) => response.get(`access-control-allow-${name}`));
    return { stream, status, said, response };
  };
  return { ask, value: (name: string) => stats.counter(`cors.${name}`).value };
}

const ORIGIN = ['origin', 'https://a.test'];
const OTHER = ['origin', 'https://b.test'];
const PREFLIGHT = ['access-control-request-method', 'PUT'];
const ALLOWED = 'allow_origin_string_match: [{exact: "https://a.test"}]';

test('a response to an origin that is allowed says so, and to another is left as it is', () => {
  const { ask, value } = world(policy(`{${ALLOWED}, allow_credentials: true, expose_headers: x-c}`));
  const { status, said, response } = ask('GET', ...ORIGIN);
  assert.equal(status, CONTINUE);
  assert.deepEqual(said.slice(0, 2), ['https://a.test', 'true']);
  assert.equal(response.get('access-control-expose-headers'), 'x-c');
  assert.deepEqual(ask('GET', ...OTHER).said[0], undefined);
  assert.deepEqual(ask('GET').said[0], undefined);
  assert.deepEqual([value('origin_valid'), value('origin_invalid')], [1, 1]);
});

test('a preflight is answered in the place of the upstream', () => {
  const { ask } = world(policy(`{${ALLOWED}, allow_methods: "GET,PUT", allow_headers: x-a, max_age: "600"}`));
  const { status, stream, said } = ask('OPTIONS', ...ORIGIN, ...PREFLIGHT);
  assert.equal(status, STOP);
  assert.deepEqual([stream.localReply?.status, stream.localReply?.details], [200, 'cors_response']);
  assert.deepEqual(said, ['https://a.test', undefined, 'GET,PUT', 'x-a', undefined]);
  assert.equal(ask('OPTIONS', ...ORIGIN).status, CONTINUE, 'an OPTIONS of its own');
  assert.equal(ask('OPTIONS', ...OTHER, ...PREFLIGHT).status, CONTINUE);
});

test('a star is what the page asks for', () => {
  const { ask } = world(policy('{allow_origin_string_match: [{exact: "*"}], allow_methods: "*", allow_headers: "*"}'));
  const { said } = ask('OPTIONS', ...OTHER, ...PREFLIGHT, 'access-control-request-headers', 'x-q');
  assert.deepEqual(said, ['https://b.test', undefined, 'PUT', 'x-q', undefined]);
});

test('a preflight from elsewhere may be kept from the upstream', () => {
  const { ask } = world(policy(`{${ALLOWED}, forward_not_matching_preflights: false}`));
  const { status, said, stream } = ask('OPTIONS', ...OTHER, ...PREFLIGHT);
  assert.equal(status, STOP);
  assert.deepEqual([stream.localReply?.status, said[0]], [200, undefined]);
});

test('a page that asks for a private network is told where that is allowed', () => {
  const asks = ['access-control-request-private-network', 'true'];
  const allowed = world(policy(`{${ALLOWED}, allow_private_network_access: true}`));
  assert.equal(allowed.ask('OPTIONS', ...ORIGIN, ...PREFLIGHT, ...asks).said[4], 'true');
  assert.equal(world(policy(`{${ALLOWED}}`)).ask('OPTIONS', ...ORIGIN, ...PREFLIGHT, ...asks).said[4], undefined);
});

test('shadow requests are counted and left as they are', () => {
  const off = 'filter_enabled: {default_value: {numerator: 0}}';
  const shadow = world(policy(`{${ALLOWED}, ${off}, shadow_enabled: {default_value: {numerator: 100}}}`));
  assert.deepEqual(shadow.ask('GET', ...ORIGIN).said[0], undefined);
  assert.equal(shadow.value('origin_valid'), 1);
  const none = world(policy(`{${ALLOWED}, ${off}}`));
  none.ask('GET', ...ORIGIN);
  assert.equal(none.value('origin_valid'), 0);
});

test('what the proxy answers itself is nobody’s resource', () => {
  assert.deepEqual(world(policy(`{${ALLOWED}}`), 'direct_response').ask('GET', ...ORIGIN).said[0], undefined);
});

test('of several policies the more specific one wins field by field, and alone says for which requests', () => {
  const host = policy(
    `{${ALLOWED}, allow_methods: DELETE, max_age: "9", filter_enabled: {default_value: {numerator: 0}}}`,
  );
  const merged = policy('{allow_methods: PATCH}').over(host);
  const { said, response } = world(merged).ask('OPTIONS', ...ORIGIN, ...PREFLIGHT);
  assert.deepEqual([said[0], said[2], response.get('access-control-max-age')], ['https://a.test', 'PATCH', '9']);
});
