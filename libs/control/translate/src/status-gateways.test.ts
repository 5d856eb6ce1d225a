import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statuses } from './status.testing.ts';

const WORLD = `proxies:
  - {name: edge, role: gateway, labels: {istio: edge}}
  - {name: web-1, labels: {app: web}}
  - {name: client, labels: {app: client}}
workloads:
  - {name: web-1, service: web, addresses: [10.0.1.1], labels: {app: web}, ports: [{name: http, port: 80}]}
  - {name: db-1, service: db, addresses: [10.0.1.3], labels: {app: db}, ports: [{name: redis, port: 6379, protocol: TCP}]}
  - {name: far-1, namespace: vault, service: far, addresses: [10.0.1.4], ports: [{name: http, port: 80}]}
`;

function route(name: string, spec: string, kind = 'HTTPRoute'): string {
  return `---\napiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

const EDGE = route(
  'edge',
  '{gatewayClassName: weft, listeners: [{name: http, port: 8080, protocol: HTTP, hostname: "*.shop"}, {name: tcp, port: 9000, protocol: TCP}]}',
  'Gateway',
);
const TO_WEB = 'backendRefs: [{name: web, port: 80}]';

test('two Gateways of one host say who is asked', () => {
  const gateway = (name: string, server: string) =>
    `---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: ${name}}\nspec: {selector: {istio: edge}, servers: [${server}]}\n`;
  const plain = '{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.shop]}';
  const secure =
    '{port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.shop], tls: {mode: SIMPLE, credentialName: cert}}';
  const plains = statuses(WORLD + gateway('first', plain) + gateway('second', plain));
  assert.equal(plains['Gateway first'], 'effective on 1 proxy');
  assert.match(
    plains['Gateway second'] ?? '',
    /^shadowed by Gateway default\/first: it is older and has a\.shop at port 80 too/,
  );
  const secret = '---\napiVersion: v1\nkind: Secret\nmetadata: {name: cert}\nstringData: {tls.crt: a, tls.key: b}\n';
  const secures = statuses(WORLD + gateway('first', secure) + gateway('second', secure) + secret);
  assert.equal(secures['Gateway first'], 'effective on 1 proxy');
  assert.match(secures['Gateway second'] ?? '', /^shadowed by Gateway default\/first/);
});

test('a route counts the proxies at which a call reaches it', () => {
  const found = statuses(
    WORLD +
      EDGE +
      route(
        'both',
        `{parentRefs: [{name: edge}, {group: "", kind: Service, name: web}], hostnames: [a.shop], rules: [{${TO_WEB}}]}`,
      ) +
      route('same', `{parentRefs: [{name: edge}], hostnames: [a.shop], rules: [{${TO_WEB}}]}`) +
      route(
        'other',
        `{parentRefs: [{name: edge}], hostnames: [a.shop], rules: [{matches: [{path: {type: PathPrefix, value: /x}}], ${TO_WEB}}]}`,
      ),
  );
  assert.equal(found['HTTPRoute both'], 'effective on 3 proxies');
  assert.match(
    found['HTTPRoute same'] ?? '',
    /^shadowed by HTTPRoute default\/both: it is older and has the same matches/,
  );
  assert.equal(found['HTTPRoute other'], 'effective on 1 proxy');
});

test('a route that no call reaches says why', () => {
  const of = (parent: string, kind = 'HTTPRoute') =>
    statuses(
      WORLD + EDGE + route('lost', `{parentRefs: [${parent}], hostnames: [a.shop], rules: [{${TO_WEB}}]}`, kind),
    )[`${kind} lost`];
  assert.equal(
    of('{name: edge, sectionName: nothing}'),
    'not attached: no listener of Gateway default/edge lets it in',
  );
  assert.equal(of('{group: "", kind: Service, name: nobody}'), 'not attached: there is no service nobody');
  assert.match(
    of('{group: "", kind: Service, name: web, port: 81}') ?? '',
    /^not attached: web\.default\S+ has no port 81$/,
  );
  assert.match(
    of('{group: "", kind: Service, name: db}', 'GRPCRoute') ?? '',
    /^not attached: db\.default\S+ speaks tcp/,
  );
  const unserved = route(
    'idle',
    '{gatewayClassName: weft, listeners: [{name: http, port: 80, protocol: HTTP}]}',
    'Gateway',
  );
  const idle = statuses(WORLD + unserved + route('lost', `{parentRefs: [{name: idle}], rules: [{${TO_WEB}}]}`));
  assert.equal(idle['HTTPRoute lost'], 'not attached: no gateway proxy serves Gateway default/idle');
  assert.equal(idle['Gateway idle'], 'not attached: no gateway proxy has its name');
});

test('a ReferenceGrant says what uses it', () => {
  const grant = (kind: string) => `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: into, namespace: vault}
