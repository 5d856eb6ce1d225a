import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNullScope } from '@weft/core-stats';
import type { RelayDownstream } from './relay-messages.ts';
import { RelayedSubscriptions } from './relayed-subscriptions.ts';
import { SubscriptionRelay, type RelayLink } from './subscription-relay.ts';
import type { ResourceWatcher, Subscription } from './subscription.ts';
import type { ProtocolName } from './testing.ts';
import { ADS, CLUSTER, cluster, createWorld, ENDPOINTS, endpoints, Watcher, type World } from './world.testing.ts';

const COUNTED = { ...createNullScope(), prefix: 'counted.' };

interface Thread {
  readonly subscriptions: RelayedSubscriptions;
  readonly link: RelayLink;
  subscribe<T extends ResourceWatcher>(
    typeName: string,
    names: readonly string[] | 'wildcard',
    watcher: T,
  ): { watcher: T; subscription: Subscription; started: () => boolean };
  watch(typeName: string, names: readonly string[] | 'wildcard'): { watcher: Watcher; subscription: Subscription };
}

interface RelayWorld extends World {
  readonly relay: SubscriptionRelay;
  thread(): Thread;
}

/** What a message of the other side would be: a copy, later. */
const copy = async <T>(value: T): Promise<T> => structuredClone(await Promise.resolve(value));

function createRelayWorld(protocol: ProtocolName, threads = 2): RelayWorld {
  const world = createWorld(protocol);
  const { subscriptions, stats, runtime } = world;
  const relay = new SubscriptionRelay({ subscriptions, stats, timers: runtime.timers, threads });
  const thread = (): Thread => {
    const downstream: RelayDownstream = {
      takeResources: async (id, update) => copy(await relayed.takeResources(id, await copy(update))),
      judgeResources: async (id, update) => copy(await relayed.judgeResources(id, await copy(update))),
      resourcesLate: (id) => relayed.resourcesLate(id),
      resourcesSettled: (id) => relayed.resourcesSettled(id),
    };
    const link = relay.link(downstream);
    const relayed = new RelayedSubscriptions(
      {
        subscribeResources: (id, wish) => link.subscribeResources(id, structuredClone(wish)),
        unsubscribeResources: (id) => link.unsubscribeResources(id),
        renameResources: (id, names) => link.renameResources(id, names),
        askResourcesAgain: (id, names) => link.askResourcesAgain(id, names),
      },
      { hasAds: true, hasRest: false },
    );
    const subscribe: Thread['subscribe'] = (typeName, names, watcher) => {
      const subscription = relayed.subscribe({ source: ADS, typeName, names, stats: COUNTED, watcher });
      let started = false;
      void subscription.start().then(() => (started = true));
      return { watcher, subscription, started: () => started };
    };
    return {
      subscriptions: relayed,
      link,
      subscribe,
      watch: (typeName, names) => subscribe(typeName, names, new Watcher()),
    };
  };
  return { ...world, relay, thread };
}

