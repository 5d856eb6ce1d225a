import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { issueCertificate } from '@weft/net-tls/testing';
import type { SentResource } from '@weft/xds-client/testing';
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  ROUTES,
  SECRET,
  cluster,
  createXdsWorld,
  endpoints,
  listener,
  rdsChain,
  resource,
  routes,
  sdsSocket,
  upstreamSdsSocket,
  type XdsWorld,
  type XdsWorldOptions,
} from './xds-world.testing.ts';

const PATIENCE_MS = 15_000;

function secret(name: string): SentResource {
  const { cert, key } = issueCertificate({ names: ['DNS:a.test'] });
  const text = { certificate_chain: { inline_string: cert }, private_key: { inline_string: key } };
  return resource(SECRET, name, JSON.stringify({ name, tls_certificate: text }));
}

for (const protocol of ['sotw', 'delta'] as const) {
  /** A proxy that was told there are no clusters, and asks for listeners. */
  const begin = async (t: TestContext, options: XdsWorldOptions = {}): Promise<XdsWorld> => {
    const world = createXdsWorld(protocol, options);
    t.after(() => world.stop());
    await asks(world, CLUSTER);
    world.send(CLUSTER, 'c0', []);
    return world;
  };
  const asks = (world: XdsWorld, typeName: string, name?: string): Promise<void> =>
    world.until(() =>
      world.server.requests.some(
        ({ typeUrl, names }) => typeUrl.endsWith(`/${typeName}`) && (name === undefined || names.includes(name)),
      ),
    );
  /** One that serves `one` on the listener `l`. */
  const serving = async (t: TestContext): Promise<XdsWorld> => {
    const world = await begin(t);
    await asks(world, LISTENER);
    world.send(LISTENER, 'l1', [listener('l', rdsChain('r1'))]);
    await asks(world, ROUTES, 'r1');
    world.send(ROUTES, 'r1', [routes('r1', 'one')]);
    await world.until(() => world.listeners().active.includes('l'));
    await world.started;
    assert.equal(await world.ask('l'), 'one');
    return world;
  };

  describe(`a listener under ${protocol}`, () => {
    it('is refused at once where its port is taken, though it would wait', async (t) => {
      const taken = createServer().listen(0, '127.0.0.1');
      t.after(() => taken.close());
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const world = await serving(t);
      const address = `{socket_address: {address: 127.0.0.1, port_value: ${port}}}`;
      const text = `{name: other, address: ${address}, filter_chains: [${rdsChain('r2')}]}`;
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r1')), resource(LISTENER, 'other', text)]);
      await world.until(() => world.server.requests.some(({ error }) => error !== undefined));
      const { error } = world.server.requests.find((request) => request.error !== undefined)!;
      assert.match(
        error ?? '',
        /cannot listen on 127\.0\.0\.1:\d+ for listener "other": another process uses this port/,
      );
      assert.deepEqual(world.listeners(), { active: ['l'], warming: [] });
    });

    it('is not bound before its routes are there', async (t) => {
      const world = await begin(t);
      await asks(world, LISTENER);
      world.send(LISTENER, 'l1', [listener('l', rdsChain('r1'))]);
      await asks(world, ROUTES, 'r1');
      assert.deepEqual(world.listeners(), { active: [], warming: ['l'] });
      world.send(ROUTES, 'r1', [routes('r1', 'one')]);
      await world.until(() => world.listeners().active.length === 1);
      assert.deepEqual(world.listeners(), { active: ['l'], warming: [] });
      assert.equal(await world.ask('l'), 'one');
    });

    it('waits for its routes while the one before it serves', async (t) => {
      const world = await serving(t);
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r2'))]);
      await asks(world, ROUTES, 'r2');
      assert.deepEqual(world.listeners(), { active: ['l'], warming: ['l'] });
      assert.equal(await world.ask('l'), 'one');
      world.send(ROUTES, 'r2', [routes('r2', 'two')]);
      await world.until(() => world.listeners().warming.length === 0);
      assert.equal(await world.ask('l'), 'two');
    });

    it('waits for its certificate while the one before it serves', async (t) => {
      const world = await serving(t);
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r1', sdsSocket('s')))]);
      await asks(world, SECRET, 's');
      await world.settle();
      assert.deepEqual(world.listeners(), { active: ['l'], warming: ['l'] });
      assert.equal(await world.ask('l'), 'one');
      world.send(SECRET, 's1', [secret('s')]);
      await world.until(() => world.listeners().warming.length === 0);
      assert.match(await world.ask('l'), /speaks TLS/);
      assert.equal(world.proxy.certificates().length, 1);
    });

    it('waits no longer than the initial fetch timeout', async (t) => {
      const world = await serving(t);
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r2'))]);
      await asks(world, ROUTES, 'r2');
      await world.settle();
      world.runtime.timers.advance(PATIENCE_MS - 1);
      await world.settle();
      assert.deepEqual(world.listeners().warming, ['l']);
      world.runtime.timers.advance(1);
      await world.until(() => world.listeners().warming.length === 0);
      assert.equal(world.store.counter('http.in.rds.r2.init_fetch_timeout').value, 1);
      world.send(ROUTES, 'r2', [routes('r2', 'late')]);
      await world.settle();
      assert.equal(await world.ask('l'), 'late');
    });

    if (protocol === 'delta')
      it('waits on when the server says that it has no such routes and secrets yet', async (t) => {
        const world = await serving(t);
        world.send(LISTENER, 'l2', [listener('l', rdsChain('r2', sdsSocket('s')))]);
        await asks(world, ROUTES, 'r2');
        world.send(ROUTES, 'none', [], ['r2']);
        world.send(SECRET, 'none', [], ['s']);
        await world.settle();
        assert.deepEqual(world.listeners().warming, ['l']);
        world.send(ROUTES, 'r2', [routes('r2', 'two')]);
        await world.settle();
        assert.deepEqual(world.listeners().warming, ['l']);
        world.runtime.timers.advance(PATIENCE_MS);
        await world.until(() => world.listeners().warming.length === 0);
        assert.equal(world.store.counter('sds.s.init_fetch_timeout').value, 1);
      });

    it('that waits is replaced by a newer one', async (t) => {
      const world = await serving(t);
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r2'))]);
      await asks(world, ROUTES, 'r2');
      world.send(LISTENER, 'l3', [listener('l', rdsChain('r3'))]);
      await asks(world, ROUTES, 'r3');
      assert.deepEqual(world.listeners(), { active: ['l'], warming: ['l'] });
      world.send(ROUTES, 'r2', [routes('r2', 'two')]);
      await world.settle();
      assert.equal(await world.ask('l'), 'one');
      world.send(ROUTES, 'r3', [routes('r3', 'three')]);
      await world.until(() => world.listeners().warming.length === 0);
      assert.equal(await world.ask('l'), 'three');
    });

    it('that waits is given up when the one that serves is sent again', async (t) => {
      const world = await serving(t);
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r2'))]);
      await asks(world, ROUTES, 'r2');
      world.send(LISTENER, 'l3', [listener('l', rdsChain('r1'))]);
      await world.until(() => world.listeners().warming.length === 0);
      assert.equal(await world.ask('l'), 'one');
    });

    it('that is removed while its successor waits is gone, and its successor with it', async (t) => {
      const world = await serving(t);
      world.send(LISTENER, 'l2', [listener('l', rdsChain('r2'))]);
      await asks(world, ROUTES, 'r2');
      world.send(LISTENER, 'l3', [], ['l']);
      await world.until(() => world.listeners().active.length === 0);
      world.send(ROUTES, 'r2', [routes('r2', 'two')]);
      await world.settle();
      assert.deepEqual(world.listeners(), { active: [], warming: [] });
      assert.equal(world.store.gauge('listener_manager.total_listeners_warming').value, 0);
    });

    it('of the bootstrap waits for routes of the stream before the proxy is up', async (t) => {
      const chain = rdsChain('r1');
      const text = `{name: s, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [${chain}]}`;
      const world = await begin(t, { listeners: text });
      await asks(world, ROUTES, 'r1');
      await world.settle();
      assert.deepEqual(world.listeners(), { active: [], warming: ['s'] });
      world.send(ROUTES, 'r1', [routes('r1', 'static')]);
      await world.until(() => world.listeners().active.length === 1);
      assert.equal(await world.ask('s'), 'static');
      await asks(world, LISTENER);
      world.send(LISTENER, 'l1', []);
      await world.started;
    });
  });

  describe(`a cluster under ${protocol}`, () => {
    /** A proxy that is up, with no clusters and no listeners. */
    const up = async (t: TestContext): Promise<XdsWorld> => {
      const world = await begin(t);
      await asks(world, LISTENER);
      world.send(LISTENER, 'l0', []);
      await world.started;
      return world;
    };

    it('is not there for requests before its endpoints are', async (t) => {
      const world = await up(t);
      world.send(CLUSTER, 'c1', [cluster('a')]);
      await asks(world, ENDPOINTS, 'a');
      assert.deepEqual(world.clusters(), { active: ['xds'], warming: ['a'] });
      assert.equal(world.store.gauge('cluster.a.warming_state').value, 1);
      world.send(ENDPOINTS, 'e1', [endpoints('a', 1)]);
      await world.until(() => world.clusters().warming.length === 0);
      assert.deepEqual(world.clusters().active, ['xds', 'a']);
      assert.equal(world.store.gauge('cluster.a.warming_state').value, 0);
    });

    it('waits for its endpoints and then for its certificate', async (t) => {
      const world = await up(t);
      world.send(CLUSTER, 'c1', [cluster('a', upstreamSdsSocket('s'))]);
      await asks(world, ENDPOINTS, 'a');
      world.send(ENDPOINTS, 'e1', [endpoints('a', 1)]);
      await world.settle();
      assert.deepEqual(world.clusters().warming, ['a']);
      await asks(world, SECRET, 's');
      world.send(SECRET, 's1', [secret('s')]);
      await world.until(() => world.clusters().warming.length === 0);
    });

    it('serves on while its successor waits, and a newer successor takes the place of that', async (t) => {
      const world = await up(t);
      world.send(CLUSTER, 'c1', [cluster('a')]);
      await asks(world, ENDPOINTS, 'a');
      world.send(ENDPOINTS, 'e1', [endpoints('a', 1)]);
      await world.until(() => world.clusters().active.includes('a'));
      world.send(CLUSTER, 'c2', [cluster('a', upstreamSdsSocket('s2'))]);
      await asks(world, SECRET, 's2');
      world.send(CLUSTER, 'c3', [cluster('a', upstreamSdsSocket('s3'))]);
      await asks(world, SECRET, 's3');
      const serving = world.proxy.clusters.get('a');
      assert.deepEqual(world.clusters(), { active: ['xds', 'a'], warming: ['a'] });
      world.send(ENDPOINTS, 'e2', [endpoints('a', 2)]);
      world.send(SECRET, 's2', [secret('s2')]);
      await world.settle();
      assert.equal(world.proxy.clusters.get('a'), serving);
      world.send(SECRET, 's3', [secret('s3')]);
      await world.until(() => world.clusters().warming.length === 0);
      assert.notEqual(world.proxy.clusters.get('a'), serving);
    });

    it('goes on without endpoints after the initial fetch timeout', async (t) => {
      const world = await up(t);
      world.send(CLUSTER, 'c1', [cluster('a')]);
      await asks(world, ENDPOINTS, 'a');
      await world.settle();
      world.runtime.timers.advance(PATIENCE_MS);
      await world.until(() => world.clusters().warming.length === 0);
      assert.equal(world.store.counter('cluster.a.init_fetch_timeout').value, 1);
    });

    it('that is removed while it waits never comes', async (t) => {
      const world = await up(t);
      world.send(CLUSTER, 'c1', [cluster('a')]);
      await asks(world, ENDPOINTS, 'a');
      world.send(CLUSTER, 'c2', [], ['a']);
      await world.until(() => world.clusters().warming.length === 0);
      world.send(ENDPOINTS, 'e1', [endpoints('a', 1)]);
      await world.settle();
      assert.deepEqual(world.clusters().active, ['xds']);
    });
  });
}
