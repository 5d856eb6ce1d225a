import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSnapshotFault, referencesOf, Snapshot, TYPE_URL } from './index.ts';
import { ResourceMap } from './resource-map.ts';
import { testCluster, testEndpoints, testListener, testMesh, testRoute } from './testing.ts';

test('a snapshot in which everything that is named is there is consistent', () => {
  assert.deepEqual(Snapshot.of(testMesh(['a', 'b'], 'a')).consistent(), []);
});

test('each thing that is named and not there is a fault, with who names it', () => {
  const snapshot = Snapshot.of([testCluster('a'), testListener('web', 'gone'), testRoute('r', 'absent')]);
  assert.deepEqual(snapshot.consistent().map(formatSnapshotFault).sort(), [
    'the cluster "absent" is not there; the route "r" names it',
    'the endpoint "a" is not there; the cluster "a" names it',
    'the route "gone" is not there; the listener "web" names it',
  ]);
  assert.equal(snapshot.consistent(({ name }) => name === 'absent').length, 2);
});

test('the next snapshot shares what did not change, and is the same when nothing does', () => {
  const snapshot = Snapshot.of(testMesh(['a', 'b'], 'a'));
  const next = snapshot.with({ set: [testEndpoints('a', 1)], remove: [{ typeUrl: TYPE_URL.cluster, name: 'b' }] });
  assert.equal(next.resources(TYPE_URL.route), snapshot.resources(TYPE_URL.route));
  assert.equal(snapshot.resources(TYPE_URL.cluster).size, 2);
  assert.equal(next.resources(TYPE_URL.cluster).size, 1);
  assert.equal(snapshot.with({ set: [testEndpoints('a')] }), snapshot);
});

test('a map of any size knows its names, its version and what differs', () => {
  const all = Array.from({ length: 2000 }, (_, at) => testEndpoints(`c${String(at)}`));
  const map = ResourceMap.of(all);
  assert.equal(map.size, 2000);
  assert.equal([...map.values()].length, 2000);
  for (const { name } of all) assert.equal(map.has(name), true);
  const changed = map.with([testEndpoints('c7', 1), testEndpoints('new')], ['c9', 'never']);
  assert.deepEqual([...changed.differing(map)].sort(), ['c7', 'c9', 'new']);
  assert.notEqual(changed.version, map.version);
  const back = changed.with([testEndpoints('c7'), testEndpoints('c9')], ['new']);
  assert.equal(back.version, map.version);
  const half = ResourceMap.of(all.slice(0, 10));
  assert.equal([...half.differing(map)].length, 1990);
});

test('a map over another one is the two together, and shares the one below', () => {
  const below = ResourceMap.of(Array.from({ length: 500 }, (_, at) => testEndpoints(`c${String(at)}`)));
  const over = ResourceMap.over(below, [testEndpoints('own'), testEndpoints('c7', 1)]);
  assert.deepEqual([over.size, [...over.values()].length, over.has('own'), over.has('c7')], [501, 501, true, true]);
  assert.equal(over.version, below.with([testEndpoints('own')]).version);
  assert.equal(over.get('c7')?.version, below.get('c7')?.version, 'what is below counts');
  const next = ResourceMap.over(below.with([testEndpoints('c7', 1)]), [testEndpoints('own')]);
  assert.deepEqual(next.differing(over), ['c7']);
  assert.deepEqual([...over.with([testEndpoints('own', 1)]).differing(over)], ['own']);
  const flat = over.with([testEndpoints('c7', 1), testEndpoints('new')], ['own', 'c9']);
  assert.deepEqual([...flat.differing(below)].sort(), ['c7', 'c9', 'new']);
  assert.equal(ResourceMap.over(below, []), below);
});

test('whether a change leads to another map is known without making it', () => {
  const from = ResourceMap.of([testEndpoints('a'), testEndpoints('b')]);
  const to = ResourceMap.of([testEndpoints('a', 1), testEndpoints('c')]);
  assert.equal(from.leadsTo(to, [testEndpoints('a', 1), testEndpoints('c')], ['b']), true);
  assert.equal(from.leadsTo(to, [testEndpoints('a', 1)], ['b']), false);
  assert.equal(from.leadsTo(to, [testEndpoints('a', 2), testEndpoints('c')], ['b']), false);
});

test('clusters are named by more than routes', () => {
  const any = (typeName: string, value: object): JsonValue => ({
    '@type': `type.googleapis.com/${typeName}`,
    ...value,
  });
  const listener = fromJson(
    registry().getMessage('envoy.config.listener.v3.Listener')!,
    {
      name: 'l',
      filterChains: [
        {
          filters: [
            {
              name: 'redis',
              typedConfig: any('envoy.extensions.filters.network.redis_proxy.v3.RedisProxy', {
                prefixRoutes: { catchAllRoute: { cluster: 'db' }, routes: [{ prefix: 'x', cluster: 'cache' }] },
              }),
            },
            {
              name: 'hcm',
              typedConfig: any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
                tracing: {
                  provider: {
                    name: 'zipkin',
                    typedConfig: any('envoy.config.trace.v3.ZipkinConfig', { collectorCluster: 'spans' }),
                  },
                },
                accessLog: [
                  {
                    name: 'als',
                    typedConfig: any('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig', {
                      commonConfig: { grpcService: { envoyGrpc: { clusterName: 'logs' } } },
                    }),
                  },
                ],
              }),
            },
          ],
        },
      ],
    },
    { registry: registry() },
  );
  assert.deepEqual(
    referencesOf(listener)
      .map(({ name }) => name)
      .sort(),
    ['cache', 'db', 'logs', 'spans'],
  );
});
