import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { viewKey, viewOf } from '@weft/control-mesh';
import type { ProxyResources } from './resources.ts';
import { translate, translateOwn, translateService, translateView } from './translate.ts';
import { readWorld, testProxy, testWorkload } from './world.testing.ts';

const DATA = fileURLToPath(new URL('../testdata/', import.meta.url));

function byName({ clusters, endpoints, listeners, routes }: ProxyResources): Map<string, unknown> {
  const entries = [...clusters, ...listeners, ...routes].map((one) => [`${one.$typeName} ${one.name}`, one] as const);
  return new Map<string, unknown>([
    ...entries,
    ...endpoints.map((one) => [`${one.$typeName} ${one.clusterName}`, one] as const),
  ]);
}

for (const name of readdirSync(DATA)) {
  test(`${name}: what proxies share and what each has of its own are everything that it is told`, () => {
    const { snapshot, proxies } = readWorld(readFileSync(`${DATA}${name}/in.yaml`, 'utf8'), name);
    for (const proxy of proxies.values()) {
      const whole = translate(snapshot, proxy);
      const shared = translateView(snapshot, viewOf(snapshot, proxy));
      const own = translateOwn(snapshot, proxy);
      assert.deepEqual(new Map([...byName(own), ...byName(shared)]), byName(whole), proxy.name);
      assert.deepEqual([...new Set([...own.secrets, ...shared.secrets])].sort(), whole.secrets);
      const told = [...own.services, ...shared.services].flatMap(
        (service) => translateService(snapshot, viewOf(snapshot, proxy), service).endpoints,
      );
      assert.deepEqual(told, whole.endpoints, 'endpoints come from the services told, and from nowhere else');
    }
  });
}

const POLICIES = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http:
    - match: [{sourceLabels: {app: canary}}]
      route: [{destination: {host: other}}]
    - route: [{destination: {host: web}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  workloadSelector: {matchLabels: {tier: front}}
  trafficPolicy: {loadBalancer: {simple: RANDOM}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: narrow}
spec:
  workloadSelector: {labels: {scope: narrow}}
  egress: [{hosts: ["./other.default.svc.cluster.local"]}]
`;

test('proxies have one view unless a policy tells callers apart by what makes them differ', () => {
  const { builder } = readWorld(POLICIES);
  for (const service of ['web', 'other'])
    builder.register(testWorkload({ name: service, service, ports: [{ name: 'http', port: 80 }] }));
  const snapshot = builder.build();
  const key = (labels: Readonly<Record<string, string>>, more: object = {}): string =>
    viewKey(viewOf(snapshot, testProxy({ name: 'client', labels, ...more })));
  const plain = key({ version: 'v1' });
  assert.equal(key({ version: 'v2' }, { name: 'another', addresses: ['10.0.0.9'], serviceAccount: 'x' }), plain);
  assert.equal(key({ tier: 'front', app: 'a' }), key({ app: 'a', tier: 'front' }));
  for (const labels of [{ app: 'canary' }, { tier: 'front' }, { scope: 'narrow' }]) {
    assert.notEqual(key(labels), plain, JSON.stringify(labels));
    const told = (chosen: object): string[] =>
      [...byName(translate(snapshot, testProxy({ name: 'client', labels: { ...chosen } })))].map((entry) =>
        JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      );
    assert.notDeepEqual(told(labels), told({}), 'or the label would not matter');
  }
  assert.notEqual(key({}, { namespace: 'elsewhere' }), plain);
  assert.notEqual(key({}, { dialled: ['web'] }), plain);
  const asking = key({}, { onDemand: true });
  assert.notEqual(asking, plain);
  assert.equal(key({}, { onDemand: true, dialled: ['web'] }), asking, 'what it called is its own');
  assert.equal(key({ scope: 'narrow' }, { onDemand: true }), key({ scope: 'narrow' }), 'who declared does not ask');
});
