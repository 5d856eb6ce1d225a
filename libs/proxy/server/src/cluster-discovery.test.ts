import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import {
  ADS,
  CLUSTER,
  createXdsWorld,
  ENDPOINTS,
  LISTENER,
  cluster,
  endpoints,
  resource,
  type XdsWorld,
} from './xds-world.testing.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const ON_DEMAND = `{name: envoy.filters.http.on_demand, typed_config: {"@type": ${TYPE}.http.on_demand.v3.OnDemand,
  odcds: {source: ${ADS}, timeout: 2s}}}`;
const ROUTER = `{name: router, typed_config: {"@type": ${TYPE}.http.router.v3.Router}}`;
const ROUTES = `{name: r, virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: web}}]}],
  validate_clusters: false}`;
const HTTP = `{name: http, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [{filters: [{name: hcm,
  typed_config: {"@type": ${TYPE}.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: in,
  route_config: ${ROUTES}, http_filters: [${ON_DEMAND}, ${ROUTER}]}}]}]}`;
const TCP = `{name: tcp, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [{filters: [{name: tcp,
  typed_config: {"@type": ${TYPE}.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: web,
  on_demand: {odcds_config: ${ADS}, timeout: 2s}}}]}]}`;

let upstream: Server;
let port = 0;
before(async () => {
  upstream = createServer((_, response) => response.end('from upstream')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  port = (upstream.address() as AddressInfo).port;
});
after(() => upstream.close());

async function started(protocol: 'sotw' | 'delta'): Promise<XdsWorld> {
  const world = createXdsWorld(protocol);
  await world.until(() => world.server.requests.length > 0);
  world.send(CLUSTER, '1', []);
  await world.until(() => world.server.requests.some(({ typeUrl }) => typeUrl.endsWith(LISTENER)));
  world.send(LISTENER, '1', [resource(LISTENER, 'http', HTTP), resource(LISTENER, 'tcp', TCP)]);
  await world.until(() => world.listeners().active.length === 2);
  await world.settle();
  world.server.seen();
  return world;
}

const namesAsked = (world: XdsWorld, type = CLUSTER): string[] =>
  world.server
    .seen()
    .filter(({ typeUrl }) => typeUrl.endsWith(type))
    .flatMap(({ names }) => names);
const stat = (world: XdsWorld, name: string): number => world.store.root.counter(name).value;

for (const protocol of ['delta', 'sotw'] as const) {
  test(`${protocol}: a cluster is asked for once, by all who need it, and they go on when it is warm`, async () => {
    const world = await started(protocol);
    const answers = [world.ask('http'), world.ask('http'), world.ask('http')];
    await world.until(() => world.server.requests.length > 0);
    await world.settle();
    assert.deepEqual(
      namesAsked(world).filter((name) => name !== '*'),
      ['web'],
    );
    world.send(CLUSTER, '2', [cluster('web')]);
    await world.until(() => world.server.requests.some(({ typeUrl }) => typeUrl.endsWith(ENDPOINTS)));
    assert.deepEqual(world.clusters(), { active: ['xds'], warming: ['web'] });
    world.send(ENDPOINTS, '1', [endpoints('web', port)]);
    assert.deepEqual(await Promise.all(answers), ['from upstream', 'from upstream', 'from upstream']);
    assert.equal(await world.ask('http'), 'from upstream');
    assert.equal(stat(world, 'cluster_manager.odcds.update_success'), 1);
    await world.stop();
  });
}

test('a cluster that does not come is answered for after the time, and asked for again by the next request', async () => {
  const world = await started('delta');
  const answer = world.ask('http');
  await world.until(() => world.server.requests.length > 0);
  await world.settle();
  world.runtime.timers.advance(2000);
  assert.equal(await answer, '');
  assert.equal(stat(world, 'http.in.no_cluster'), 1);
  assert.deepEqual(namesAsked(world), ['web']);
  const next = world.ask('http');
  await world.until(() => world.server.requests.length > 0);
  assert.deepEqual(namesAsked(world), ['web']);
  world.send(CLUSTER, '3', [], ['web']);
  assert.equal(await next, '');
  assert.equal(stat(world, 'http.in.no_cluster'), 2);
  await world.stop();
});

test('tcp_proxy holds a connection whose cluster is not there', async () => {
  const world = await started('delta');
  const listening = world.proxy.listeners.all.find(({ message }) => message.name === 'tcp')?.listener.address?.port;
  const client = connect(listening ?? 0, '127.0.0.1');
  client.write('GET / HTTP/1.0\r\n\r\n');
  let said = '';
  client.setEncoding('latin1').on('data', (chunk: string) => (said += chunk));
  await world.until(() => world.server.requests.length > 0);
  assert.deepEqual(namesAsked(world), ['web']);
  world.send(CLUSTER, '2', [cluster('web')]);
  await world.until(() => world.server.requests.some(({ typeUrl }) => typeUrl.endsWith(ENDPOINTS)));
  world.send(ENDPOINTS, '1', [endpoints('web', port)]);
  await once(client, 'close');
  assert.match(said, /from upstream$/);
  assert.deepEqual(
    ['attempt', 'success', 'missing', 'timeout'].map((name) => stat(world, `tcp.t.on_demand_cluster_${name}`)),
    [1, 1, 0, 0],
  );
  world.send(CLUSTER, '3', [], ['web']);
  await world.until(() => !world.clusters().active.includes('web'));
  world.server.seen();
  const late = connect(listening ?? 0, '127.0.0.1').resume();
  await world.until(() => world.server.requests.some(({ names }) => names.includes('web')));
  world.runtime.timers.advance(2000);
  await once(late, 'close');
  assert.equal(stat(world, 'tcp.t.on_demand_cluster_timeout'), 1);
  assert.equal(stat(world, 'tcp.t.downstream_cx_no_route'), 1);
  await world.stop();
});
