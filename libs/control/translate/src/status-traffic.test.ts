import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statuses } from './status.testing.ts';

/** Two services that speak HTTP, and one that does not. */
const SERVICES = `workloads:
  - {name: web-1, service: web, addresses: [10.0.1.1], labels: {app: web}, ports: [{name: http, port: 80}]}
  - {name: api-1, service: api, addresses: [10.0.1.2], labels: {app: api}, ports: [{name: http, port: 8080}]}
  - {name: db-1, service: db, addresses: [10.0.1.3], labels: {app: db}, ports: [{name: redis, port: 6379, protocol: TCP}]}
`;
const CLIENT = 'proxies: [{name: client, labels: {app: client}}]\n';
const EDGE = 'proxies: [{name: edge, role: gateway, labels: {istio: edge}}]\n';
const GATEWAY = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*.shop"]}]}
`;

function virtualService(name: string, spec: string, namespace = 'default'): string {
  return document('networking.istio.io/v1', 'VirtualService', { name, spec, namespace });
}

function document(apiVersion: string, kind: string, at: { name: string; spec: string; namespace?: string }): string {
  const { name, spec, namespace = 'default' } = at;
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
}

const TO_WEB = 'http: [{route: [{destination: {host: web}}]}]';

test('a VirtualService of a host that speaks something else says what', () => {
  const found = statuses(
    CLIENT + SERVICES + virtualService('db', '{hosts: [db], http: [{route: [{destination: {host: db}}]}]}'),
  );
  assert.match(
    found['VirtualService db'] ?? '',
    /^not attached: its rules are http, and db\.default\.svc\.cluster\.local speaks tcp at port 6379$/,
  );
});

test('a VirtualService that nobody calls, or that none of its matches fits, says so', () => {
  const explicit =
    'proxies: [{name: client, traffic: explicit, upstreams: [{host: api, port: 8080, localPort: 9000}]}]\n';
  const uncalled = statuses(explicit + SERVICES + virtualService('web', `{hosts: [web], ${TO_WEB}}`));
  assert.match(uncalled['VirtualService web'] ?? '', /^not attached: no proxy calls web\.default/);
  const rule = '{match: [{sourceLabels: {app: other}}], route: [{destination: {host: web}}]}';
  const unfit = statuses(CLIENT + SERVICES + virtualService('web', `{hosts: [web], http: [${rule}]}`));
  assert.match(unfit['VirtualService web'] ?? '', /^not attached: none of its matches fits a proxy: calls to web\./);
});

test('a VirtualService of another namespace that is not exported shadows nobody', () => {
  const found = statuses(
    CLIENT +
      SERVICES +
      virtualService('older', `{hosts: [web.default.svc.cluster.local], exportTo: ["."], ${TO_WEB}}`, 'other') +
      virtualService('mine', `{hosts: [web], ${TO_WEB}}`),
  );
  assert.equal(found['VirtualService mine'], 'effective on 1 proxy');
});

test('at a gateway rules of a host are merged, and what stands behind a rule for everything is never asked', () => {
  const at = (more: string) =>
    `{hosts: [a.shop], gateways: [edge], http: [{${more}route: [{destination: {host: web}}]}]}`;
  const path = 'match: [{uri: {prefix: /x}}], ';
  const merged = statuses(
    EDGE + SERVICES + GATEWAY + virtualService('first', at(path)) + virtualService('second', at('')),
  );
  assert.equal(merged['VirtualService first'], 'effective on 1 proxy');
  assert.equal(merged['VirtualService second'], 'effective on 1 proxy');
  const hidden = statuses(
    EDGE + SERVICES + GATEWAY + virtualService('first', at('')) + virtualService('second', at(path)),
  );
  assert.match(
    hidden['VirtualService second'] ?? '',
    /^shadowed by VirtualService default\/first: it is older, has the/,
  );
  const bound = (spec: string) =>
    statuses(EDGE + SERVICES + GATEWAY + virtualService('web', spec))['VirtualService web'];
  assert.match(
    bound(`{hosts: [a.com], gateways: [edge], ${TO_WEB}}`) ?? '',
    /no server of Gateway default\/edge has the/,
  );
  assert.match(
    bound('{hosts: [a.shop], gateways: [edge], tcp: [{route: [{destination: {host: db}}]}]}') ?? '',
    /^not attached: its rules are tcp, which no server of Gateway default\/edge for its hosts takes/,
  );
});

test('of DestinationRules that are merged each says what of it is left', () => {
  const rule = (name: string, spec: string) => document('networking.istio.io/v1', 'DestinationRule', { name, spec });
  const random = 'trafficPolicy: {loadBalancer: {simple: RANDOM}}';
  const found = statuses(
    CLIENT +
      SERVICES +
      rule('first', `{host: web, ${random}, subsets: [{name: v1, labels: {version: v1}}]}`) +
      rule('part', `{host: web, ${random}, subsets: [{name: v2, labels: {version: v2}}]}`) +
      rule('same', `{host: web, ${random}}`) +
      rule('wide', `{host: "*.default.svc.cluster.local", ${random}}`) +
      document('networking.istio.io/v1', 'DestinationRule', { name: 'far', namespace: 'istio-system', spec: `{host: api.default.svc.cluster.local, ${random}}` }), // prettier-ignore
  );
  assert.equal(found['DestinationRule first'], 'effective on 1 proxy');
  assert.equal(
    found['DestinationRule part'],
    'effective on 1 proxy; its trafficPolicy has no effect: DestinationRule default/first is older and has one for the same host',
  );
  assert.match(
    found['DestinationRule same'] ?? '',
    /^shadowed by DestinationRule default\/first: it is older and says/,
  );
  assert.equal(found['DestinationRule wide'], 'effective on 1 proxy');
  assert.match(found['DestinationRule far'] ?? '', /^shadowed by DestinationRule default\/wide: it is nearer/);
});

test('a DestinationRule holds at gateways that call its host, and for nobody who does not', () => {
  const rule = document('networking.istio.io/v1', 'DestinationRule', {
    name: 'web',
    spec: '{host: web, trafficPolicy: {loadBalancer: {simple: RANDOM}}}',
  });
  const bound = virtualService('web', `{hosts: [a.shop], gateways: [edge], ${TO_WEB}}`);
  assert.equal(statuses(EDGE + SERVICES + GATEWAY + bound + rule)['DestinationRule web'], 'effective on 1 proxy');
  assert.equal(statuses(EDGE + SERVICES + GATEWAY + rule)['DestinationRule web'], 'not attached: no proxy calls web');
});

test('a ServiceProfile says who steers the calls instead', () => {
  const host = 'web.default.svc.cluster.local';
  const profile = document('linkerd.io/v1alpha2', 'ServiceProfile', {
    name: host,
    spec: '{routes: [{name: a, condition: {pathRegex: /a}}]}',
  });
  const route = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
`;
  assert.equal(statuses(CLIENT + SERVICES + profile)[`ServiceProfile ${host}`], 'effective on 1 proxy');
  const behind = statuses(CLIENT + SERVICES + profile + route);
  assert.equal(
    behind[`ServiceProfile ${host}`],
    `shadowed by HTTPRoute default/web: it steers calls to ${host}, and is asked alone`,
  );
  assert.equal(behind['HTTPRoute web'], 'effective on 1 proxy');
  const all = statuses(CLIENT + SERVICES + profile + route + virtualService('web', `{hosts: [web], ${TO_WEB}}`));
  for (const kind of ['HTTPRoute web', `ServiceProfile ${host}`])
    assert.match(all[kind] ?? '', /^shadowed by VirtualService default\/web: it steers calls to web\./);
});

