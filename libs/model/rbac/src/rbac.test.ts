import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { RBAC } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import { RequestHeaderMap, socketAddress, type DownstreamConnection, type TlsConnectionInfo } from '@weft/core-http';
import { evaluate, type Rbac } from './rbac.ts';
import { decodeRbac } from './rbac.decode.ts';
import type { RbacRequest } from './request.ts';

function decode(yaml: string): { rbac: Rbac | undefined; faults: string[] } {
  const typeName = 'envoy.config.rbac.v3.RBAC';
  const { message, faults } = loadConfig({ text: yaml, file: 'rbac.yaml', typeName });
  const cx = new DecodeContext(sourceNamed('rbac.yaml'));
  const rbac = message && decodeRbac(message as RBAC, cx);
  return { rbac, faults: [...faults, ...cx.faults].map((fault) => `${fault.path}: ${fault.message}`) };
}

const TEMPLATE = 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
const MTLS = 'type.googleapis.com/envoy.extensions.rbac.principals.mtls_authenticated.v3.Config';

const ssl = {
  peerVerified: true,
  peer: { uriSans: ['spiffe://mesh/ns/a'], dnsSans: ['a.test'], subject: 'CN=a,O=weft' },
} as unknown as TlsConnectionInfo;

function connection(more: Partial<DownstreamConnection> = {}): DownstreamConnection {
  return {
    id: 1,
    localAddress: socketAddress('10.1.0.1', 8080),
    directRemoteAddress: socketAddress('192.168.1.7', 4444),
    tls: false,
    requestedServerName: 'shop.test',
    ...more,
  };
}

const plain: RbacRequest = { connection: connection(), remoteAddress: socketAddress('192.168.1.7', 4444) };
const request: RbacRequest = {
  connection: connection({ tls: true, ssl, remoteAddress: socketAddress('172.16.0.1', 1) }),
  remoteAddress: socketAddress('8.8.8.8', 0),
  headers: new RequestHeaderMap('GET', '/api/x?y=1', 'shop.test', ['x-role', 'admin']),
  metadata: new Map([['ns', { user: { name: 'ann', age: 41, ok: true, tags: ['x', 'yy'], none: null } }]]),
  filterState: (key) => (key === 'who' ? 'me' : undefined),
};

function allows(permission: string, principal: string, asked: RbacRequest): boolean {
  const { rbac, faults } = decode(`{policies: {p: {permissions: [${permission}], principals: [${principal}]}}}`);
  assert.ok(rbac, faults.join('\n'));
  return evaluate(rbac, asked).allowed;
}

test('permissions ask where a request goes, and what it is', () => {
  const table: [permission: string, plain: boolean, request: boolean][] = [
    ['{any: true}', true, true],
    ['{destination_port: 8080}', true, true],
    ['{destination_port: 80}', false, false],
    ['{destination_port_range: {start: 8080, end: 8081}}', true, true],
    ['{destination_port_range: {start: 8000, end: 8080}}', false, false],
    ['{destination_ip: {address_prefix: 10.1.0.0, prefix_len: 16}}', true, true],
    ['{destination_ip: {address_prefix: 10.2.0.0, prefix_len: 16}}', false, false],
    ['{requested_server_name: {suffix: .test}}', true, true],
    ['{header: {name: x-role, string_match: {exact: admin}}}', false, true],
    ['{header: {name: x-role, present_match: true, invert_match: true}}', true, false],
    ['{url_path: {path: {exact: /api/x}}}', false, true],
    ['{url_path: {path: {prefix: /}}}', false, true],
    ['{not_rule: {url_path: {path: {exact: /api/x}}}}', true, false],
    ['{and_rules: {rules: [{any: true}, {destination_port: 80}]}}', false, false],
    ['{or_rules: {rules: [{destination_port: 80}, {any: true}]}}', true, true],
    [`{uri_template: {name: t, typed_config: {"@type": ${TEMPLATE}, path_template: "/api/{name}"}}}`, false, true],
    [`{uri_template: {name: t, typed_config: {"@type": ${TEMPLATE}, path_template: "/api/x/{name}"}}}`, false, false],
  ];
  for (const [permission, ofPlain, ofRequest] of table)
    assert.deepEqual(
      [allows(permission, '{any: true}', plain), allows(permission, '{any: true}', request)],
      [ofPlain, ofRequest],
      permission,
    );
});

