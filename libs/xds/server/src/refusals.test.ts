import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientStatusResponse } from './client-config.ts';
import { formatHeldBack, Snapshot, SnapshotCache, TYPE_URL, XdsServer, type ProxyStatus } from './index.ts';
import {
  badCluster,
  badListener,
  badRoute,
  hostsTo,
  ModelProxy,
  seeded,
  type Refusing,
} from './model-proxy.testing.ts';
import { testCluster, testEndpoints, testListener } from './testing.ts';

type Below = (bound: number) => number;

/** What is wanted, and which of it a proxy refuses. */
interface Wish {
  readonly clusters: readonly string[];
  /** The clusters of each route, `a` or `a b`; a listener for each. */
  readonly routes: readonly (readonly [route: string, cluster: string])[];
  readonly bad: ReadonlySet<string>;
}

function randomWish(below: Below): Wish {
  const clusters = ['a', 'b', 'c', 'd', 'e', 'f'].filter(() => below(2) === 0);
  if (clusters.length === 0) clusters.push('a');
  const routes = ['r1', 'r2', 'r3'].slice(0, 1 + below(3));
  const any = (): string => clusters[below(clusters.length)] ?? 'a';
  const wish = routes.map(
    (route) => [route, [...new Set(below(2) === 0 ? [any()] : [any(), any()])].join(' ')] as const,
  );
  const all = [...clusters, ...routes.flatMap((route) => [`${route} listener`, `${route} routes`])];
  return { clusters, routes: wish, bad: new Set(all.filter(() => below(5) === 0)) };
}

function snapshotOf({ clusters, routes, bad }: Wish, mark: Below): Snapshot {
  return Snapshot.of([
    ...clusters.flatMap((name) => [
      bad.has(name) ? badCluster(name) : testCluster(name, 1 + mark(2)),
      testEndpoints(name, 1 + mark(3)),
    ]),
    ...routes.flatMap(([route, cluster]) => [
      bad.has(`${route} listener`) ? badListener(route) : testListener(route, route, 9000 + mark(2)),
      bad.has(`${route} routes`) ? badRoute(route) : hostsTo(route, cluster),
    ]),
  ]);
}

class World {
  readonly runtime = createFakeRuntime();
  readonly cache = new SnapshotCache();
  readonly server = new XdsServer({ cache: this.cache, runtime: this.runtime });
  readonly net = new InMemoryGrpc(this.server.services);
  readonly model: ModelProxy;

  constructor(protocol: 'sotw' | 'delta', refusing: Refusing) {
    this.model = new ModelProxy(this.net, protocol, refusing);
  }

  step(): void {
    this.runtime.timers.advance(0);
    this.net.deliver();
  }

  settle(): void {
    // As long as removals wait for a proxy that came back to say what it has.
    this.runtime.timers.advance(5000);
    for (let turn = 0; turn < 120; turn += 1) {
      this.step();
      this.model.answerAll();
    }
  }

  set(wish: Wish, mark: Below): void {
    this.cache.set('proxy-1', snapshotOf(wish, mark));
  }

  /** What is held back, and why. */
  get held(): readonly (readonly [name: string, reason: string])[] {
    return this.status.types.flatMap(({ heldBack = [] }) =>
      heldBack.map((one) => [one.name, formatHeldBack(one).replace('held back: ', '')] as const),
    );
  }

  get status(): ProxyStatus {
    return this.server.status()[0] as ProxyStatus;
  }
}

/** Nothing that is good waits for what is bad. */
function assertAllGoodArrived({ model }: World, { clusters, routes, bad }: Wish, text: string): void {
  for (const name of clusters)
    if (!bad.has(name)) assert.equal(model.clusters.has(name), true, `${text}: ${name} has not come`);
  for (const [route, cluster] of routes) {
    const isBad =
      cluster.split(' ').some((one) => bad.has(one)) || bad.has(`${route} listener`) || bad.has(`${route} routes`);
    if (!isBad) assert.equal(model.routes.get(route), cluster, `${text}: ${route} has not come`);
  }
}

