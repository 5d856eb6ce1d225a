import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer } from './index.ts';
import { TestProxy, testCluster, testEndpoints, testListener, testRoutes, type ReceivedResponse } from './testing.ts';

/** A generator of one seed, so that a failure can be run again. Source: Park and Miller. */
function seeded(seed: number): (bound: number) => number {
  let state = seed * 48271 + 1;
  return (bound) => {
    state = (state * 48271) % 0x7fffffff;
    return state % bound;
  };
}

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

/** What a proxy would serve with, and what would fail. It answers when told, in any order of the types. */
class ModelProxy {
  readonly clusters = new Set<string>();
  readonly endpoints = new Set<string>();
  readonly listeners = new Set<string>();
  /** The cluster of each route. */
  readonly routes = new Map<string, string>();
  readonly unanswered: ReceivedResponse[] = [];
  readonly proxy: TestProxy;

  constructor(net: InMemoryGrpc, protocol: 'sotw' | 'delta') {
    this.proxy = new TestProxy(net, { protocol, acknowledge: false, onResponse: (response) => this.take(response) });
    this.proxy.subscribe(TYPE_URL.cluster);
    this.proxy.subscribe(TYPE_URL.listener);
  }

  private take(response: ReceivedResponse): void {
    const { typeUrl, names, removed, references } = response;
    if (typeUrl === TYPE_URL.cluster) {
      this.replace(this.clusters, response);
      for (const name of this.endpoints) if (!this.clusters.has(name)) this.endpoints.delete(name);
      this.proxy.subscribe(TYPE_URL.endpoint, [...this.clusters]);
    } else if (typeUrl === TYPE_URL.listener) {
      this.replace(this.listeners, response);
      for (const name of this.routes.keys()) if (!this.listeners.has(name)) this.routes.delete(name);
      if (this.listeners.size > 0) this.proxy.subscribe(TYPE_URL.route, [...this.listeners]);
    } else if (typeUrl === TYPE_URL.endpoint) {
      for (const name of names) this.endpoints.add(name);
      for (const name of removed) {
        // Of endpoints that never came it may be said that there are none.
        const used = this.endpoints.delete(name) && this.clusters.has(name);
        assert.equal(used, false, `the endpoints of ${name} went before it did`);
      }
    } else for (const name of names) this.routes.set(name, references.get(name)?.[0]?.name ?? '');
    this.unanswered.push(response);
    this.check();
  }

  private replace(set: Set<string>, { names, removed }: ReceivedResponse): void {
    if (this.proxy.protocol === 'sotw') set.clear();
    for (const name of names) set.add(name);
    for (const name of removed) set.delete(name);
  }

  private check(): void {
    for (const [route, cluster] of this.routes) {
      assert.equal(this.clusters.has(cluster), true, `${route} goes to ${cluster}, which is not there`);
      assert.equal(this.endpoints.has(cluster), true, `${route} goes to ${cluster}, which has no endpoints yet`);
    }
  }
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
        const [next] = model.unanswered.splice(below(Math.max(1, model.unanswered.length)), 1);
        if (next !== undefined) model.proxy.acknowledge(next);
        step();
      }
      cache.set('proxy-1', snapshotOf(wish, below));
      for (let turn = 0; turn < 30; turn += 1) {
        step();
        for (const response of model.unanswered.splice(0)) model.proxy.acknowledge(response);
      }
      const seedText = `seed ${String(seed)}`;
      assert.deepEqual([...model.clusters].sort(), [...wish.clusters].sort(), seedText);
      assert.deepEqual([...model.routes].sort(), [...wish.routes].sort(), seedText);
      const states = server.status()[0]?.types.map(({ state }) => state);
      assert.deepEqual(new Set(states), new Set(['SYNCED']), seedText);
    }
  });
