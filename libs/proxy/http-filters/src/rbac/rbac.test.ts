import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import { RequestHeaderMap } from '@weft/core-http';
import { createNullScope } from '@weft/core-stats';
import { CONTINUE, STOP, type FilterFactoryContext } from '@weft/proxy-filter-api';
import { FakeFilterStream } from '@weft/proxy-filter-api/testing';
import { RBAC_ROUTE_TYPE, RBAC_TYPE, type RbacConfig } from './config.decode.ts';
import { rbacFactory } from './rbac.ts';

function decode(yaml: string, typeName = RBAC_TYPE): { config: RbacConfig | undefined; faults: string[] } {
  const { message, faults } = loadConfig({ text: yaml, file: 'rbac.yaml', typeName });
  const cx = new DecodeContext(sourceNamed('rbac.yaml'));
  const how = typeName === RBAC_TYPE ? rbacFactory.decode : rbacFactory.decodeRoute;
  const config = message && (how?.(message, cx) as RbacConfig | undefined);
  return { config, faults: [...faults, ...cx.faults].map(({ path, message: text }) => `${path}: ${text}`) };
}

function world(yaml: string) {
  const { config, faults } = decode(yaml);
  assert.ok(config, faults.join('\n'));
  const stats = createNullScope();
  const create = rbacFactory.prepare(config, { stats } as unknown as FilterFactoryContext);
  const ask = (headers: RequestHeaderMap, route?: RbacConfig) => {
    const stream = new FakeFilterStream(headers);
    if (route !== undefined) stream.routeConfigs.set('envoy.filters.http.rbac', route);
    return { stream, status: create(stream).onRequestHeaders?.(headers, true) };
  };
  return { ask, value: (name: string) => stats.counter(name).value };
}

const get = (path = '/', ...more: string[]) => new RequestHeaderMap('GET', path, 'a.test', more);
const post = (path = '/') => new RequestHeaderMap('POST', path, 'a.test', []);

const READERS = `policies: {"ns[default]-policy[readers]-rule[0]": {
  permissions: [{header: {name: ":method", string_match: {exact: GET}}}], principals: [{any: true}]}}`;

test('what no ALLOW policy matches is answered 403, and the reason says so', () => {
  const { ask, value } = world(`rules: {${READERS}}`);
  assert.equal(ask(get()).status, CONTINUE);
  const { stream, status } = ask(post());
  assert.equal(status, STOP);
  assert.deepEqual(stream.localReply, {
    status: 403,
    body: 'RBAC: access denied',
    details: 'rbac_access_denied_matched_policy[none]',
  });
  assert.deepEqual([value('rbac.allowed'), value('rbac.denied')], [1, 1]);
});

test('a DENY policy is named in the details, without blanks', () => {
  const { ask } = world(`rules: {action: DENY, policies: {"no reading": {
    permissions: [{url_path: {path: {prefix: /private}}}], principals: [{any: true}]}}}`);
  assert.equal(ask(get('/private/x?y')).stream.localReply?.details, 'rbac_access_denied_matched_policy[no_reading]');
  assert.equal(ask(get('/public')).status, CONTINUE);
});

test('shadow rules are counted and noted, and change nothing', () => {
  const { ask, value } = world(`{shadow_rules_stat_prefix: try_, shadow_rules: {${READERS}}}`);
  const { stream, status } = ask(post());
  assert.equal(status, CONTINUE);
  assert.equal(stream.localReply, undefined);
  assert.equal(value('rbac.try_.shadow_denied'), 1);
  assert.deepEqual(stream.info.dynamicMetadata?.get('envoy.filters.http.rbac'), { try_shadow_engine_result: 'denied' });
  assert.deepEqual(ask(get()).stream.info.dynamicMetadata?.get('envoy.filters.http.rbac'), {
    try_shadow_effective_policy_id: 'ns[default]-policy[readers]-rule[0]',
    try_shadow_engine_result: 'allowed',
  });
  assert.equal(value('rbac.allowed'), 0);
});

test('policies are counted by name where that is asked for', () => {
  const { ask, value } = world(`{track_per_rule_stats: true, rules_stat_prefix: own_, rules: {${READERS}}}`);
  ask(get());
  assert.equal(value('rbac.own_.policy.ns[default]-policy[readers]-rule[0].allowed'), 1);
  assert.equal(value('rbac.own_.allowed'), 1);
});

test('LOG lets everything pass and hints to access logs', () => {
  const { ask } = world(`rules: {action: LOG, ${READERS}}`);
  const hint = (headers: RequestHeaderMap) => ask(headers).stream.info.dynamicMetadata?.get('envoy.common');
  assert.deepEqual(hint(get()), { access_log_hint: true });
  assert.deepEqual(hint(post()), { access_log_hint: false });
});

test('a route has rules of its own, or none', () => {
  const { ask, value } = world(`rules: {${READERS}}`);
  const open = decode('{}', RBAC_ROUTE_TYPE).config;
  assert.equal(ask(post(), open).status, CONTINUE);
  assert.equal(value('rbac.denied'), 0);
  const closed = decode('{rbac: {rules: {}}}', RBAC_ROUTE_TYPE).config;
  assert.equal(ask(get(), closed).status, STOP);
});

test('rules that cannot be evaluated are refused by name', () => {
  const { faults } = decode(
    '{matcher: {on_no_match: {action: {name: a, typed_config: {"@type": type.googleapis.com/envoy.config.rbac.v3.Action, name: x}}}}}',
  );
  assert.match(faults.join('\n'), /matcher: is known to Envoy and not implemented/);
});

test('the log names who was denied what, and by which policy', () => {
  const { ask } = world(`rules: {action: DENY, ${READERS}}`);
  const { stream } = ask(get('/private?token=x'));
  const [line = ''] = stream.runtime.logged;
  assert.match(
    line,
    /GET \/private from 127\.0\.0\.1:50000 was answered 403: denied by ns\[default\]-policy\[readers\]-rule\[0\]/,
  );
});
