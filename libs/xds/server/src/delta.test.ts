import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeResource, Snapshot, SnapshotCache, TYPE_URL, XdsServer, type MetricLabels } from './index.ts';
import { makeMessage } from './messages.ts';
import { TestProxy, testCluster, testEndpoints, testMesh } from './testing.ts';

interface World {
  /** Time goes on. */
  pass(ms: number): void;
  readonly cache: SnapshotCache;
  readonly server: XdsServer;
  readonly counted: string[];
  settle(): void;
  proxy(protocol: 'sotw' | 'delta', acknowledge?: boolean, features?: readonly string[]): TestProxy;
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
    pass: (ms) => {
      runtime.timers.advance(ms);
      net.deliver();
    },
    proxy: (protocol, acknowledge = true, features = []) => new TestProxy(net, { protocol, acknowledge, features }),
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
  assert.deepEqual(proxy.story(), ['cds changed new']);
  // Its listeners and routes, which may name what is gone, have time to say that they are there.
  w.pass(5000);
  w.settle();
  assert.deepEqual(proxy.story(1), ['cds -gone']);
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

test('state of the world: whoever named something and names nothing more wants nothing', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testCluster('a'), testCluster('b')]));
  const steps: readonly (readonly string[])[] = [[], ['*', 'a'], ['a'], []];
  const proxy = w.proxy('sotw');
  const held = steps.map((names) => {
    proxy.subscribe(TYPE_URL.cluster, names);
    w.settle();
    return proxy.responses.at(-1)?.names.toSorted();
  });
  assert.deepEqual(held, [['a', 'b'], ['a', 'b'], ['a'], []]);
  const asking = w.proxy('sotw');
  asking.subscribe(TYPE_URL.cluster, ['*']);
  w.settle();
  asking.subscribe(TYPE_URL.cluster, []);
  w.settle();
  assert.deepEqual(asking.responses.at(-1)?.names, []);
  w.cache.set('proxy-1', Snapshot.of([testCluster('c')]));
  w.settle();
  assert.deepEqual(asking.responses.at(-1)?.names, []);
});

test('delta: a name beside the wildcard stays when the wildcard goes', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testCluster('a'), testCluster('b')]));
  const proxy = w.proxy('delta');
  const steps = [
    {},
    { resourceNamesSubscribe: ['a', 'absent'] },
    { resourceNamesUnsubscribe: ['*'] },
    { resourceNamesUnsubscribe: ['a'] },
    {},
  ];
  for (const step of steps) {
    proxy.send(TYPE_URL.cluster, step);
    w.settle();
    w.cache.set(
      'proxy-1',
      Snapshot.of([testCluster('a', 2 + steps.indexOf(step)), testCluster('b', 2 + steps.indexOf(step))]),
    );
    w.settle();
  }
  assert.deepEqual(proxy.story(), ['cds a b', 'cds a b', 'cds a -absent', 'cds a b', 'cds a']);
});

const inCollection = (path: string): string => `xdstp://mesh/envoy.config.cluster.v3.Cluster/${path}`;