for (const protocol of ['sotw', 'delta'] as const)
  for (const refusing of ['nothing is used', 'others are used'] as const) {
    const how = `${protocol}, of a refused response ${refusing}`;

    test(`${how}: whatever is refused, no route goes to a cluster that is not there, and all that is good arrives`, () => {
      for (let seed = 1; seed <= 120; seed += 1) {
        const below = seeded(seed);
        const w = new World(protocol, refusing);
        let wish = randomWish(below);
        for (let turn = 0; turn < 40; turn += 1) {
          if (below(4) === 0) w.set((wish = randomWish(below)), below);
          w.step();
          if (below(4) > 0) w.model.answerOne(below);
          w.step();
        }
        w.set(wish, below);
        w.settle();
        assertAllGoodArrived(w, wish, `seed ${String(seed)}`);
        const mended = { ...wish, bad: new Set<string>() };
        w.set(mended, below);
        w.settle();
        assertSynced(w, mended, `seed ${String(seed)}`);
      }
    });

    test(`${how}: the same over streams that end and come back`, () => {
      for (let seed = 1; seed <= 120; seed += 1) {
        const below = seeded(seed);
        const w = new World(protocol, refusing);
        let wish = randomWish(below);
        for (let turn = 0; turn < 60; turn += 1) {
          if (below(4) === 0) w.set((wish = randomWish(below)), below);
          w.step();
          if (below(12) === 0) w.model.reconnect();
          if (below(4) > 0) w.model.answerOne(below);
          w.step();
        }
        w.set(wish, below);
        w.settle();
        if (protocol === 'delta') assertAllGoodArrived(w, wish, `seed ${String(seed)}`);
        const mended = { ...wish, bad: new Set<string>() };
        w.set(mended, below);
        w.settle();
        assertSynced(w, mended, `seed ${String(seed)}`);
      }
    });
  }

function assertSynced({ model, status }: World, { clusters, routes }: Wish, text: string): void {
  assert.deepEqual([...model.clusters].sort(), [...clusters].sort(), text);
  assert.deepEqual([...model.routes].sort(), [...routes].sort(), text);
  assert.deepEqual(new Set(status.types.map(({ state }) => state)), new Set(['SYNCED']), text);
  for (const { heldBack } of status.types) assert.equal(heldBack, undefined, text);
}

