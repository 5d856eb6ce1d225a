import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeshSnapshotBuilder, viewKey, viewOf, type MeshProxy } from '@weft/control-mesh';
import { TYPE_URL } from '@weft/xds-server';
import { ResourceGuard } from './resource-guard.ts';
import { SharedView } from './shared-view.ts';

const proxy: MeshProxy = {
  id: 'sidecar~10.0.0.1~web.default~default.svc.cluster.local',
  role: 'sidecar',
  namespace: 'default',
  name: 'web',
  labels: {},
  serviceAccount: 'default',
  addresses: ['10.0.0.1'],
  traffic: 'capture',
  upstreams: [],
  dialled: [],
  locality: '',
};

test('a view of many services is made in as many turns as there is time for, and is whole only then', () => {
  const builder = new MeshSnapshotBuilder();
  for (const name of ['a', 'b', 'c'])
    builder.register({
      namespace: 'default',
      name,
      service: name,
      addresses: ['10.1.0.1'],
      ports: [{ name: 'http', port: 80 }],
      labels: {},
      healthy: true,
    });
  const mesh = builder.build();
  const stands = viewOf(mesh, proxy);
  const view = new SharedView(viewKey(stands), stands, {
    guard: new ResourceGuard(),
    torn: () => assert.fail('it is whole'),
    withheld: () => undefined,
  });
  let turns = 0;
  while (!view.refresh(mesh, () => false)) {
    turns += 1;
    assert.equal(view.isWhole, false);
  }
  // Three for clusters, one to make the rest; then it is looked at.
  assert.equal(turns, 4);
  assert.equal(view.isWhole, true);
  assert.ok(view.snapshot.resources(TYPE_URL.endpoint).size === 3);
  const { snapshot } = view;
  assert.equal(
    view.refresh(mesh, () => false),
    true,
  );
  assert.equal(view.snapshot, snapshot);
});
