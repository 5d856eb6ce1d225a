import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer, type Resource, type XdsServerOptions } from './index.ts';
import {
  TestProxy,
  testCluster,
  testEndpoints,
  testListener,
  testMesh,
  testRoute,
  type ReceivedResponse,
  type TestProxyOptions,
} from './testing.ts';

interface World {
  readonly runtime: FakeRuntime;
  readonly cache: SnapshotCache;
  readonly server: XdsServer;
  readonly net: InMemoryGrpc;
  set(resources: readonly Resource[]): Snapshot;
  settle(): void;
  proxy(options?: Partial<TestProxyOptions>): TestProxy;
}

function world(protocol: 'sotw' | 'delta', options: Partial<XdsServerOptions> = {}): World {
  const runtime = createFakeRuntime();
  const cache = new SnapshotCache();
  const server = new XdsServer({ cache, runtime, ...options });
  const net = new InMemoryGrpc(server.services);
  const settle = (): void => {
    for (let turn = 0; turn < 5; turn += 1) {
      net.deliver();
      runtime.timers.advance(0);
    }
  };
  return {
    runtime,
    cache,
    server,
    net,
    settle,
    set(resources) {
      const snapshot = Snapshot.of(resources);
      cache.set('proxy-1', snapshot);
      settle();
      return snapshot;
    },
    proxy: (more = {}) => new TestProxy(net, { protocol, ...more }),
  };
}

/** Subscribes as Envoy does: endpoints of the clusters that came, routes of the listeners that came. */
function envoy(w: World, more: Partial<TestProxyOptions> = {}): TestProxy {
  const clusters = new Set<string>();
  const proxy: TestProxy = w.proxy({
    ...more,
    onResponse: (response: ReceivedResponse) => {
      if (response.typeUrl === TYPE_URL.cluster) {
        const before = [...clusters].join();
        // State of the world names every cluster each time; delta names what changed.
        if (response.names.length > 0) for (const name of response.names) clusters.add(name);
        for (const name of [...clusters]) if (response.removed.includes(name)) clusters.delete(name);
        if ([...clusters].join() !== before) proxy.subscribe(TYPE_URL.endpoint, [...clusters]);
      }
      if (response.typeUrl === TYPE_URL.listener && response.names.length > 0) proxy.subscribe(TYPE_URL.route, ['web']);
      more.onResponse?.(response);
    },
  });
  proxy.subscribe(TYPE_URL.cluster);
  proxy.subscribe(TYPE_URL.listener);
  return proxy;
}

