import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLUSTER, cluster, createWorld, ENDPOINTS, endpoints, service } from './world.testing.ts';

for (const protocol of ['sotw', 'delta'] as const) {
  const sotw = protocol === 'sotw';
  describe(`subscriptions that share a stream (${protocol})`, () => {
    it('asks for everything by name where names are wanted too', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      subscribe(CLUSTER, ['*']);
      await settle();
      assert.deepEqual(server.seen()[0]?.names, []);
      const { subscription } = subscribe(CLUSTER, ['on-demand']);
      await settle();
      assert.deepEqual(server.seen()[0]?.names, sotw ? ['*', 'on-demand'] : ['on-demand']);
      subscription.close();
      await settle();
      const [last] = server.seen();
      assert.deepEqual(sotw ? last?.names : last?.unsubscribed, sotw ? ['*'] : ['on-demand']);
    });

    it('sends nothing of a type while it is paused, nor what is asked for on streams to come', async () => {
      const { server, subscriptions, subscribe, settle } = createWorld(protocol);
      subscriptions.pause(ENDPOINTS);
      subscribe(ENDPOINTS, ['a']);
      await settle();
      subscribe(ENDPOINTS, ['b']);
      await settle();
      assert.deepEqual(server.seen(), []);
      subscriptions.resume(ENDPOINTS);
      await settle();
      assert.deepEqual(
        server.seen().map(({ names }) => names),
        [['a', 'b']],
      );
    });

    it('gives a resource to whoever asks for it before the server knows that nobody did', async () => {
      const { server, subscriptions, subscribe, settle } = createWorld(protocol);
      const first = subscribe(ENDPOINTS, ['a', 'b']);
      await settle();
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('a'), endpoints('b')] });
      await settle();
      server.seen();
      subscriptions.pause(ENDPOINTS);
      first.subscription.close();
      // Meanwhile the server goes on with what it knows.
      server.send({ typeName: ENDPOINTS, version: '2', resources: [endpoints('a', 7), endpoints('b')] });
      await settle();
      const second = subscribe(ENDPOINTS, ['a', 'b']);
      subscriptions.resume(ENDPOINTS);
      await settle();
      assert.deepEqual([...second.watcher.force.keys()], ['a', 'b']);
      assert.deepEqual(second.watcher.next(), ['2: +a,b -']);
      // Once the server knows, what nobody wants is forgotten, and asked for anew.
      second.subscription.close();
      await settle();
      const third = subscribe(ENDPOINTS, ['a']);
      await settle();
      assert.deepEqual([...third.watcher.force.keys()], []);
      assert.deepEqual(server.seen().at(-1)?.names, ['a']);
    });

    it('lets whoever waits go on when the first response is refused', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher, subscription } = subscribe(ENDPOINTS, ['a']);
      let over = false;
      void subscription.start().then(() => (over = true));
      await settle();
      watcher.bad.add('a');
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('a')] });
      await settle();
      assert.deepEqual([watcher.timeouts, over], [1, true]);
    });

    it('tells what was refused, why and when, for dumps', async () => {
      const { server, runtime, subscribe, subscriptions, settle } = createWorld(protocol);
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      server.controlPlane = 'pilot';
      await settle();
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a')] });
      await settle();
      runtime.timers.advance(5);
      watcher.bad.add('a');
      server.send({ typeName: CLUSTER, version: '2', resources: [cluster('a', { altStatName: 'x' })] });
      await settle();
      const [status] = subscriptions.status()[0]?.resources ?? [];
      assert.deepEqual([status?.name, status?.version, status?.clientStatus], ['a', '1', 'NACKED']);
      assert.deepEqual([status?.error?.version, status?.error?.faults.length], ['2', 1]);
      assert.equal((status?.error?.lastAttemptMs ?? 0) - (status?.updatedMs ?? 0), 5);
      assert.deepEqual(subscriptions.servers, [{ source: 'ads', identifier: 'pilot', connected: true }]);
    });

    it('bounds what it tells of a refusal', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      await settle();
      server.seen();
      const resources = Array.from({ length: 2000 }, (_, i) => cluster(`a-rather-long-name-${i}`));
      for (const { name } of resources) watcher.bad.add(name);
      server.send({ typeName: CLUSTER, version: '1', resources });
      await settle();
      const error = server.seen()[0]?.error ?? '';
      assert.ok(error.length <= 32 * 1024, String(error.length));
      assert.match(error, /… and \d+ more$/);
    });

    it('turns to the second server when the first does not answer', async () => {
      const ads = { grpcServices: [service('one'), service('two')] };
      const { grpc, runtime, services, subscribe, settle } = createWorld(protocol, { ads });
      grpc.setUp(false);
      subscribe(CLUSTER, 'wildcard');
      await settle();
      runtime.timers.advance(500);
      await settle();
      assert.deepEqual(
        services.map((target) => target.kind === 'cluster' && target.cluster),
        ['one', 'two'],
      );
    });

    it('gives members of a collection to whoever asked for the collection', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const glob = `xdstp://a/${ENDPOINTS}/x/*?k=1&b=2`;
      const { watcher } = subscribe(ENDPOINTS, [glob]);
      await settle();
      assert.deepEqual(server.seen()[0]?.names, [`xdstp://a/${ENDPOINTS}/x/*?b=2&k=1`]);
      const member = `xdstp://a/${ENDPOINTS}/x/y?b=2&k=1`;
      const stranger = `xdstp://a/${ENDPOINTS}/z/y?b=2&k=1`;
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints(member), endpoints(stranger)] });
      await settle();
      assert.deepEqual([...watcher.force.keys()], [member]);
      const late = subscribe(ENDPOINTS, [glob]);
      await settle();
      assert.deepEqual([...late.watcher.force.keys()], [member]);
    });
  });
}

describe('an incremental stream', () => {
  it('finds a resource by its alias', async () => {
    const { server, subscribe, settle } = createWorld('delta');
    const { watcher } = subscribe(ENDPOINTS, ['alias']);
    await settle();
    server.send({ typeName: ENDPOINTS, version: '1', resources: [{ ...endpoints('real'), aliases: ['alias'] }] });
    await settle();
    assert.deepEqual([...watcher.force.keys()], ['real']);
    const late = subscribe(ENDPOINTS, ['alias']);
    await settle();
    assert.deepEqual([...late.watcher.force.keys()], ['real']);
  });
});
