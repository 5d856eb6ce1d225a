import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer, type MetricLabels } from './index.ts';
import { TestProxy, testCluster, testEndpoints, testMesh } from './testing.ts';

interface World {
  readonly cache: SnapshotCache;
  readonly server: XdsServer;
  readonly counted: string[];
  settle(): void;
  proxy(protocol: 'sotw' | 'delta', acknowledge?: boolean): TestProxy;
}

function world(): World {
  const runtime = createFakeRuntime();
  const cache = new SnapshotCache();
  const counted: string[] = [];
  const count = (name: string, labels: MetricLabels = {}): void =>
    void counted.push([name, ...Object.values(labels)].join(' '));
  const metrics = { count, gauge: count, observe: () => undefined };
  const server = new XdsServer({ cache, runtime, metrics: { ...metrics, gauge: () => undefined } });
  const net = new InMemoryGrpc(server.services);
  return {
    cache,
    server,
    counted,
    settle: () => {
      net.deliver();
      runtime.timers.advance(0);
      net.deliver();
    },
    proxy: (protocol, acknowledge = true) => new TestProxy(net, { protocol, acknowledge }),
  };
}

test('what a proxy has from an earlier stream is not sent again, and what is gone is removed', () => {
  const w = world();
  const [same, changed] = [testCluster('same'), testCluster('changed')];
  w.cache.set('proxy-1', Snapshot.of([same, changed, testCluster('new')]));
  const proxy = w.proxy('delta');
  const initialResourceVersions = { same: same.version, changed: 'older', gone: 'x' };
  proxy.send(TYPE_URL.cluster, { initialResourceVersions });
  w.settle();
  assert.deepEqual(proxy.story(), ['cds changed new -gone']);
});

test('names from an earlier stream are compared as well', () => {
  const w = world();
  const [a, b] = [testEndpoints('a'), testEndpoints('b')];
  w.cache.set('proxy-1', Snapshot.of([a, b]));
  const proxy = w.proxy('delta');
  const initialResourceVersions = { a: a.version, b: 'older' };
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a', 'b'], initialResourceVersions });
  w.settle();
  assert.deepEqual(proxy.story(), ['eds b']);
});

test('a name that is subscribed to again is sent again', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testEndpoints('a'), testEndpoints('b')]));
  const proxy = w.proxy('delta');
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a', 'b'] });
  w.settle();
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a'] });
  w.settle();
  assert.deepEqual(proxy.story(), ['eds a b', 'eds a']);
});

test('a name that is not there is said not to be there', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([]));
  const proxy = w.proxy('delta');
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['nobody'] });
  w.settle();
  assert.deepEqual(proxy.story(), ['eds -nobody']);
});

test('what is unsubscribed from is not sent any more, unless a wildcard still wants it', () => {
  const w = world();
  const snapshot = Snapshot.of([testEndpoints('a'), testEndpoints('b')]);
  w.cache.set('proxy-1', snapshot);
  const named = w.proxy('delta');
  named.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a', 'b'] });
  const wildcard = w.proxy('delta');
  wildcard.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['*', 'a'] });
  w.settle();
  named.send(TYPE_URL.endpoint, { resourceNamesUnsubscribe: ['a'] });
  wildcard.send(TYPE_URL.endpoint, { resourceNamesUnsubscribe: ['a'] });
  w.settle();
  w.cache.set('proxy-1', snapshot.with({ set: [testEndpoints('a', 1)] }));
  w.settle();
  assert.deepEqual(named.story(), ['eds a b']);
  assert.deepEqual(wildcard.story(), ['eds a b', 'eds a', 'eds a']);
  wildcard.send(TYPE_URL.endpoint, { resourceNamesUnsubscribe: ['*'] });
  w.settle();
  w.cache.set('proxy-1', Snapshot.of([]));
  w.settle();
  assert.equal(wildcard.responses.length, 3);
});

test('a subscription counts even when it comes with the nonce of an older response', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testEndpoints('a'), testEndpoints('b')]));
  const proxy = w.proxy('delta');
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a'] });
  w.settle();
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['b'], responseNonce: 'older' });
  w.settle();
  assert.deepEqual(proxy.story(), ['eds a', 'eds b']);
  assert.deepEqual(
    w.counted.filter((line) => line.includes('expired')),
    ['pilot_xds_expired_nonce eds'],
  );
});

test('state of the world: a request with the nonce of an older response changes nothing', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testEndpoints('a'), testEndpoints('b')]));
  const proxy = w.proxy('sotw');
  proxy.subscribe(TYPE_URL.endpoint, ['a']);
  w.settle();
  proxy.send(TYPE_URL.endpoint, { resourceNames: ['a', 'b'], responseNonce: 'older' });
  w.settle();
  assert.deepEqual(proxy.story(), ['eds a']);
});

test('state of the world: a proxy that repeats itself after its listeners changed gets its routes again', () => {
  const w = world();
  const mesh = testMesh([], 'static');
  w.cache.set('proxy-1', Snapshot.of(mesh));
  const proxy = w.proxy('sotw');
  proxy.subscribe(TYPE_URL.route, ['web']);
  w.settle();
  proxy.subscribe(TYPE_URL.route, ['web']);
  w.settle();
  assert.deepEqual(proxy.story(), ['rds web'], 'repeating alone asks for nothing');
  proxy.subscribe(TYPE_URL.listener);
  w.settle();
  proxy.subscribe(TYPE_URL.route, ['web']);
  w.settle();
  assert.deepEqual(proxy.story(), ['rds web', 'lds web', 'rds web']);
});

test('refusals are counted by type and node, and logged with their text', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testCluster('a')]));
  const proxy = w.proxy('delta', false);
  proxy.subscribe(TYPE_URL.cluster);
  w.settle();
  const [response] = proxy.responses;
  if (response !== undefined) proxy.refuse(response, 'bad');
  w.settle();
  assert.deepEqual(w.counted, ['pilot_xds_pushes cds', 'pilot_total_xds_rejects cds proxy-1']);
});
