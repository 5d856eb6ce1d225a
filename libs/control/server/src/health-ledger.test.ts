import { MeshSnapshotBuilder, type MeshProxy } from '@weft/control-mesh';
import type { XdsNode } from '@weft/xds-server';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthLedger } from './health-ledger.ts';
import { proxyOfNode } from './proxy-of-node.ts';

const node = { id: 'sidecar~10.0.0.5~api-1.default~x', metadata: {}, locality: { region: '', zone: '', subZone: '' } };

test("a proxy checks its own workload's ports, and what it finds is the health of the endpoints", () => {
  const builder = new MeshSnapshotBuilder();
  builder.register({
    namespace: 'default',
    name: 'api-1',
    service: 'api',
    addresses: ['10.0.0.5'],
    ports: [{ port: 8080, listenPort: 9080, appPort: 7080, protocol: 'HTTP' }],
    labels: {},
    healthy: true,
  });
  const ledger = new HealthLedger({
    proxy: () => proxyOfNode(node as unknown as XdsNode) as MeshProxy,
    mesh: () => builder.build(),
    onHealth: ({ namespace, name }, healthy) => builder.setHealth(namespace, name, healthy),
  });
  const [check] = ledger.checks(node as unknown as XdsNode)?.clusterHealthChecks ?? [];
  assert.equal(check?.clusterName, 'inbound|8080||');
  const address = check?.localityEndpoints[0]?.endpoints[0]?.address?.address.value;
  assert.deepEqual((address as { portSpecifier?: { value?: unknown } } | undefined)?.portSpecifier?.value, 7080);
  const healthy = (): boolean | undefined =>
    builder.build().endpoints.get('default/api.default.svc.cluster.local')?.[0]?.healthy;
  const found = (health: 'UNKNOWN' | 'HEALTHY' | 'TIMEOUT'): void =>
    ledger.onHealth(node as unknown as XdsNode, [{ cluster: 'inbound|8080||', address: '127.0.0.1:7080', health }]);
  found('UNKNOWN');
  assert.equal(healthy(), true);
  found('TIMEOUT');
  assert.equal(healthy(), false);
  found('HEALTHY');
  assert.equal(healthy(), true);
});
