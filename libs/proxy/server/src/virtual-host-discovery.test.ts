import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test, type TestContext } from 'node:test';
import {
  ADS,
  CLUSTER,
  createXdsWorld,
  LISTENER,
  listener,
  rdsChain,
  resource,
  ROUTES,
  type XdsWorld,
} from './xds-world.testing.ts';

const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';
const ON_DEMAND = `{name: envoy.filters.http.on_demand, typed_config: {
  "@type": type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand}}, `;

const hostText = (name: string, domains: string, text: string): string =>
  `{name: ${name}, domains: [${domains}], routes: [
    {match: {prefix: /}, direct_response: {status: 200, body: {inline_string: ${text}}}}]}`;
const virtualHost = (name: string, domains: string, text: string, aliases: readonly string[] = []) => ({
  ...resource(VIRTUAL_HOST, `r/${name}`, hostText(name, domains, text)),
  aliases,
});
const routes = (version: string) =>
  resource(
    ROUTES,
    'r',
    `{name: r, ignore_port_in_host_matching: true, vhds: {config_source: ${ADS}}, virtual_hosts: [${hostText('fixed', 'fixed.test', `fixed-${version}`)}]}`,
  );

/** `chain`: of the listener; one that has its routes in itself asks for none. */
async function started(t: TestContext, chain = rdsChain('r', '', ON_DEMAND)): Promise<XdsWorld> {
  const world = createXdsWorld('delta');
  t.after(() => world.stop());
  await world.until(() => world.server.requests.length > 0);
  world.send(CLUSTER, '1', []);
  await world.until(() => world.server.requests.some(({ typeUrl }) => typeUrl.endsWith(LISTENER)));
  world.send(LISTENER, '1', [listener('in', chain)]);
  if (!chain.includes('rds:')) {
    await world.until(() => world.listeners().active.length === 1);
    await world.settle();
    return world;
  }
  await world.until(() => world.server.requests.some(({ typeUrl }) => typeUrl.endsWith(ROUTES)));
  world.send(ROUTES, '1', [routes('1')]);
  await world.until(() => world.listeners().active.length === 1);
  await world.settle();
  return world;
}

function ask(world: XdsWorld, host: string): Promise<string> {
  const port = world.proxy.listeners.all[0]?.listener.address?.port;
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(`${response.statusCode ?? 0} ${body}`));
    }).on('error', reject);
  });
}

const asked = (world: XdsWorld): string[] =>
  world.server
    .seen()
    .filter(({ typeUrl }) => typeUrl.endsWith(VIRTUAL_HOST))
    .flatMap(({ names }) => names);

test('the first request for virtual hosts names none, and a host is asked for when a request is for it', async (t) => {
  const world = await started(t);
  assert.deepEqual(asked(world), []);
  const answers = [ask(world, 'a.test:80'), ask(world, 'A.test')];
  await world.until(() => world.server.requests.length > 0);
  await world.settle();
  assert.deepEqual(asked(world), ['r/a.test']);
  world.send(VIRTUAL_HOST, '1', [virtualHost('a', 'a.test, a2.test', 'of-a', ['r/a.test', 'r/a2.test'])]);
  assert.deepEqual(await Promise.all(answers), ['200 of-a', '200 of-a']);
  assert.deepEqual([await ask(world, 'a2.test'), await ask(world, 'fixed.test')], ['200 of-a', '200 fixed-1']);
  assert.equal(world.store.root.counter('http.in.vhds.r.config_reload').value, 1);
});

test('what the server gives unasked is taken, and other hosts are not touched by any of it', async (t) => {
  const world = await started(t);
  world.send(VIRTUAL_HOST, '1', [virtualHost('a', 'a.test', 'of-a'), virtualHost('b', 'b.test', 'of-b')]);
  await world.settle();
  assert.deepEqual([await ask(world, 'a.test'), await ask(world, 'b.test')], ['200 of-a', '200 of-b']);
  // Of two for one domain the second is refused, by itself.
  world.send(VIRTUAL_HOST, '2', [virtualHost('c', 'b.test', 'of-c'), virtualHost('a', 'a.test', 'newer-a')]);
  await world.settle();
  assert.match(world.server.requests.at(-1)?.error ?? '', /another virtual host serves "b.test" already/);
  assert.deepEqual([await ask(world, 'a.test'), await ask(world, 'b.test')], ['200 newer-a', '200 of-b']);
  world.send(ROUTES, '2', [routes('2')]);
  await world.settle();
  assert.deepEqual([await ask(world, 'fixed.test'), await ask(world, 'b.test')], ['200 fixed-2', '200 of-b']);
  world.send(VIRTUAL_HOST, '3', [], ['r/b']);
  await world.settle();
  const gone = ask(world, 'b.test');
  await world.until(() => world.server.requests.some(({ names }) => names.includes('r/b.test')));
  world.send(VIRTUAL_HOST, '4', [], ['r/b.test']);
  assert.equal(await gone, '404 ');
});

test('a host that there is nothing of is answered 404, however the server says so', async (t) => {
  const world = await started(t);
  for (const [i, resources, removed] of [
    [1, [], ['r/x.test']],
    [2, [{ name: 'r/x.test' }], []],
  ] as const) {
    world.server.seen();
    const answer = ask(world, 'x.test');
    await world.until(() => world.server.requests.some(({ names }) => names.includes('r/x.test')));
    world.send(VIRTUAL_HOST, String(i), resources, removed);
    assert.equal(await answer, '404 ');
  }
});

test('routes of the listener itself grow the same way', async (t) => {
  const chain = (text: string): string =>
    rdsChain('r', '', ON_DEMAND).replace(
      `rds: {route_config_name: r, config_source: ${ADS}}`,
      `route_config: {name: r, vhds: {config_source: ${ADS}}, virtual_hosts: [${hostText('fixed', 'fixed.test', text)}]}`,
    );
  const world = await started(t, chain('fixed-1'));
  world.server.seen();
  const answer = ask(world, 'a.test');
  await world.until(() => world.server.requests.some(({ names }) => names.includes('r/a.test')));
  world.send(VIRTUAL_HOST, '1', [virtualHost('a', 'a.test', 'of-a', ['r/a.test'])]);
  assert.deepEqual([await answer, await ask(world, 'fixed.test')], ['200 of-a', '200 fixed-1']);
  world.send(VIRTUAL_HOST, '2', [virtualHost('b', 'fixed.test', 'of-b')]);
  await world.settle();
  assert.match(world.server.requests.at(-1)?.error ?? '', /another virtual host serves "fixed.test" already/);
  world.send(VIRTUAL_HOST, '3', [], ['r/a']);
  await world.settle();
  world.server.seen();
  const gone = ask(world, 'a.test');
  await world.until(() => world.server.requests.some(({ names }) => names.includes('r/a.test')));
  world.send(VIRTUAL_HOST, '4', [], ['r/a.test']);
  assert.equal(await gone, '404 ');
});
