import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFault } from '@weft/api-envoy';
import { readText, SupportCheck } from '@weft/api-kube';
import { authzWhy } from './authz-why.ts';
import { translationSupport } from './support.ts';
import { readWorld } from './world.testing.ts';

const WORKLOADS = `
workloads:
  - {name: api-1, service: api, serviceAccount: api, addresses: [10.0.0.1], ports: [{name: http, port: 80}]}
---
`;

function policy(action: string, when: string): string {
  return `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p}
spec:
  action: ${action}
  rules: [{when: [${when}]}]
`;
}

function allowed(text: string, source: string): boolean {
  const { snapshot } = readWorld(WORKLOADS + text);
  const answer = authzWhy(snapshot, { source, destination: 'api-1', method: 'GET', path: '/' });
  assert.ok(typeof answer !== 'string', String(answer));
  return answer.allowed;
}

const OURS = 'spiffe://cluster.local/ns/default/sa/web';
const THEIRS = 'spiffe://evil.test/ns/default/sa/web';

test('a condition on the trust domain asks for the trust domain of the caller', () => {
  const deny = policy('DENY', '{key: source.trustDomain, values: [evil.test]}');
  assert.deepEqual([allowed(deny, OURS), allowed(deny, THEIRS)], [true, false]);
  const allow = policy('ALLOW', '{key: source.trustDomain, values: [cluster.local]}');
  assert.deepEqual([allowed(allow, OURS), allowed(allow, THEIRS)], [true, false]);
  const others = policy('DENY', '{key: source.trustDomain, notValues: [cluster.*]}');
  assert.deepEqual([allowed(others, OURS), allowed(others, THEIRS)], [true, false]);
});

test('the wildcard of a trust domain ends where the trust domain does', () => {
  const deny = policy('DENY', '{key: source.trustDomain, values: ["*.test"]}');
  assert.equal(allowed(deny, 'spiffe://cluster.local/ns/default/sa/a.test/b'), true);
  assert.equal(allowed(deny, THEIRS), false);
});

test('a condition on what a filter noted asks the metadata', () => {
  const metadata = '{key: "experimental.envoy.filters.http.x[user]", values: [admin]}';
  assert.deepEqual([allowed(policy('DENY', metadata), OURS), allowed(policy('ALLOW', metadata), OURS)], [true, false]);
});

function faultsOf(when: string): string[] {
  const support = new SupportCheck(translationSupport);
  const text = policy('DENY', when);
  return readText({ text, file: 'x.yaml', format: 'yaml' }, { support }).flatMap(({ faults }) =>
    faults.map((fault) => formatFault(fault)),
  );
}

test('conditions on claims are refused by name, and those that are translated are not', () => {
  for (const key of ['principal', 'audiences', 'presenter', 'claims[iss]'])
    assert.match(
      faultsOf(`{key: "request.auth.${key}", values: [x]}`).join('\n'),
      /spec\.rules\[0\]\.when\[0\]\.key: the value request\.auth\.\S+ comes with a later version/,
    );
  for (const key of ['source.trustDomain', 'connection.sni', 'request.headers[x]', 'experimental.envoy.filters.a.b[c]'])
    assert.deepEqual(faultsOf(`{key: "${key}", values: [x]}`), []);
});

test('a condition that could not be asked is refused with its place', () => {
  assert.match(
    faultsOf('{key: source.ip, values: [10.0.0.0/99]}').join(''),
    /when\[0\]\.values\[0\]: .* is no address/,
  );
  assert.match(faultsOf('{key: destination.port, notValues: [http]}').join(''), /notValues\[0\]: "http" is no port/);
  assert.match(faultsOf('{key: "experimental.envoy.filters.a", values: [b]}').join(''), /unknown key/);
});
