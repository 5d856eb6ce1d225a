import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Snapshot, SnapshotCache, XdsServer } from './index.ts';
import { ModelProxy, seeded } from './model-proxy.testing.ts';
import { testCluster, testEndpoints, testListener, testRoutes } from './testing.ts';

interface Wish {
  readonly clusters: readonly string[];
  /** The cluster of each route; a listener for each. */
  readonly routes: readonly (readonly [route: string, cluster: string])[];
}

function randomWish(below: (bound: number) => number): Wish {
  const clusters = ['a', 'b', 'c', 'd', 'e'].filter(() => below(2) === 0);
  if (clusters.length === 0) clusters.push('a');
  const routes = ['r1', 'r2'].slice(0, 1 + below(2));
  return { clusters, routes: routes.map((route) => [route, clusters[below(clusters.length)] ?? 'a']) };
}

function snapshotOf({ clusters, routes }: Wish, mark: (bound: number) => number): Snapshot {
  return Snapshot.of([
    ...clusters.flatMap((name) => [testCluster(name, 1 + mark(2)), testEndpoints(name, 1 + mark(3))]),
    ...routes.flatMap(([route, cluster]) => [
      testListener(route, route, 9000 + mark(2)),
      testRoutes(route, [[cluster, '*']]),
    ]),
  ]);
}

for (const protocol of ['sotw', 'delta'] as const)
  test(`${protocol}: whatever changes when, no route ever goes to a cluster that is not there or not ready`, () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const below = seeded(seed);
      const runtime = createFakeRuntime();
      const cache = new SnapshotCache();
      const server = new XdsServer({ cache, runtime });
      const net = new InMemoryGrpc(server.services);
      const model = new ModelProxy(net, protocol);
      let wish = randomWish(below);
      const step = (): void => {
        runtime.timers.advance(0);
        net.deliver();
      };
      for (let turn = 0; turn < 40; turn += 1) {
        if (below(3) === 0) {
          wish = randomWish(below);
          cache.set('proxy-1', snapshotOf(wish, below));
        }
        step();
        if (below(4) === 0) continue;
        model.answerOne(below);
        step();
      }
      cache.set('proxy-1', snapshotOf(wish, below));
      for (let turn = 0; turn < 30; turn += 1) {
        step();
        model.answerAll();
      }
      const seedText = `seed ${String(seed)}`;
      assert.deepEqual([...model.clusters].sort(), [...wish.clusters].sort(), seedText);
      assert.deepEqual([...model.routes].sort(), [...wish.routes].sort(), seedText);
      const states = server.status()[0]?.types.map(({ state }) => state);
      assert.deepEqual(new Set(states), new Set(['SYNCED']), seedText);
    }
  });