for (const protocol of ['sotw', 'delta'] as const) {
  const sotw = protocol === 'sotw';
  describe(`subscriptions of several threads (${protocol})`, () => {
    it('are one to the server, whose answer all of them get, and which gets one answer', async () => {
      const { server, settle, thread, stats } = createRelayWorld(protocol);
      const both = [thread(), thread()].map((one) => one.watch(CLUSTER, 'wildcard'));
      await settle();
      assert.equal(server.seen().length, 1);
      server.send({ typeName: CLUSTER, version: 'v1', nonce: 'n1', resources: [cluster('a'), cluster('b')] });
      await settle();
      for (const { watcher } of both) assert.deepEqual(watcher.next(), ['v1: +a,b -']);
      assert.deepEqual(
        server.seen().map(({ nonce, error }) => [nonce, error]),
        [['n1', undefined]],
      );
      assert.equal(server.streams, 1);
      const counted = (name: string): number => stats.counter(`counted.${name}`).value;
      assert.deepEqual([counted('update_attempt'), counted('update_success')], [1, 1]);
    });

    it('are taken when the slowest has taken them', async () => {
      const { server, settle, thread } = createRelayWorld(protocol);
      const [fast, slow] = [thread().watch(CLUSTER, 'wildcard'), thread().watch(CLUSTER, 'wildcard')];
      const { promise, resolve } = Promise.withResolvers<undefined>();
      slow.watcher.gate = promise;
      await settle();
      server.seen();
      server.send({ typeName: CLUSTER, version: 'v1', resources: [cluster('a')] });
      await settle();
      assert.deepEqual([fast.watcher.next(), slow.watcher.next()], [['v1: +a -'], []]);
      assert.deepEqual(server.seen(), []);
      resolve(undefined);
      await settle();
      assert.equal(server.seen().length, 1);
    });

    it('are refused when one refuses, with all that is wrong, each fault once', async () => {
      const { server, settle, thread, stats } = createRelayWorld(protocol);
      const [first, second] = [thread().watch(CLUSTER, 'wildcard'), thread().watch(CLUSTER, 'wildcard')];
      await settle();
      server.seen();
      first.watcher.bad = new Set(['a']);
      second.watcher.bad = new Set(['a', 'b']);
      const resources = [cluster('a'), cluster('b'), cluster('c')];
      server.send({ typeName: CLUSTER, version: 'v1', nonce: 'n1', resources });
      await settle();
      const [nack, ...more] = server.seen();
      assert.deepEqual([nack?.nonce, more], ['n1', []]);
      assert.equal(nack?.error, 'Cluster "a": name: cannot be built\nCluster "b": name: cannot be built');
      assert.equal(stats.counter('counted.update_rejected').value, 1);
      assert.deepEqual([...second.watcher.force.keys()], ['c']);
      first.watcher.bad.clear();
      second.watcher.bad.clear();
      server.send({ typeName: CLUSTER, version: 'v2', resources });
      await settle();
      assert.equal(server.seen()[0]?.error, undefined);
    });

    it('give a late thread what is in force, without a word to the server', async () => {
      const { server, settle, thread } = createRelayWorld(protocol);
      for (const one of [thread(), thread()]) one.watch(CLUSTER, 'wildcard');
      await settle();
      server.send({ typeName: CLUSTER, version: 'v1', resources: [cluster('a'), cluster('b')] });
      await settle();
      const removed = sotw ? [] : ['a'];
      server.send({ typeName: CLUSTER, version: 'v2', resources: sotw ? [cluster('b')] : [], removed });
      await settle();
      server.seen();
      const late = thread().subscribe(CLUSTER, 'wildcard', new Watcher());
      await settle();
      assert.deepEqual(late.watcher.next(), ['v2: +b -']);
      assert.ok(late.started());
      assert.deepEqual(server.seen(), []);
      server.send({ typeName: CLUSTER, version: 'v3', resources: [cluster('b'), cluster('c')] });
      await settle();
      assert.deepEqual(late.watcher.next(), ['v3: +c -']);
    });

    it('end with the last of them', async () => {
      const { server, settle, thread } = createRelayWorld(protocol);
      const [first, second] = [thread(), thread()];
      const a = first.watch(ENDPOINTS, ['a']);
      const b = second.watch(ENDPOINTS, ['a']);
      await settle();
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('a')] });
      await settle();
      server.seen();
      a.subscription.close();
      await settle();
      assert.deepEqual(server.seen(), []);
      b.subscription.close();
      await settle();
      const [request] = server.seen();
      assert.deepEqual(sotw ? request?.names : request?.unsubscribed, sotw ? [] : ['a']);
    });

    it('begin when all threads have asked, or after a second', async () => {
      const { server, settle, thread, runtime } = createRelayWorld(protocol);
      const first = thread();
      first.watch(ENDPOINTS, ['a']);
      first.watch(ENDPOINTS, ['b']);
      thread().watch(ENDPOINTS, ['a']);
      await settle();
      assert.deepEqual(server.seen().map(({ names }) => names), [['a']]); // prettier-ignore
      runtime.timers.advance(1000);
      await settle();
      assert.deepEqual(server.seen().map(({ names }) => names), [sotw ? ['a', 'b'] : ['b']]); // prettier-ignore
    });

    it('may go different ways once all have begun, as traffic asks for more', async () => {
      const { server, settle, thread, relay } = createRelayWorld(protocol);
      const [first, second] = [thread(), thread()];
      relay.allBegun();
      const a = first.watch(CLUSTER, ['a']);
      await settle();
      assert.equal(server.seen().length, 1);
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a')] });
      await settle();
      const late = second.watch(CLUSTER, ['a']);
      a.subscription.setNames?.(['a', 'b']);
      await settle();
      server.seen();
      server.send({ typeName: CLUSTER, version: '2', resources: [cluster('a'), cluster('b')] });
      await settle();
      assert.deepEqual([...a.watcher.force.keys()], ['a', 'b']);
      assert.deepEqual([...late.watcher.force.keys()], ['a']);
      server.seen();
      a.subscription.setNames?.(['a', 'b', 'c']);
      await settle();
      assert.deepEqual(server.seen().map(({ names }) => names), [sotw ? ['a', 'b', 'c'] : ['c']]); // prettier-ignore
    });

    it('are waited for no longer than the initial fetch timeout', async () => {
      const { settle, thread, runtime } = createRelayWorld(protocol);
      const both = [thread(), thread()].map((one) => one.subscribe(CLUSTER, 'wildcard', new Watcher()));
      await settle();
      runtime.timers.advance(15_000);
      await settle();
      assert.deepEqual(both.map(({ watcher, started }) => [watcher.timeouts, started()]), [[1, true], [1, true]]); // prettier-ignore
      const late = thread().subscribe(CLUSTER, 'wildcard', new Watcher());
      await settle();
      assert.deepEqual([late.watcher.timeouts, late.started()], [1, true]);
    });

    it('do not wait for a thread that is gone', async () => {
      const { server, settle, thread } = createRelayWorld(protocol);
      const [stays, goes] = [thread(), thread()];
      stays.watch(CLUSTER, 'wildcard');
      goes.watch(CLUSTER, 'wildcard').watcher.gate = new Promise(() => undefined);
      await settle();
      server.seen();
      goes.link.close();
      server.send({ typeName: CLUSTER, version: 'v1', nonce: 'n1', resources: [cluster('a')] });
      await settle();
      assert.deepEqual(server.seen().map(({ nonce, error }) => [nonce, error]), [['n1', undefined]]); // prettier-ignore
    });

    it('have places where it counts what is wrong with a resource', async () => {
      const { server, settle, thread } = createRelayWorld(protocol);
      const watcher = (): ResourceWatcher => ({
        onUpdate: ({ added }) => {
          for (const { cx } of added) cx.at('hosts', 3, 'port').error('is odd', { expected: 'an even one' });
          return Promise.resolve();
        },
      });
      for (const one of [thread(), thread()]) one.subscribe(CLUSTER, 'wildcard', watcher());
      await settle();
      server.seen();
      server.send({ typeName: CLUSTER, version: 'v1', resources: [cluster('a')] });
      await settle();
      assert.equal(server.seen()[0]?.error, 'Cluster "a": hosts[3].port: is odd (expected an even one)');
    });
  });
}

