import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeshSnapshotBuilder, viewKey, viewOf, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
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

const never = (): boolean => false;

function meshOf(...names: readonly string[]): MeshSnapshot {
  const builder = new MeshSnapshotBuilder();
  for (const name of names)
    builder.register({
      namespace: 'default',
      name,
      service: name,
      addresses: ['10.1.0.1'],
      ports: [{ name: 'http', port: 80 }],
      labels: {},
      healthy: true,
    });
  return builder.build();
}

function viewIn(mesh: MeshSnapshot): SharedView {
  const stands = viewOf(mesh, proxy);
  const owner = { guard: new ResourceGuard(), torn: () => assert.fail('it is whole'), withheld: () => undefined };
  return new SharedView(viewKey(stands), stands, owner);
}

test('a view of many services is made in as many turns as there is time for, and is whole only then', () => {
  const mesh = meshOf('a', 'b', 'c');
  const view = viewIn(mesh);
  let turns = 0;
  while (!view.refresh(mesh, never)) {
    turns += 1;
    assert.equal(view.isWhole, false);
  }
  // Three for clusters, one to make the rest, seven to look at it.
  assert.equal(turns, 11);
  assert.equal(view.isWhole, true);
  assert.equal(view.snapshot.resources(TYPE_URL.endpoint).size, 3);
  const { snapshot } = view;
  assert.equal(view.refresh(mesh, never), true);
  assert.equal(view.snapshot, snapshot);
});

test('a view that a change interrupts is made in one turn: changes that follow each other do not keep it from its proxies', () => {
  const view = viewIn(meshOf('a', 'b', 'c'));
  assert.equal(view.refresh(meshOf('a', 'b', 'c'), never), false);
  assert.equal(view.refresh(meshOf('a', 'b', 'c', 'd'), never), true);
  assert.equal(view.snapshot.resources(TYPE_URL.endpoint).size, 4);
});

test('what cannot be translated is tried again when it changes, and endpoints change meanwhile', () => {
  const mesh = meshOf('a', 'b', 'c');
  const view = viewIn(mesh);
  assert.equal(view.refresh(mesh), true);
  const { snapshot } = view;
  const broken: MeshSnapshot = Object.create(mesh, {
    policies: { get: () => assert.fail('it cannot be translated') },
  }) as MeshSnapshot;
  assert.equal(view.isConcerned(undefined), true);
  assert.throws(() => view.refresh(broken), /it cannot be translated/);
  assert.equal(view.refresh(broken, never), true);
  assert.equal(view.isConcerned({ services: new Set(mesh.services.values()), workloads: new Set() }), true);
  assert.equal(view.refresh(mesh, never), true);
  assert.equal(view.snapshot, snapshot);
  // The next one is nobody's interruption.
  assert.equal(view.isConcerned(undefined), true);
  assert.equal(view.refresh(meshOf('a', 'b', 'c', 'd'), never), false);
});