test('a Sidecar says who has the proxies that it selects', () => {
  const sidecar = (name: string, spec: string) => document('networking.istio.io/v1', 'Sidecar', { name, spec });
  const found = statuses(
    CLIENT +
      SERVICES +
      sidecar('mine', '{workloadSelector: {labels: {app: client}}, egress: [{hosts: ["./*"]}]}') +
      sidecar('wide', '{egress: [{hosts: ["./*"]}]}') +
      sidecar('nobody', '{workloadSelector: {labels: {app: nobody}}, egress: [{hosts: ["./*"]}]}'),
  );
  assert.equal(found['Sidecar mine'], 'effective on 1 proxy');
  assert.match(found['Sidecar wide'] ?? '', /^shadowed by Sidecar default\/mine: it selects the same proxies/);
  assert.equal(found['Sidecar nobody'], 'not attached: no proxy is selected');
});

test('a ServiceEntry counts who can call it, a WorkloadEntry says which services have it', () => {
  const explicit =
    'proxies: [{name: client, traffic: explicit, upstreams: [{host: one.test, port: 80, localPort: 9000}]}]\n';
  const entry = (host: string, more: string) =>
    document('networking.istio.io/v1', 'ServiceEntry', {
      name: host,
      spec: `{hosts: [${host}.test], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], ${more}}`,
    });
  const worker = (name: string) => document('networking.istio.io/v1', 'WorkloadEntry', { name, spec: `{address: 10.9.0.1, labels: {app: ${name}}}` }); // prettier-ignore
  const found = statuses(
    explicit +
      entry('one', 'workloadSelector: {labels: {app: used}}') +
      entry('two', 'endpoints: [{address: 10.9.0.2}]') +
      worker('used') +
      worker('idle'),
  );
  assert.equal(found['ServiceEntry one'], 'effective on 1 proxy');
  assert.equal(found['ServiceEntry two'], 'not attached: no proxy can call or serves two.test');
  assert.equal(found['WorkloadEntry used'], 'effective on 1 proxy; used by ServiceEntry default/one');
  assert.equal(found['WorkloadEntry idle'], 'not used: no service selects its labels');
});

test('a ServiceEntry whose host another one describes says which', () => {
  const entry = (name: string, namespace?: string) =>
    document('networking.istio.io/v1', 'ServiceEntry', {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      spec: '{hosts: [a.test], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 10.9.0.1}]}',
    });
  const found = statuses(CLIENT + entry('first') + entry('second') + entry('far', 'other'));
  assert.equal(found['ServiceEntry first'], 'effective on 1 proxy');
  assert.equal(
    found['ServiceEntry second'],
    'shadowed by ServiceEntry default/first: it describes a.test too, in the same namespace, and is older',
  );
  assert.match(found['ServiceEntry far'] ?? '', /^shadowed by ServiceEntry default\/first: callers mean it by a\.test/);
});

test('a WorkloadGroup says how many registered as one of it', () => {
  const group = (name: string) => document('networking.istio.io/v1', 'WorkloadGroup', { name, spec: '{template: {}}' });
  const found = statuses(
    `proxies: [{name: a}]\nworkloads: [{name: a, group: used}, {name: b, group: used}]\n${group('used')}${group('idle')}`,
  );
  assert.equal(found['WorkloadGroup used'], 'effective on 1 proxy; used by 2 workloads');
  assert.equal(found['WorkloadGroup idle'], 'not used: no workload registered with --group idle');
});