describe('subscriptions of several threads', () => {
  it('find all that is wrong with a response that is refused whole', async () => {
    const { server, settle, thread } = createRelayWorld('sotw');
    const used: string[] = [];
    const watcher = (): ResourceWatcher => ({
      onUpdate: ({ added }) => Promise.resolve(void used.push(...added.map(({ name }) => name))),
      judge: ({ added }) => {
        for (const { name, cx } of added) if (name === 'a') cx.error('cannot be built');
      },
    });
    for (const one of [thread(), thread()]) one.subscribe(CLUSTER, 'wildcard', watcher());
    await settle();
    server.seen();
    const timeless = cluster('b', { connectTimeout: { seconds: -1n, nanos: 0 } });
    server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a'), timeless] });
    await settle();
    const lines = server.seen()[0]?.error?.split('\n') ?? [];
    assert.equal(lines.length, 2);
    assert.ok(lines.includes('Cluster "a": cannot be built'));
    assert.deepEqual(used, []);
  });

  it('are refused at once where there is no such source', () => {
    const { thread } = createRelayWorld('sotw');
    const { subscriptions } = thread();
    const rest = { kind: 'api', apiType: 'REST', grpcServices: [], clusterNames: ['c'] } as const;
    const source = { ...rest, refreshDelayMs: 1, requestTimeoutMs: 1, setNodeOnFirstMessageOnly: false };
    const request = { typeName: CLUSTER, names: 'wildcard', stats: COUNTED, watcher: new Watcher() } as const;
    assert.throws(
      () =>
        subscriptions.subscribe({ ...request, source: { ...source, rateLimit: undefined, initialFetchTimeoutMs: 0 } }),
      /REST sources are not available/,
    );
  });
});
