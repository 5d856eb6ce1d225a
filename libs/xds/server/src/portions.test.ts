import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer } from './index.ts';
import { NameList, NamePool } from './name-list.ts';
import { TestProxy, testEndpoints } from './testing.ts';

const MANY = Array.from(
  { length: 20_000 },
  (_, at) => `outbound|8080||service-${String(at)}.default.svc.cluster.local`,
);

function world(): { proxy(protocol: 'sotw' | 'delta'): TestProxy; settle(): void; cache: SnapshotCache } {
  const runtime = createFakeRuntime();
  const cache = new SnapshotCache(() => 'all');
  cache.set('all', Snapshot.of(MANY.map((name) => testEndpoints(name))));
  const net = new InMemoryGrpc(new XdsServer({ cache, runtime }).services);
  return {
    cache,
    proxy: (protocol) => new TestProxy(net, { protocol }),
    settle: () => {
      for (let turn = 0; turn < 20; turn += 1) {
        net.deliver();
        runtime.timers.advance(0);
      }
    },
  };
}

for (const [protocol, limit] of [
  ['sotw', 3.5 * 1024 * 1024],
  ['delta', 1024 * 1024],
] as const)
  test(`${protocol}: what is too much for one response comes in several, one after another, and each thing once`, () => {
    const w = world();
    const proxy = w.proxy(protocol);
    proxy.subscribe(TYPE_URL.endpoint, [...MANY, 'nobody']);
    w.settle();
    assert.ok(proxy.responses.length > 1);
    assert.ok(proxy.responses.every(({ octets }) => octets <= limit + 1024));
    assert.deepEqual(proxy.responses.flatMap(({ names }) => names).sort(), [...MANY].sort());
    assert.deepEqual(
      proxy.responses.flatMap(({ removed }) => removed),
      protocol === 'delta' ? ['nobody'] : [],
    );
  });

test('what changes while a proxy gets its first resources arrives in its newest state', () => {
  const w = world();
  const proxy = w.proxy('delta');
  proxy.subscribe(TYPE_URL.endpoint, MANY);
  w.cache.set('all', Snapshot.of(MANY.slice(1).map((name, at) => testEndpoints(name, at === 7 ? 1 : 8080))));
  w.settle();
  const resources = w.cache.get('all')?.resources(TYPE_URL.endpoint);
  assert.deepEqual([...(proxy.has.get(TYPE_URL.endpoint)?.keys() ?? [])].sort(), MANY.slice(1).sort());
  assert.equal(resources?.size, MANY.length - 1);
});

test('who sends the same names shares the list, and sets that were made the same way are the same', () => {
  const pool = new NamePool();
  let read = 0;
  const list = (text: string): NameList =>
    pool.find(Buffer.from(text), () => {
      read += 1;
      return text.split(' ');
    });
  assert.equal(list('a b'), list('a b'));
  assert.equal(read, 1);
  const [first, more] = [list('a b').set, list('c d')];
  const { next, isFresh } = first.plus(more);
  assert.equal(first.plus(more).next, next);
  assert.deepEqual([isFresh, [...next]], [true, ['a', 'b', 'c', 'd']]);
  assert.equal(next.plus(list('d e')).isFresh, false);
  assert.equal(next.minus(['b']), next.minus(['b']));
  assert.deepEqual([...next.minus(['b', 'x'])], ['a', 'c', 'd']);
  assert.equal(next.minus(['x']), next);
  assert.deepEqual(next.without(first), ['c', 'd']);
});
