import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketAddress } from '@weft/core-http';
import { CONTINUE, STOP } from '@weft/proxy-filter-api';
import { decodeYaml, filterWorld, filteredConnection, LISTENER, mustDecode } from '../world.testing.ts';
import { rbacFactory } from './rbac.ts';

const ONLY_80 = 'policies: {web: {permissions: [{destination_port: 80}], principals: [{any: true}]}}';
const bytes = Buffer.from('x');

function filter(yaml: string, port: number) {
  const world = filterWorld();
  const prepared = rbacFactory.prepare(mustDecode(rbacFactory, yaml), world.server, LISTENER);
  const connection = filteredConnection({ localAddress: socketAddress('10.0.0.1', port) });
  return { ...world, connection, filter: prepared.create(connection) };
}

test('rbac decides with the first byte, and counts it once', () => {
  const { filter: allowed, value } = filter(`{stat_prefix: tcp, rules: {${ONLY_80}}}`, 80);
  assert.equal(allowed.onData?.(bytes, false), CONTINUE);
  assert.equal(allowed.onData?.(bytes, false), CONTINUE);
  assert.deepEqual([value('tcp.rbac.allowed'), value('tcp.rbac.denied')], [1, 0]);
});

test('rbac closes what it denies, and says by which policy', () => {
  const none = filter(`{stat_prefix: tcp., rules: {${ONLY_80}}}`, 81);
  assert.equal(none.filter.onData?.(bytes, false), STOP);
  assert.deepEqual(none.connection.closed.length, 1);
  assert.equal(none.connection.info.terminationDetails, 'rbac_access_denied_matched_policy[none]');
  assert.equal(none.value('tcp.rbac.denied'), 1);
  const web = filter(`{stat_prefix: tcp., rules: {action: DENY, ${ONLY_80}}}`, 80);
  web.filter.onData?.(bytes, false);
  assert.equal(web.connection.info.terminationDetails, 'rbac_access_denied_matched_policy[web]');
});

test('shadow rules only count, under a prefix of their own', () => {
  const { filter: shadowed, value } = filter(
    `{stat_prefix: tcp., shadow_rules_stat_prefix: try_, shadow_rules: {${ONLY_80}}}`,
    81,
  );
  assert.equal(shadowed.onData?.(bytes, false), CONTINUE);
  assert.deepEqual(
    [value('tcp.rbac.try_.shadow_denied'), value('tcp.rbac.denied'), value('tcp.rbac.allowed')],
    [1, 0, 0],
  );
});

test('what shadow rules decide is noted for the filters behind', () => {
  const noted = (port: number): unknown => {
    const { filter: shadowed, connection } = filter(
      `{stat_prefix: tcp., shadow_rules_stat_prefix: istio_ext_authz_, shadow_rules: {action: DENY, ${ONLY_80}}}`,
      port,
    );
    shadowed.onData?.(bytes, false);
    return connection.info.metadata?.get('envoy.filters.network.rbac');
  };
  assert.deepEqual(noted(80), {
    istio_ext_authz_shadow_effective_policy_id: 'web',
    istio_ext_authz_shadow_engine_result: 'denied',
  });
  assert.deepEqual(noted(81), { istio_ext_authz_shadow_engine_result: 'allowed' });
});

test('with CONTINUOUS each data is decided, and counted', () => {
  const { filter: asked, value } = filter(`{stat_prefix: tcp., enforcement_type: CONTINUOUS, rules: {${ONLY_80}}}`, 80);
  asked.onData?.(bytes, false);
  asked.onData?.(bytes, false);
  assert.equal(value('tcp.rbac.allowed'), 2);
});

test('a denied connection may be held for a while', () => {
  const {
    filter: denied,
    connection,
    runtime,
  } = filter(`{stat_prefix: tcp., delay_deny: 2s, rules: {${ONLY_80}}}`, 81);
  denied.onData?.(bytes, false);
  runtime.timers.advance(1999);
  assert.equal(connection.closed.length, 0);
  runtime.timers.advance(1);
  assert.equal(connection.closed.length, 1);
  denied.onClose?.({ by: 'local' });
  assert.equal(runtime.timers.pending, 0);
});

test('rules that cannot be evaluated are refused', () => {
  const { faults } = decodeYaml(
    rbacFactory,
    '{stat_prefix: x, matcher: {on_no_match: {action: {name: a, typed_config: {"@type": type.googleapis.com/envoy.config.rbac.v3.Action, name: x}}}}}',
  );
  assert.match(faults.join('\n'), /matcher: is known to Envoy and not implemented/);
});
