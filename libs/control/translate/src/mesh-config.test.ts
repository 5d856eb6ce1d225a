import { configToJson } from '@weft/api-envoy';
import type { MeshProxy } from '@weft/control-mesh';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { spanCluster } from './observability.ts';
import type { ProxyResources } from './resources.ts';
import { simulate } from './simulate.testing.ts';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

const CUSTOM = readFileSync(new URL('../testdata/custom-authorization/in.yaml', import.meta.url), 'utf8');

const WORLD = `
proxies: [{name: caller, traffic: explicit, upstreams: [{host: web, port: 80, localPort: 1}]}]
workloads: [{name: web-1, service: web, serviceAccount: web, addresses: [10.0.0.1], ports: [{name: http, port: 80}]}]
`;
const meshConfig = (text: string): string => `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    ${text.trim().replaceAll('\n', '\n    ')}
`;
const ZIPKIN = `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: zipkin}
spec:
  hosts: [zipkin.test]
  resolution: STATIC
  ports: [{number: 9411, name: http, protocol: HTTP}]
  endpoints: [{address: 10.0.0.2}]
`;
const SPANS = `
defaultProviders: {tracing: [spans]}
extensionProviders:
- {name: spans, zipkin: {service: zipkin.test, port: 9411}}
`;

function told(yaml: string, name: string): ProxyResources {
  const { snapshot, proxies } = readWorld(yaml);
  const proxy = proxies.get(name);
  if (proxy === undefined) throw new Error(name);
  return translate(snapshot, proxy);
}
const json = (messages: ProxyResources['clusters'] | ProxyResources['listeners']): string =>
  JSON.stringify(messages.map((message) => configToJson(message)));

test('without automatic mutual TLS nobody speaks it unless a rule says so', () => {
  const off = meshConfig('enableAutoMtls: false');
  assert.match(json(told(WORLD, 'caller').clusters), /tlsMode-istio/);
  assert.doesNotMatch(json(told(WORLD + off, 'caller').clusters), /tlsMode-istio|UpstreamTlsContext/);
  const rule = `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}
`;
  assert.match(json(told(WORLD + off + rule, 'caller').clusters), /"exact":"spiffe:..cluster.local.ns.default.sa.web"/);
});

test('spans go to a service of the mesh, of which the proxy is told although it calls it not', () => {
  const { clusters, listeners } = told(WORLD + ZIPKIN + meshConfig(SPANS), 'caller');
  const collector = 'outbound|9411||zipkin.test';
  assert.ok(clusters.some(({ name }) => name === collector));
  assert.match(json(listeners), /"collector_?[cC]luster":"outbound\|9411\|\|zipkin.test"/);
  const nowhere = told(WORLD + meshConfig(SPANS), 'caller');
  assert.doesNotMatch(json(nowhere.listeners), /zipkin/, 'a service that is not there');
  const named = (...texts: string[]): string | undefined => spanCluster(readWorld(WORLD + texts.join('')).snapshot);
  const address = meshConfig('defaultConfig: {tracing: {zipkin: {address: "zipkin.test:9411"}}}');
  assert.deepEqual(
    [named(ZIPKIN, meshConfig(SPANS)), named(meshConfig(SPANS)), named(address), named()],
    [collector, undefined, 'zipkin', undefined],
  );
});

test('what a sidecar itself asks is there from the start, though all else comes on demand', () => {
  // Without the Sidecar that says what is called.
  const { snapshot, proxies } = readWorld(CUSTOM.slice(0, CUSTOM.lastIndexOf('---')));
  const proxy = proxies.get('videos-api-1');
  if (proxy === undefined) throw new Error('no proxy');
  for (const dialled of [[], ['authz.default.svc.cluster.local']]) {
    const captured: MeshProxy = { ...proxy, traffic: 'capture', onDemand: true, dialled };
    const names = translate(snapshot, captured).clusters.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => name.startsWith('outbound')),
      ['outbound|8000||authz.default.svc.cluster.local', 'outbound|9000||authz.default.svc.cluster.local'],
    );
  }
});

test('a connection is looked at, then asked about, then passed on', () => {
  const resources = told(CUSTOM, 'videos-db-1');
  const call = { ip: '10.0.0.2', port: 16379, raw: true, tls: { alpn: ['istio'] } };
  assert.deepEqual(simulate(resources, 'inbound', call).filters, ['RBAC', 'ExtAuthz', 'TcpProxy']);
});

test('a provider over HTTP is passed over for connections, and decides about requests', () => {
  const resources = told(CUSTOM, 'videos-api-1');
  const tls = { sni: 'own', alpn: ['h2'] };
  assert.deepEqual(simulate(resources, 'inbound', { ip: '10.0.0.1', port: 10010, tls }).filters, ['RBAC', 'TcpProxy']);
  const request = { ip: '10.0.0.1', port: 10010, path: '/admin/1' };
  assert.deepEqual(simulate(resources, 'inbound', request).filters, ['HttpConnectionManager']);
});