test('delta: a collection is all that is directly in it, whenever it comes, until it is asked for no more', () => {
  const w = world();
  const [one, two, other] = ['x/one', 'x/two', 'x/y/other'].map((path) => testCluster(inCollection(path)));
  assert.ok(one !== undefined && two !== undefined && other !== undefined);
  w.cache.set('proxy-1', Snapshot.of([one, other, testCluster('plain')]));
  const proxy = w.proxy('delta');
  proxy.send(TYPE_URL.cluster, { resourceNamesSubscribe: [inCollection('x/*'), inCollection('none/*')] });
  w.settle();
  w.cache.set('proxy-1', Snapshot.of([one, two, other]));
  w.settle();
  w.cache.set('proxy-1', Snapshot.of([two, other, testCluster(inCollection('none/now'))]));
  w.settle();
  proxy.send(TYPE_URL.cluster, { resourceNamesUnsubscribe: [inCollection('x/*')] });
  w.settle();
  w.cache.set('proxy-1', Snapshot.of([one, other]));
  w.settle();
  const short = (name: string): string => name.replace(/xdstp:\S*?Cluster\//g, '');
  assert.deepEqual(proxy.story().map(short), [
    'cds x/one -none/*',
    'cds x/two',
    'cds none/now -x/one',
    'cds -none/now',
  ]);
});

test('delta: of a collection that a proxy had before only what changed is sent', () => {
  const w = world();
  const [one, two] = [testCluster(inCollection('x/one')), testCluster(inCollection('x/two'))];
  w.cache.set('proxy-1', Snapshot.of([one, two]));
  const proxy = w.proxy('delta');
  proxy.send(TYPE_URL.cluster, {
    resourceNamesSubscribe: [inCollection('x/*')],
    initialResourceVersions: { [one.name]: one.version, [two.name]: 'older', [inCollection('x/gone')]: '1' },
  });
  w.settle();
  assert.deepEqual(proxy.story(), [`cds ${two.name} -${inCollection('x/gone')}`]);
});

const FEATURE = 'xds.config.resource-in-sotw';

for (const protocol of ['sotw', 'delta'] as const)
  test(`${protocol}: what has a TTL is prolonged by heartbeats without content for as long as the stream stands`, () => {
    const w = world();
    const mortal = testEndpoints('a', 1, { ttlMs: 3000 });
    w.cache.set('proxy-1', Snapshot.of([mortal, testEndpoints('b')]));
    const proxy = w.proxy(protocol, true, [FEATURE]);
    proxy.subscribe(TYPE_URL.endpoint, ['a', 'b']);
    w.settle();
    for (let i = 0; i < 3; i += 1) w.pass(1000);
    assert.deepEqual(
      proxy.responses.map(({ names, heartbeats }) => [names.toSorted(), heartbeats]),
      [
        [['a', 'b'], []],
        [[], ['a 3000']],
        [[], ['a 3000']],
        [[], ['a 3000']],
      ],
    );
    assert.equal(proxy.responses[0]?.ttls.get('a'), 3000);
    w.cache.set('proxy-1', Snapshot.of([testEndpoints('a'), testEndpoints('b')]));
    w.settle();
    w.pass(10_000);
    assert.deepEqual(proxy.story(4), ['eds a']);
    proxy.cancel();
    w.settle();
  });

test('state of the world: who does not know of TTLs is told of none, and who takes everything is sent everything', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testCluster('a', 1, { ttlMs: 3000 }), testCluster('b')]));
  const [old, current] = [w.proxy('sotw'), w.proxy('sotw', true, [FEATURE])];
  for (const proxy of [old, current]) proxy.subscribe(TYPE_URL.cluster);
  w.settle();
  w.pass(1000);
  assert.deepEqual(old.story(), ['cds a b']);
  assert.deepEqual(current.story(), ['cds a b', 'cds a b']);
  assert.deepEqual(
    [old, current].map(({ responses }) => responses.at(-1)?.ttls.get('a')),
    [undefined, 3000],
  );
});

test('delta: what a proxy has from an earlier stream is prolonged too', () => {
  const w = world();
  const mortal = testEndpoints('a', 1, { ttlMs: 3000 });
  const proxy = w.proxy('delta');
  const initialResourceVersions = { a: mortal.version };
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a'], initialResourceVersions });
  w.settle();
  w.cache.set('proxy-1', Snapshot.of([mortal]));
  w.settle();
  w.pass(1000);
  assert.deepEqual(
    proxy.responses.map(({ heartbeats }) => heartbeats),
    [['a 3000']],
  );
});

test('virtual hosts are given by name, and an empty resource says that there is none', () => {
  const { cache, proxy, settle } = world();
  const host = makeMessage('envoy.config.route.v3.VirtualHost', { name: 'a', domains: ['a.test'] });
  cache.set('proxy-1', Snapshot.of([encodeResource(host, { name: 'routes/a.test' })]));
  const client = proxy('delta');
  client.subscribe(TYPE_URL.virtualHost, []);
  settle();
  assert.equal(client.responses.length, 1, 'whoever waits for the first answer has it');
  client.subscribe(TYPE_URL.virtualHost, ['routes/a.test', 'routes/b.test']);
  settle();
  const { names, removed, heartbeats } = client.responses.at(-1) ?? assert.fail();
  assert.deepEqual([names, removed, heartbeats], [['a'], [], ['routes/b.test undefined']]);
  cache.set('proxy-1', Snapshot.empty);
  settle();
  assert.deepEqual(client.responses.at(-1)?.removed, ['routes/a.test']);
});

test('delta: a heartbeat that is refused comes too late, and the resource is sent again', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testEndpoints('a', 1, { ttlMs: 3000 })]));
  const proxy = w.proxy('delta', false);
  proxy.send(TYPE_URL.endpoint, { resourceNamesSubscribe: ['a'] });
  w.settle();
  const [first] = proxy.responses;
  assert.ok(first !== undefined);
  proxy.acknowledge(first);
  w.settle();
  w.pass(1000);
  const beat = proxy.responses.at(-1);
  assert.deepEqual(beat?.heartbeats, ['a 3000']);
  proxy.refuse(beat, 'there is no a');
  w.settle();
  assert.deepEqual(proxy.story(), ['eds a', 'eds', 'eds a']);
});

test('a heartbeat that waited for an acknowledgement until the resource was dead brings its content', () => {
  const w = world();
  w.cache.set('proxy-1', Snapshot.of([testEndpoints('a', 1, { ttlMs: 3000 })]));
  const proxy = w.proxy('sotw', false, [FEATURE]);
  proxy.subscribe(TYPE_URL.endpoint, ['a']);
  w.settle();
  w.pass(4000);
  const [first] = proxy.responses;
  assert.ok(first !== undefined);
  proxy.acknowledge(first);
  w.settle();
  assert.deepEqual(proxy.story(), ['eds a', 'eds a']);
});