spec: {from: [{group: gateway.networking.k8s.io, kind: ${kind}, namespace: default}], to: [{group: "", kind: Service}]}
`;
  const far = route(
    'far',
    '{parentRefs: [{name: edge}], hostnames: [a.shop], rules: [{backendRefs: [{name: far, namespace: vault, port: 80}]}]}',
  );
  const used = statuses(WORLD + EDGE + far + grant('HTTPRoute'));
  assert.equal(used['ReferenceGrant into'], 'effective on 1 proxy; used by HTTPRoute default/far');
  const unused = statuses(WORLD + EDGE + far + grant('GRPCRoute'));
  assert.equal(unused['ReferenceGrant into'], 'not used: nothing that it lets refers to vault');
});

test('a Secret says who uses it, and what waits for it', () => {
  const secret = (name: string, keys: string) =>
    `---\napiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nstringData: {${keys}}\n`;
  const gateway = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: edge}
  servers:
    - {port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.shop], tls: {mode: SIMPLE, credentialName: whole}}
    - {port: {number: 444, name: https2, protocol: HTTPS}, hosts: [b.shop], tls: {mode: SIMPLE, credentialName: half}}
`;
  const rule = `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, trafficPolicy: {tls: {mode: MUTUAL, credentialName: client}}}
`;
  const found = statuses(
    WORLD +
      gateway +
      rule +
      secret('whole', 'tls.crt: a, tls.key: b') +
      secret('half', 'tls.crt: a') +
      secret('client', 'tls.crt: a, tls.key: b, ca.crt: c') +
      secret('idle', 'tls.crt: a, tls.key: b'),
  );
  assert.equal(found['Secret whole'], 'effective on 1 proxy; used by Gateway default/edge');
  assert.equal(
    found['Secret half'],
    'Gateway default/edge waits for it: Secret default/half has no tls.crt and tls.key',
  );
  assert.equal(found['Secret client'], 'effective on 2 proxies; used by DestinationRule default/web');
  assert.equal(found['Secret idle'], 'not used: no Gateway and no DestinationRule that a proxy has names it');
});

test('a Namespace says which Gateways ask for its labels', () => {
  const namespace = (name: string, labels: string) =>
    `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {${labels}}}\n`;
  const selective = route(
    'edge',
    '{gatewayClassName: weft, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}]}',
    'Gateway',
  );
  const found = statuses(WORLD + selective + namespace('one', 'team: a') + namespace('two', 'team: b'));
  assert.equal(found['Namespace one'], 'effective on 1 proxy; used by Gateway default/edge');
  assert.equal(found['Namespace two'], 'not used: no Gateway lets routes in for its labels');
});

test('a GatewayClass says which Gateways are of it, a ServiceAccount how many workloads run under it', () => {
  const gatewayClass = (name: string) =>
    `---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: ${name}}\nspec: {controllerName: weft.dev/x}\n`;
  const account = (name: string) => `---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}}\n`;
  const found = statuses(
    WORLD + EDGE + gatewayClass('weft') + gatewayClass('other') + account('default') + account('nobody'),
  );
  assert.equal(found['GatewayClass weft'], 'effective on 1 proxy; used by Gateway default/edge');
  assert.equal(found['GatewayClass other'], 'not used: no Gateway is of this class');
  assert.equal(found['ServiceAccount default'], 'effective on 3 proxies; used by 2 workloads');
  assert.equal(found['ServiceAccount nobody'], 'not used: no workload runs under it');
});
