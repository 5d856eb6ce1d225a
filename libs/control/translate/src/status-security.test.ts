import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statuses } from './status.testing.ts';

const WORLD = `proxies:
  - {name: web-1, labels: {app: web}}
  - {name: client, labels: {app: client}}
workloads:
  - {name: web-1, service: web, addresses: [10.0.1.1], labels: {app: web}, ports: [{name: http, port: 80}]}
`;

function policy(kind: string, name: string, spec: string): string {
  return `---\napiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

const selecting = (app: string): string => `selector: {matchLabels: {app: ${app}}}`;

test('a PeerAuthentication that decides at no port says who does', () => {
  const found = statuses(
    WORLD +
      policy('PeerAuthentication', 'mine', `{${selecting('web')}, mtls: {mode: STRICT}}`) +
      policy('PeerAuthentication', 'younger', `{${selecting('web')}, mtls: {mode: PERMISSIVE}}`) +
      policy('PeerAuthentication', 'callers', `{${selecting('client')}, mtls: {mode: STRICT}}`) +
      policy('PeerAuthentication', 'nobody', `{${selecting('nobody')}, mtls: {mode: STRICT}}`),
  );
  assert.equal(found['PeerAuthentication mine'], 'effective on 1 proxy');
  assert.match(
    found['PeerAuthentication younger'] ?? '',
    /^shadowed by PeerAuthentication default\/mine: it is narrower, or as narrow and older/,
  );
  assert.equal(found['PeerAuthentication callers'], 'not attached: no proxy that it selects takes calls');
  assert.equal(found['PeerAuthentication nobody'], 'not attached: no proxy is selected');
});

test('a PeerAuthentication says which of its ports nobody listens at', () => {
  const ports = 'portLevelMtls: {80: {mode: STRICT}, 9999: {mode: DISABLE}}';
  const found = statuses(WORLD + policy('PeerAuthentication', 'ports', `{${selecting('web')}, ${ports}}`));
  assert.equal(
    found['PeerAuthentication ports'],
    'effective on 1 proxy; no program that it selects listens at port 9999: what it says of it holds nowhere',
  );
});

test('an AuthorizationPolicy of a Gateway is for its proxies, by name or by label', () => {
  const named = 'gateway.networking.k8s.io/gateway-name';
  const target = (name: string): string =>
    `{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: ${name}}], rules: [{}]}`;
  const found = statuses(
    WORLD.replace('workloads:', `  - {name: edge-7, role: gateway, labels: {${named}: edge}}\nworkloads:`) +
      `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: weft, listeners: [{name: http, port: 80, protocol: HTTP}]}
` +
      policy('AuthorizationPolicy', 'edge', target('edge')) +
      policy('AuthorizationPolicy', 'other', target('other')),
  );
  assert.equal(found['AuthorizationPolicy edge'], 'effective on 1 proxy');
  assert.equal(found['AuthorizationPolicy other'], 'not attached: no proxy of the Gateway other is connected');
});

test('an AuthorizationPolicy counts only proxies that take calls', () => {
  const found = statuses(
    WORLD +
      policy('AuthorizationPolicy', 'all', '{rules: [{}]}') +
      policy('AuthorizationPolicy', 'callers', `{${selecting('client')}, rules: [{}]}`),
  );
  assert.equal(found['AuthorizationPolicy all'], 'effective on 1 proxy');
  assert.equal(found['AuthorizationPolicy callers'], 'not attached: no proxy that it selects takes calls');
});

test('an AuthorizationPolicy says where nobody sees what its rules ask for, and what comes of it', () => {
  const ports = '[{name: http, port: 80}, {name: any, port: 8000}, {name: redis, port: 6379}]';
  const world = WORLD.replace('[{name: http, port: 80}]', ports);
  const rules = (operation: string): string => `rules: [{to: [{operation: ${operation}}]}]`;
  const found = statuses(
    world +
      policy('AuthorizationPolicy', 'deny', `{action: DENY, ${rules('{paths: [/secret], methods: [GET]}')}}`) +
      policy('AuthorizationPolicy', 'allow', `{${rules('{paths: [/open], ports: ["8000"]}')}}`) +
      policy('AuthorizationPolicy', 'seen', `{action: DENY, ${rules('{paths: [/secret], ports: ["80"]}')}}`) +
      policy('AuthorizationPolicy', 'connections', `{action: DENY, ${rules('{ports: ["8000"]}')}}`) +
      policy(
        'AuthorizationPolicy',
        'headers',
        '{action: DENY, rules: [{to: [{operation: {notPorts: ["6379"]}}], when: [{key: "request.headers[x-a]", values: [b]}]}]}',
      ),
  );
  assert.equal(
    found['AuthorizationPolicy deny'],
    'effective on 1 proxy; nobody sees methods and paths at port 6379 of web-1.default (REDIS), ' +
      'port 8000 of web-1.default (not said to be HTTP): the rule denies every connection that the rest of it is about',
  );
  assert.equal(
    found['AuthorizationPolicy allow'],
    'effective on 1 proxy; nobody sees paths at port 8000 of web-1.default (not said to be HTTP): the rule allows nothing there',
  );
  assert.equal(found['AuthorizationPolicy seen'], 'effective on 1 proxy');
  assert.equal(found['AuthorizationPolicy connections'], 'effective on 1 proxy');
  assert.match(
    found['AuthorizationPolicy headers'] ?? '',
    /nobody sees headers at port 8000 of web-1\.default \(not said/,
  );
});