for (const protocol of ['sotw', 'delta'] as const)
  describe(`the server, speaking ${protocol}`, () => {
    test('clusters, endpoints, listeners and routes come in this order', () => {
      const w = world(protocol);
      w.set(testMesh(['a', 'b'], 'a'));
      const proxy = envoy(w);
      w.settle();
      assert.deepEqual(proxy.story(), ['cds a b', 'eds a b', 'lds web', 'rds web']);
    });

    test('nothing is sent before there is a snapshot, and then everything', () => {
      const w = world(protocol);
      const proxy = envoy(w);
      w.settle();
      assert.deepEqual(proxy.story(), []);
      w.set(testMesh(['a'], 'a'));
      assert.deepEqual(proxy.story(), ['cds a', 'eds a', 'lds web', 'rds web']);
    });

    test('an empty snapshot is answered for the types that are asked for as a whole', () => {
      const w = world(protocol);
      w.set([]);
      const proxy = envoy(w);
      w.settle();
      assert.deepEqual(proxy.story(), ['cds', 'lds']);
    });

    test('one endpoint that changes sends one resource', () => {
      const w = world(protocol);
      const names = Array.from({ length: 100 }, (_, at) => `c${String(at)}`);
      const snapshot = w.set(testMesh(names, 'c1'));
      const proxy = envoy(w);
      w.settle();
      const before = proxy.responses.length;
      w.cache.set('proxy-1', snapshot.with({ set: [testEndpoints('c7', 9999)] }));
      w.settle();
      assert.deepEqual(proxy.story(before), ['eds c7']);
    });

    test('a route moves to a new cluster before the old one goes', () => {
      const w = world(protocol);
      w.set(testMesh(['a'], 'a'));
      const proxy = envoy(w);
      w.settle();
      const before = proxy.responses.length;
      w.set(testMesh(['b'], 'b'));
      const made =
        protocol === 'sotw'
          ? ['cds a b', 'eds b', 'rds web', 'cds b']
          : ['cds b', 'eds b', 'rds web', 'cds -a', 'eds -a'];
      assert.deepEqual(proxy.story(before), made);
      assert.deepEqual(
        w.server.status()[0]?.types.map(({ state }) => state),
        ['SYNCED', 'SYNCED', 'SYNCED', 'SYNCED'],
      );
    });

    test('a proxy that acknowledges clusters only once it has their endpoints, as Envoy does, gets them', () => {
      const w = world(protocol);
      w.set(testMesh(['a'], 'a'));
      let clusters: ReceivedResponse | undefined;
      const proxy: TestProxy = envoy(w, {
        acknowledge: false,
        onResponse: (response) => {
          if (response.typeUrl === TYPE_URL.cluster && response.names.includes('b')) {
            clusters = response;
            return;
          }
          proxy.acknowledge(response);
          if (response.typeUrl === TYPE_URL.endpoint && clusters !== undefined) proxy.acknowledge(clusters);
        },
      });
      w.settle();
      w.set(testMesh(['a', 'b'], 'b'));
      assert.deepEqual(proxy.story(4), [protocol === 'sotw' ? 'cds a b' : 'cds b', 'eds b', 'rds web']);
    });

    test('a refused route keeps the old cluster', () => {
      const w = world(protocol);
      w.set(testMesh(['a'], 'a'));
      let refusing = false;
      const proxy: TestProxy = envoy(w, {
        acknowledge: false,
        onResponse: (response) => {
          if (refusing && response.typeUrl === TYPE_URL.route) proxy.refuse(response, 'no such thing');
          else proxy.acknowledge(response);
        },
      });
      w.settle();
      refusing = true;
      const before = proxy.responses.length;
      w.set(testMesh(['b'], 'b'));
      assert.deepEqual(proxy.story(before), [protocol === 'sotw' ? 'cds a b' : 'cds b', 'eds b', 'rds web']);
      const status = w.server.status()[0]?.types.find(({ typeUrl }) => typeUrl === TYPE_URL.route);
      assert.equal(status?.state, 'NACKED');
      assert.equal(status.error, 'no such thing');
      refusing = false;
      w.set([...testMesh(['b'], 'b').slice(0, -1), testRoute('web', 'b'), testCluster('c'), testEndpoints('c')]);
      assert.equal(proxy.has.get(TYPE_URL.cluster)?.has('c'), true);
    });

    test('a refusal ends when what was refused is gone, or is not wanted any more', () => {
      for (const how of ['gone', 'not wanted']) {
        const w = world(protocol);
        w.set([testEndpoints('bad'), testEndpoints('good')]);
        const proxy: TestProxy = w.proxy({
          acknowledge: false,
          onResponse: (response) => {
            if (response.names.includes('bad')) proxy.refuse(response, 'no such thing');
            else proxy.acknowledge(response);
          },
        });
        const status = (): unknown[] => {
          const type = w.server.status()[0]?.types.find(({ typeUrl }) => typeUrl === TYPE_URL.endpoint);
          return [type?.state, type?.error];
        };
        proxy.subscribe(TYPE_URL.endpoint, ['bad']);
        w.settle();
        assert.deepEqual(status(), ['NACKED', 'no such thing']);
        if (how === 'gone') w.set([testEndpoints('good')]);
        else proxy.subscribe(TYPE_URL.endpoint, []);
        w.settle();
        assert.deepEqual(status(), ['SYNCED', undefined], how);
      }
    });

    test('while an answer is awaited only the newest state waits', () => {
      const w = world(protocol);
      w.set(testMesh(['a'], 'a'));
      const proxy = w.proxy({ acknowledge: false });
      proxy.subscribe(TYPE_URL.cluster);
      w.settle();
      for (let mark = 2; mark < 10; mark += 1) w.set([testCluster('a', mark)]);
      assert.equal(proxy.responses.length, 1);
      assert.equal(w.server.status()[0]?.types[0]?.state, 'NEVER_ACKNOWLEDGED');
      proxy.acknowledge(proxy.responses[0] as ReceivedResponse);
      w.settle();
      assert.equal(proxy.responses.length, 2);
      proxy.acknowledge(proxy.responses[1] as ReceivedResponse);
      w.settle();
      assert.equal(proxy.responses.length, 2);
      assert.equal(w.server.status()[0]?.types[0]?.state, 'SYNCED');
    });

    test('a refused response is not sent again until something changes', () => {
      const w = world(protocol);
      w.set([testCluster('bad')]);
      const proxy = w.proxy({ acknowledge: false });
      proxy.subscribe(TYPE_URL.cluster);
      w.settle();
      proxy.refuse(proxy.responses[0] as ReceivedResponse, 'bad is bad');
      w.settle();
      assert.equal(proxy.responses.length, 1);
      w.set([testCluster('good')]);
      assert.deepEqual(proxy.story(1), ['cds good']);
    });

    test('an answer to an older response is ignored', () => {
      const w = world(protocol);
      w.set([testCluster('a')]);
      const proxy = w.proxy({ acknowledge: false });
      proxy.subscribe(TYPE_URL.cluster);
      w.settle();
      proxy.acknowledge({ ...(proxy.responses[0] as ReceivedResponse), nonce: 'older' });
      w.settle();
      assert.equal(w.server.status()[0]?.types[0]?.state, 'NEVER_ACKNOWLEDGED');
    });

    test('versions of the types are independent, and equal contents have equal versions', () => {
      const w = world(protocol);
      const mesh = testMesh(['a'], 'a');
      w.set(mesh);
      const proxy = envoy(w);
      w.settle();
      const again = world(protocol);
      again.set([...mesh].reverse());
      const other = envoy(again);
      again.settle();
      assert.deepEqual(
        proxy.responses.map(({ version }) => version),
        other.responses.map(({ version }) => version),
      );
      assert.equal(new Set(proxy.responses.map(({ version }) => version)).size, 4);
    });

    test('a changed cluster gets its endpoints again, which it waits for', () => {
      const w = world(protocol);
      const snapshot = w.set(testMesh(['a', 'b'], 'a'));
      const proxy = envoy(w);
      w.settle();
      const before = proxy.responses.length;
      w.cache.set('proxy-1', snapshot.with({ set: [testCluster('a', 2)] }));
      w.settle();
      assert.deepEqual(proxy.story(before), [protocol === 'sotw' ? 'cds a b' : 'cds a', 'eds a']);
    });

    test('routes wait no longer than the patience for a proxy that asks for no endpoints', () => {
      const w = world(protocol);
      w.set(testMesh(['a'], 'a'));
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.cluster);
      proxy.subscribe(TYPE_URL.listener);
      w.settle();
      assert.deepEqual(proxy.story(), ['cds a']);
      w.runtime.timers.advance(5000);
      w.settle();
      assert.deepEqual(proxy.story(), ['cds a', 'lds web']);
    });

    test('names that do not exist yet come when they do', () => {
      const asked: string[] = [];
      const w = world(protocol, {
        owner: {
          onDemand: (_node, typeUrl, names) => {
            asked.push(`${typeUrl.split('.').at(-1) ?? ''} ${names.join(' ')}`);
            return true;
          },
        },
      });
      w.set([]);
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.endpoint, ['late']);
      w.settle();
      assert.deepEqual(asked, ['ClusterLoadAssignment late']);
      assert.deepEqual(proxy.story(), []);
      w.set([testEndpoints('late')]);
      assert.deepEqual(proxy.story(), ['eds late']);
    });

    test('only the names that are asked for are sent', () => {
      const w = world(protocol);
      w.set([testEndpoints('a'), testEndpoints('b'), testEndpoints('c')]);
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.endpoint, ['a', 'b']);
      w.settle();
      proxy.subscribe(TYPE_URL.endpoint, ['b', 'c']);
      w.settle();
      assert.deepEqual(proxy.story(), ['eds a b', 'eds c']);
      w.set([testEndpoints('a', 1), testEndpoints('b', 1), testEndpoints('c')]);
      assert.deepEqual(proxy.story(2), ['eds b']);
    });

    test('an explicit wildcard asks for everything', () => {
      const w = world(protocol);
      w.set([testEndpoints('a'), testEndpoints('b')]);
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.endpoint, ['*']);
      w.settle();
      assert.deepEqual(proxy.story(), ['eds a b']);
    });

    test('a caller that is not admitted gets nothing', () => {
      const w = world(protocol, { owner: { admit: ({ node }) => `${node.id} is a stranger` } });
      w.set(testMesh(['a'], 'a'));
      const proxy = envoy(w);
      w.settle();
      assert.deepEqual(proxy.status, { code: 16, message: 'proxy-1 is a stranger' });
      assert.deepEqual(w.server.status(), []);
    });

    test('what is withheld from a caller does not come, whatever else does', () => {
      const w = world(protocol, { owner: { withholds: (_caller, typeUrl) => typeUrl === TYPE_URL.endpoint } });
      w.set([testEndpoints('a'), testListener('web', 'web')]);
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.endpoint, ['a']);
      proxy.subscribe(TYPE_URL.listener);
      w.settle();
      w.set([testEndpoints('a', 1), testListener('web', 'web')]);
      assert.deepEqual(proxy.story(), ['lds web']);
    });

    test('a stream stays with the node that it was admitted as', () => {
      const w = world(protocol);
      w.cache.set('other', Snapshot.of([testEndpoints('hidden')]));
      w.set([testEndpoints('a')]);
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.endpoint, ['a', 'hidden']);
      w.settle();
      proxy.send(TYPE_URL.endpoint, { node: { id: 'other' } });
      w.settle();
      w.set([testEndpoints('a', 1)]);
      assert.deepEqual(proxy.status, { code: 3, message: 'the node is other, and the stream began as proxy-1' });
      assert.deepEqual(proxy.story(), [protocol === 'sotw' ? 'eds a' : 'eds a -hidden']);
    });

    test('a stream that ends is forgotten, and leaves no timer', () => {
      const w = world(protocol);
      w.set(testMesh(['a'], 'a'));
      const proxy = w.proxy();
      proxy.subscribe(TYPE_URL.cluster);
      w.settle();
      assert.equal(w.server.status().length, 1);
      proxy.cancel();
      w.settle();
      assert.equal(w.server.status().length, 0);
      assert.equal(w.runtime.timers.pending, 0);
      assert.equal(proxy.story()[0], 'cds a');
    });

    test('a listener is added after the clusters that it needs', () => {
      const w = world(protocol);
      const snapshot = w.set(testMesh(['a'], 'a'));
      const proxy = envoy(w);
      w.settle();
      const before = proxy.responses.length;
      const set = [testCluster('n'), testEndpoints('n'), testListener('web', 'web', 9001), testRoute('web', 'n')];
      w.cache.set('proxy-1', snapshot.with({ set }));
      w.settle();
      assert.deepEqual(proxy.story(before), [protocol === 'sotw' ? 'cds a n' : 'cds n', 'eds n', 'lds web', 'rds web']);
    });
  });
