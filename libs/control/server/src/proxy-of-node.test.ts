import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { XdsNode } from '@weft/xds-server';
import { proxyOfNode } from './proxy-of-node.ts';

const node = (id: string, metadata: XdsNode['metadata'] = {}): XdsNode => ({
  id,
  cluster: '',
  locality: { region: 'r', zone: 'z', subZone: '' },
  metadata,
  userAgentName: 'envoy',
  userAgentVersion: '1.40.0',
  clientFeatures: [],
});

test("a node's id in Istio's form says what the proxy is", () => {
  const proxy = proxyOfNode(node('sidecar~10.0.0.7~videos-api-1.shop~shop.svc.cluster.local'));
  assert.deepEqual(
    [proxy?.role, proxy?.name, proxy?.namespace, proxy?.addresses, proxy?.traffic, proxy?.locality],
    ['sidecar', 'videos-api-1', 'shop', ['10.0.0.7'], 'capture', 'r/z'],
  );
  assert.equal(proxyOfNode(node('router~1.2.3.4~gw.default~default.svc.cluster.local'))?.role, 'gateway');
  assert.equal(proxyOfNode(node('waypoint~1.2.3.4~way.shop~shop.svc.cluster.local'))?.role, 'waypoint');
});

test('a gRPC program without a proxy says so', () => {
  assert.equal(proxyOfNode(node('sidecar~10.0.0.7~x.y~d', { GENERATOR: 'grpc' }))?.traffic, 'grpc');
});

test('metadata wins over the id, and what has another form is left out', () => {
  const proxy = proxyOfNode(
    node('sidecar~10.0.0.7~x.y~d', {
      NAMESPACE: 'shop',
      WORKLOAD_NAME: 'api',
      SERVICE_ACCOUNT: 'sa',
      LABELS: { app: 'api', wrong: 1 },
      INSTANCE_IPS: '10.0.0.8,10.0.0.9',
      INTERCEPTION_MODE: 'NONE',
      UPSTREAMS: [{ host: 'db', port: 1, localPort: 2 }, { host: 'db' }, 'db'],
    }),
  );
  assert.deepEqual(
    [proxy?.namespace, proxy?.name, proxy?.serviceAccount, proxy?.labels, proxy?.addresses, proxy?.traffic],
    ['shop', 'api', 'sa', { app: 'api' }, ['10.0.0.8', '10.0.0.9'], 'explicit'],
  );
  assert.deepEqual(proxy?.upstreams, [{ host: 'db', port: 1, localPort: 2 }]);
});

test('any other id is nobody', () => {
  for (const id of ['', 'envoy', 'ztunnel~1.1.1.1~a.b~c', 'sidecar~1.1.1.1'])
    assert.equal(proxyOfNode(node(id)), undefined);
});