for (const protocol of ['sotw', 'delta'] as const) {
  const start = (): World => {
    const w = new World(protocol, 'nothing is used');
    w.set(wishOf({ r1: 'old', r2: 'other' }), fixed);
    w.settle();
    return w;
  };

  test(`${protocol}: routes to a cluster that was refused are held back, others are not, and they follow when it is mended`, () => {
    const w = start();
    w.set(wishOf({ r1: 'new', r2: 'fresh', r3: 'new' }, ['new']), fixed);
    w.settle();
    assert.deepEqual(Object.fromEntries(w.model.routes), { r1: 'old', r2: 'fresh' });
    assert.deepEqual([...w.model.clusters].sort(), ['fresh', 'old']);
    assert.deepEqual(w.held, [
      ['r3', `it names the route "r3", which is held back`],
      ['r1', `it names the cluster "new", which the proxy refused`],
    ]);
    w.set(wishOf({ r1: 'new', r2: 'fresh', r3: 'new' }), fixed);
    w.settle();
    assert.deepEqual(Object.fromEntries(w.model.routes), { r1: 'new', r2: 'fresh', r3: 'new' });
    assert.deepEqual([...w.model.clusters].sort(), ['fresh', 'new']);
    assert.deepEqual(w.held, []);
  });

  test(`${protocol}: only the virtual hosts that name it are held back, as they were or altogether`, () => {
    const w = start();
    w.set(wishOf({ r1: 'new fresh', r2: 'other new' }, ['new']), fixed);
    w.settle();
    assert.deepEqual(Object.fromEntries(w.model.routes), { r1: 'old fresh', r2: 'other' });
    assert.deepEqual([...w.model.clusters].sort(), ['fresh', 'old', 'other']);
    assert.deepEqual(w.held.map(([name]) => name).sort(), ['r1', 'r2']);
    w.set(wishOf({ r1: 'new fresh', r2: 'other new', r3: 'fresh new' }, ['new']), fixed);
    w.settle();
    assert.equal(w.model.routes.get('r3'), 'fresh');
    w.set(wishOf({ r1: 'new fresh', r2: 'other new' }), fixed);
    w.settle();
    assert.deepEqual(Object.fromEntries(w.model.routes), { r1: 'new fresh', r2: 'other new' });
    assert.deepEqual([...w.model.clusters].sort(), ['fresh', 'new', 'other']);
  });

  test(`${protocol}: a cluster that was refused holds up none that come later`, () => {
    const w = start();
    w.set(wishOf({ r1: 'old', r2: 'other' }, ['other']), fixed);
    w.settle();
    w.set(wishOf({ r1: 'new', r2: 'other' }, ['other']), fixed);
    w.settle();
    assert.deepEqual(Object.fromEntries(w.model.routes), { r1: 'new', r2: 'other' });
    assert.equal(w.status.types.find(({ typeUrl }) => typeUrl === TYPE_URL.cluster)?.state, 'NACKED');
  });

  test(`${protocol}: a cluster stays while a route names it whose successor was refused, and others go`, () => {
    const w = start();
    w.set(wishOf({ r1: 'new', r2: 'fresh' }, ['r1 routes']), fixed);
    w.settle();
    assert.deepEqual(Object.fromEntries(w.model.routes), { r1: 'old', r2: 'fresh' });
    assert.deepEqual([...w.model.clusters].sort(), ['fresh', 'new', 'old']);
  });

  test(`${protocol}: a refusal is forgotten with what was refused`, () => {
    const w = start();
    w.set(wishOf({ r1: 'old', r2: 'other', r3: 'bad' }, ['bad', 'r3 listener']), fixed);
    w.settle();
    assert.equal(w.status.types.filter(({ state }) => state === 'NACKED').length, 2);
    w.set(wishOf({ r1: 'old', r2: 'other' }), fixed);
    w.settle();
    assert.deepEqual(new Set(w.status.types.map(({ state }) => state)), new Set(['SYNCED']));
  });

  test(`${protocol}: client status tells what is held back and why`, () => {
    const w = start();
    w.set(wishOf({ r1: 'new', r2: 'other' }, ['new']), fixed);
    w.settle();
    const response = clientStatusResponse([w.status], false) as unknown as {
      config: readonly { genericXdsConfigs: readonly { name: string; configStatus: number; errorState?: object }[] }[];
    };
    const route = response.config[0]?.genericXdsConfigs.find(
      ({ name, errorState }) => name === 'r1' && errorState !== undefined,
    );
    assert.equal(route?.configStatus, 2);
    const { details } = route.errorState as { details: string };
    assert.equal(details, 'held back: it names the cluster "new", which the proxy refused');
  });
}

test('of many resources that come at once the bad ones are found, however many proxies would use nothing', () => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const w = new World(protocol, 'nothing is used');
    const names = Array.from({ length: 200 }, (_, i) => `c${String(i)}`);
    const bad = new Set(['c3', 'c77', 'c199']);
    w.cache.set('proxy-1', Snapshot.of(names.map((name) => (bad.has(name) ? badCluster(name) : testCluster(name)))));
    w.settle();
    assert.equal(w.model.clusters.size, 197);
    const clusters = w.status.types.find(({ typeUrl }) => typeUrl === TYPE_URL.cluster);
    assert.deepEqual(clusters?.error?.split('\n').sort(), ['c199 will not do', 'c3 will not do', 'c77 will not do']);
  }
});

test('a proxy that refuses everything is asked a bounded number of times', () => {
  const w = new World('delta', 'nothing is used');
  const names = Array.from({ length: 1000 }, (_, i) => `c${String(i)}`);
  w.cache.set('proxy-1', Snapshot.of(names.map((name) => badCluster(name))));
  for (let i = 0; i < 10; i += 1) w.settle();
  const before = w.model.proxy.responses.length;
  assert.ok(before < 140, String(before));
  w.settle();
  assert.equal(w.model.proxy.responses.length, before);
});

function wishOf(routes: Readonly<Record<string, string>>, bad: readonly string[] = []): Wish {
  return {
    clusters: [...new Set(Object.values(routes).flatMap((names) => names.split(' ')))],
    routes: Object.entries(routes),
    bad: new Set(bad),
  };
}

function fixed(): number {
  return 0;
}
