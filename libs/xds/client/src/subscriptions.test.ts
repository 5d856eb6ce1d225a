import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ADS, CLUSTER, cluster, createWorld, ENDPOINTS, endpoints, LISTENER } from './world.testing.ts';

for (const protocol of ['sotw', 'delta'] as const) {
  const sotw = protocol === 'sotw';
  describe(`a discovery stream (${protocol})`, () => {
    it('says who asks and for what, and answers what it gets with its nonce', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher, stat } = subscribe(CLUSTER, 'wildcard');
      await settle();
      const [first] = server.seen();
      assert.equal(first?.node?.id, 'n');
      assert.equal(first?.node?.userAgentName, 'weft');
      assert.deepEqual([first?.names, first?.version, first?.nonce], [[], '', '']);
      server.send({ typeName: CLUSTER, version: 'v1', nonce: 'n1', resources: [cluster('a'), cluster('b')] });
      await settle();
      assert.deepEqual(watcher.next(), ['v1: +a,b -']);
      const [ack] = server.seen();
      assert.deepEqual([ack?.nonce, ack?.error, ack?.names], ['n1', undefined, []]);
      if (sotw) assert.equal(ack?.version, 'v1');
      assert.equal(stat('update_success'), 1);
    });

    it('asks once for all names that are wanted at the same time, and tells each watcher only of its own', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const [a, b, again] = [['a'], ['b'], ['a']].map((names) => subscribe(ENDPOINTS, names));
      await settle();
      assert.deepEqual(
        server.seen().map(({ names }) => names),
        [['a', 'b']],
      );
      server.send({
        typeName: ENDPOINTS,
        version: '1',
        resources: [endpoints('a'), endpoints('b'), endpoints('other')],
      });
      await settle();
      assert.deepEqual(
        [a, b, again].map((one) => one?.watcher.next()),
        [['1: +a -'], ['1: +b -'], ['1: +a -']],
      );
      a?.subscription.close();
      await settle();
      server.seen();
      again?.subscription.close();
      await settle();
      const [request] = server.seen();
      assert.deepEqual(sotw ? request?.names : request?.unsubscribed, sotw ? ['b'] : ['a']);
    });

    it('gives a late watcher what is in force already', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      subscribe(ENDPOINTS, ['a']);
      await settle();
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('a')] });
      await settle();
      server.seen();
      const { watcher } = subscribe(ENDPOINTS, ['a']);
      await settle();
      assert.deepEqual(watcher.next(), ['1: +a -']);
      assert.deepEqual(server.seen(), []);
    });

    it('refuses with the version before, the nonce and every fault, and takes the next good response', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher, stat } = subscribe(CLUSTER, 'wildcard');
      server.controlPlane = 'istiod';
      await settle();
      server.send({ typeName: CLUSTER, version: 'v1', resources: [cluster('a')] });
      await settle();
      server.seen();
      watcher.bad = new Set(['b']);
      server.send({
        typeName: CLUSTER,
        version: 'v2',
        nonce: 'n2',
        resources: [cluster('a'), cluster('b'), cluster('c')],
      });
      await settle();
      const [nack] = server.seen();
      assert.equal(nack?.nonce, 'n2');
      assert.match(nack?.error ?? '', /^Cluster "b": name: cannot be built$/);
      if (sotw) assert.equal(nack?.version, 'v1');
      assert.deepEqual([...watcher.force.keys()], ['a', 'c'], 'what can be built is taken');
      assert.equal(stat('update_rejected'), 1);
      watcher.bad.clear();
      server.send({ typeName: CLUSTER, version: 'v3', resources: [cluster('a'), cluster('b'), cluster('c')] });
      await settle();
      const [ack] = server.seen();
      assert.deepEqual([ack?.nonce, ack?.error], ['v3', undefined]);
      assert.deepEqual([...watcher.force.keys()], ['a', 'c', 'b']);
    });

    it(`${sotw ? 'refuses a whole response' : 'takes the good ones'} when the form of one resource is wrong`, async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher, stat } = subscribe(CLUSTER, 'wildcard');
      await settle();
      server.seen();
      const timeless = cluster('b', { connectTimeout: { seconds: -1n, nanos: 0 } });
      const broken = { name: 'c', octets: Uint8Array.of(255) };
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a'), timeless, broken] });
      await settle();
      const [nack] = server.seen();
      assert.match(nack?.error ?? '', /Cluster "b": connect_timeout: .*/);
      assert.match(nack?.error ?? '', /cannot be read/);
      assert.deepEqual([...watcher.force.keys()], sotw ? [] : ['a']);
      assert.deepEqual([stat('update_rejected'), stat('update_success')], [1, 0]);
    });

    it('does not open what is the same as before', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher, stat } = subscribe(CLUSTER, 'wildcard');
      await settle();
      for (const version of ['1', '2']) {
        server.send({ typeName: CLUSTER, version, resources: [cluster('a'), cluster('b')] });
        await settle();
      }
      assert.deepEqual(watcher.next(), ['1: +a,b -', '2: + -']);
      assert.equal(stat('update_success'), 2);
    });

    it('removes as the protocol says', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const clusters = subscribe(CLUSTER, 'wildcard');
      const hosts = subscribe(ENDPOINTS, ['a', 'b']);
      await settle();
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a'), cluster('b')] });
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('a'), endpoints('b')] });
      await settle();
      const removed = sotw ? [] : ['b'];
      const resources = sotw ? [cluster('a')] : [];
      server.send({ typeName: CLUSTER, version: '2', resources, removed });
      server.send({ typeName: ENDPOINTS, version: '2', resources: [endpoints('a', 200)], removed });
      await settle();
      assert.deepEqual(clusters.watcher.next().at(-1), '2: + -b');
      assert.deepEqual(hosts.watcher.next().at(-1), sotw ? '2: +a -' : '2: +a -b');
    });

    it('keeps everything while the server is away, waits longer each time, and goes on where it was', async () => {
      const { server, grpc, runtime, subscribe, settle } = createWorld(protocol, { draws: [0xffff_ffff] });
      const { watcher, stat } = subscribe(CLUSTER, 'wildcard');
      const hosts = subscribe(ENDPOINTS, ['a']);
      await settle();
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a')] });
      server.send({ typeName: ENDPOINTS, version: '7', resources: [endpoints('a')] });
      await settle();
      server.seen();
      grpc.setUp(false);
      await settle();
      assert.equal(stat('update_failure'), 1);
      const waits = [];
      for (let i = 0; i < 8; i += 1) {
        const wait = Number(/next attempt is in (\d+) ms/.exec(runtime.logged.at(-1) ?? '')?.[1]);
        waits.push(wait);
        runtime.timers.advance(wait);
        await settle();
      }
      assert.ok(
        waits.every((wait, i) => wait < Math.min(30_000, 500 * 2 ** i)),
        waits.join(),
      );
      assert.ok(waits.at(-1)! > 500 || new Set(waits).size > 1, waits.join());
      assert.deepEqual([...watcher.force.keys()], ['a']);
      grpc.setUp(true);
      runtime.timers.advance(30_000);
      await settle();
      const [first, second] = server.seen();
      assert.equal(first?.node?.id, 'n');
      assert.deepEqual([first?.nonce, second?.nonce, second?.names], ['', '', ['a']]);
      if (sotw) assert.deepEqual([first?.version, second?.version], ['1', '7']);
      else assert.deepEqual([first?.initialVersions, second?.initialVersions], [{ a: '1' }, { a: '7' }]);
      server.send({ typeName: ENDPOINTS, version: '8', resources: [endpoints('a')] });
      await settle();
      assert.deepEqual(hosts.watcher.next(), ['7: +a -'], 'the same as before');
    });

    it('does not answer on a new stream what came on an old one', async () => {
      const { server, grpc, runtime, subscribe, settle } = createWorld(protocol);
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      await settle();
      let open = (): void => undefined;
      watcher.gate = new Promise((resolve) => (open = resolve));
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a')] });
      await settle();
      grpc.setUp(false);
      await settle();
      grpc.setUp(true);
      runtime.timers.advance(500);
      await settle();
      server.seen();
      open();
      await settle();
      assert.deepEqual(server.seen(), []);
      assert.deepEqual([...watcher.force.keys()], ['a']);
    });

    it('answers a server that refuses to learn ever more slowly', async () => {
      const { server, runtime, subscribe, settle } = createWorld(protocol, { draws: [499, 999, 1999, 3999] });
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      watcher.bad.add('a');
      let version = 0;
      server.onRequest = ({ error }) => {
        if (error === undefined && version > 0) return;
        version += 1;
        server.send({ typeName: CLUSTER, version: String(version), resources: [cluster('a')] });
      };
      await settle();
      await settle();
      assert.ok(version <= 3, String(version));
      const before = version;
      runtime.timers.advance(400);
      await settle();
      assert.equal(version, before);
      runtime.timers.advance(100);
      await settle();
      assert.equal(version, before + 1);
      for (let i = 0; i < 60; i += 1) {
        runtime.timers.advance(1000);
        await settle();
      }
      assert.ok(version < 40, String(version));
    });

    it('tells names that change while a response is under way', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher, subscription } = subscribe(ENDPOINTS, ['a']);
      await settle();
      server.seen();
      let open = (): void => undefined;
      watcher.gate = new Promise((resolve) => (open = resolve));
      server.send({ typeName: ENDPOINTS, version: '1', nonce: 'n1', resources: [endpoints('a')] });
      await settle();
      subscription.setNames?.(['b']);
      await settle();
      open();
      await settle();
      const seen = server.seen();
      assert.deepEqual(seen.flatMap(({ names }) => names).at(-1), 'b');
      assert.deepEqual(seen.at(-1)?.nonce, 'n1');
      server.send({ typeName: ENDPOINTS, version: '2', resources: [endpoints('b')] });
      await settle();
      assert.equal(watcher.next().at(-1), '2: +b -');
    });

    it(`refuses ${sotw ? 'the second of a name' : 'a response that has a name twice'}`, async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      await settle();
      server.seen();
      const resources = [cluster('a'), cluster('a', { altStatName: 'x' }), cluster('b')];
      server.send({ typeName: CLUSTER, version: '1', resources });
      await settle();
      assert.match(server.seen()[0]?.error ?? '', /there are two resources named "a"/);
      assert.deepEqual([...watcher.force.keys()], sotw ? ['a', 'b'] : []);
      server.send({ typeName: CLUSTER, version: '2', resources: [cluster('a'), cluster('b')] });
      await settle();
      assert.equal(server.seen()[0]?.error, undefined);
    });

    it('ignores types that nobody subscribes to, and answers what nobody asked for', async () => {
      const { server, runtime, subscribe, settle } = createWorld(protocol);
      const { watcher } = subscribe(ENDPOINTS, ['a']);
      await settle();
      server.seen();
      server.send({ typeName: LISTENER, version: '1', resources: [] });
      await settle();
      assert.deepEqual(server.seen(), []);
      assert.match(runtime.logged.join(''), /ignores type.googleapis.com\/envoy.config.listener.v3.Listener/);
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('x')] });
      await settle();
      assert.deepEqual(watcher.next(), []);
      assert.deepEqual(server.seen()[0]?.nonce, '1');
    });

    it('takes a resource out when its time is over, unless a heartbeat prolongs it', async () => {
      const { server, runtime, subscribe, settle } = createWorld(protocol);
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      await settle();
      server.send({ typeName: CLUSTER, version: '1', resources: [{ ...cluster('a'), ttlMs: 1000 }] });
      await settle();
      runtime.timers.advance(900);
      server.send({ typeName: CLUSTER, version: '1', nonce: 'h', resources: [{ name: 'a', ttlMs: 1000 }] });
      await settle();
      runtime.timers.advance(900);
      await settle();
      assert.deepEqual([...watcher.force.keys()], ['a']);
      runtime.timers.advance(100);
      await settle();
      assert.deepEqual([...watcher.force.keys()], []);
    });

    it('says when the first resources were waited for in vain, and takes them later', async () => {
      const { server, runtime, subscribe, settle, subscriptions } = createWorld(protocol);
      const { watcher, stat } = subscribe(ENDPOINTS, ['a']);
      await settle();
      const statusOf = (): unknown => subscriptions.status()[0]?.resources[0]?.clientStatus;
      assert.equal(statusOf(), 'REQUESTED');
      runtime.timers.advance(15_000);
      assert.deepEqual([watcher.timeouts, stat('init_fetch_timeout')], [1, 1]);
      assert.equal(statusOf(), 'DOES_NOT_EXIST');
      server.send({ typeName: ENDPOINTS, version: '1', resources: [endpoints('a')] });
      await settle();
      assert.deepEqual(watcher.next(), ['1: +a -']);
      assert.equal(statusOf(), 'ACKED');
    });

    it('names the node on the first message only, where that is wanted', async () => {
      const { server, subscribe, settle } = createWorld(protocol, { ads: { setNodeOnFirstMessageOnly: true } });
      subscribe(CLUSTER, 'wildcard');
      subscribe(LISTENER, 'wildcard');
      await settle();
      assert.deepEqual(
        server.seen().map(({ node }) => node !== undefined),
        [true, false],
      );
    });

    it('sends no more requests than the rate limit allows', async () => {
      const ads = { rateLimit: { maxTokens: 1, fillRate: 1 } };
      const { server, runtime, stats, subscribe, settle } = createWorld(protocol, { ads });
      subscribe(CLUSTER, 'wildcard');
      subscribe(LISTENER, 'wildcard');
      await settle();
      assert.equal(server.seen().length, 1);
      assert.equal(stats.gauge('control_plane.pending_requests').value, 1);
      assert.equal(stats.counter('control_plane.rate_limit_enforced').value, 1);
      runtime.timers.advance(1000);
      await settle();
      assert.equal(server.seen().length, 1);
      assert.equal(stats.gauge('control_plane.pending_requests').value, 0);
    });

    it('asks for the hosts of new clusters once, after it took the clusters', async () => {
      const { server, subscribe, settle } = createWorld(protocol);
      const { watcher } = subscribe(CLUSTER, 'wildcard');
      const onUpdate = watcher.onUpdate.bind(watcher);
      watcher.onUpdate = async (update) => {
        await onUpdate(update);
        for (const { name } of update.added) {
          subscribe(ENDPOINTS, [name]);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await settle();
      server.seen();
      server.send({ typeName: CLUSTER, version: '1', resources: [cluster('a'), cluster('b')] });
      await settle();
      await settle();
      const [ack, ask, ...more] = server.seen();
      assert.deepEqual([ack?.typeUrl.endsWith(CLUSTER), ask?.names, more], [true, ['a', 'b'], []]);
    });

    it('ends a stream on which something else than responses comes, and begins again', async () => {
      const { server, runtime, subscribe, settle } = createWorld(protocol);
      subscribe(CLUSTER, 'wildcard');
      await settle();
      server.sendOctets(Uint8Array.of(255, 255));
      await settle();
      assert.match(runtime.logged.join(''), /no discovery response/);
      runtime.timers.advance(500);
      await settle();
      assert.equal(server.streams, 2);
    });

    it('uses a stream of its own for a source of its own, and ends it with the last subscription', async () => {
      const verb = sotw ? 'StreamEndpoints' : 'DeltaEndpoints';
      const path = `/envoy.service.endpoint.v3.EndpointDiscoveryService/${verb}`;
      const { server, services, runtime, subscribe, settle } = createWorld(protocol, { path });
      const source = {
        ...ADS,
        kind: 'api',
        apiType: sotw ? 'GRPC' : 'DELTA_GRPC',
        grpcServices: [{ timeoutMs: 0, initialMetadata: [], kind: 'cluster', cluster: 'eds', authority: 'eds' }],
        clusterNames: [],
        refreshDelayMs: 0,
        requestTimeoutMs: 1000,
        setNodeOnFirstMessageOnly: false,
        rateLimit: undefined,
      } as const;
      const [a, b] = [subscribe(ENDPOINTS, ['a'], source), subscribe(ENDPOINTS, ['b'], source)];
      await settle();
      assert.equal(services.length, 1);
      assert.deepEqual(server.seen()[0]?.names, ['a', 'b']);
      a.subscription.close();
      b.subscription.close();
      await settle();
      assert.equal(runtime.timers.pending, 0);
    });
  });
}