test('principals ask who it is', () => {
  const table: [principal: string, plain: boolean, request: boolean][] = [
    ['{any: true}', true, true],
    ['{authenticated: {}}', false, true],
    ['{authenticated: {principal_name: {exact: "spiffe://mesh/ns/a"}}}', false, true],
    ['{authenticated: {principal_name: {exact: a.test}}}', false, true],
    ['{authenticated: {principal_name: {exact: "CN=a,O=weft"}}}', false, true],
    ['{authenticated: {principal_name: {exact: other}}}', false, false],
    ['{source_ip: {address_prefix: 192.168.0.0, prefix_len: 16}}', true, false],
    ['{direct_remote_ip: {address_prefix: 192.168.0.0, prefix_len: 16}}', true, true],
    ['{remote_ip: {address_prefix: 8.8.8.8, prefix_len: 32}}', false, true],
    ['{header: {name: ":method", string_match: {exact: GET}}}', false, true],
    ['{filter_state: {key: who, string_match: {exact: me}}}', false, true],
    ['{metadata: {filter: ns, path: [{key: user}, {key: name}], value: {string_match: {exact: ann}}}}', false, true],
    ['{metadata: {filter: ns, path: [{key: user}, {key: name}], value: {string_match: {exact: bob}}, invert: true}}', true, true],
    ['{metadata: {filter: ns, path: [{key: user}, {key: age}], value: {double_match: {range: {start: 40, end: 42}}}}}', false, true],
    ['{metadata: {filter: ns, path: [{key: user}, {key: ok}], value: {bool_match: true}}}', false, true],
    ['{metadata: {filter: ns, path: [{key: user}, {key: none}], value: {null_match: {}}}}', false, true],
    ['{metadata: {filter: ns, path: [{key: user}, {key: tags}], value: {list_match: {one_of: {string_match: {exact: yy}}}}}}', false, true],
    ['{metadata: {filter: ns, path: [{key: nobody}], value: {present_match: false}}}', true, true],
    ['{not_id: {authenticated: {}}}', true, false],
    ['{and_ids: {ids: [{any: true}, {authenticated: {}}]}}', false, true],
    ['{or_ids: {ids: [{authenticated: {}}, {any: true}]}}', true, true],
    [`{custom: {name: m, typed_config: {"@type": ${MTLS}, any_validated_client_certificate: true}}}`, false, true],
    [`{custom: {name: m, typed_config: {"@type": ${MTLS}, san_matcher: {san_type: DNS, matcher: {exact: a.test}}}}}`, false, true],
    [`{custom: {name: m, typed_config: {"@type": ${MTLS}, san_matcher: {san_type: URI, matcher: {exact: a.test}}}}}`, false, false],
  ]; // prettier-ignore
  for (const [principal, ofPlain, ofRequest] of table)
    assert.deepEqual(
      [allows('{any: true}', principal, plain), allows('{any: true}', principal, request)],
      [ofPlain, ofRequest],
      principal,
    );
});

test('ALLOW lets pass what a policy matches, DENY what none matches, LOG everything', () => {
  const policies = `policies: {z: {permissions: [{any: true}], principals: [{any: true}]},
    b: {permissions: [{destination_port: 8080}], principals: [{any: true}]}}`;
  const decide = (action: string) => evaluate(decode(`{action: ${action}, ${policies}}`).rbac!, plain);
  assert.deepEqual(decide('ALLOW'), { allowed: true, policy: 'b' });
  assert.deepEqual(decide('DENY'), { allowed: false, policy: 'b' });
  assert.deepEqual(decide('LOG'), { allowed: true, policy: 'b' });
  assert.deepEqual(evaluate(decode('{}').rbac!, plain), { allowed: false, policy: undefined });
  assert.deepEqual(evaluate(decode('{action: DENY}').rbac!, plain), { allowed: true, policy: undefined });
});

test('what cannot be evaluated is refused by name, and each fault is told', () => {
  const { rbac, faults } =
    decode(`{policies: {p: {permissions: [{matcher: {name: x}}, {destination_ip: {address_prefix: nowhere}}],
    principals: [{any: true}], condition: {const_expr: {bool_value: true}}}}}`);
  assert.equal(rbac, undefined);
  const text = faults.join('\n');
  assert.match(text, /policies.p.condition.*CEL conditions/);
  assert.match(text, /permissions\[0\].matcher.*not implemented/);
  assert.match(text, /permissions\[1\].destination_ip/);
});
