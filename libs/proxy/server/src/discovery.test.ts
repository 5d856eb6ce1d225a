import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { SentResource } from '@weft/xds-client/testing';
import {
  ADS,
  CLUSTER,
  LISTENER,
  ROUTES,
  createXdsWorld,
  listener,
  rdsChain,
  resource,
  routes,
  type XdsWorld,
  type XdsWorldOptions,
} from './xds-world.testing.ts';

const RUNTIME = 'envoy.service.runtime.v3.Runtime';
const EXTENSION = 'envoy.config.core.v3.TypedExtensionConfig';
const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const PATIENCE_MS = 15_000;

function begin(t: TestContext, options: XdsWorldOptions = {}): XdsWorld {
  const world = createXdsWorld('sotw', options);
  t.after(() => world.stop());
  return world;
}

describe('a layer of the runtime by RTDS', () => {
  const LAYERS = `layered_runtime: {layers: [
    {name: base, static_layer: {a: 1, b: 2}},
    {name: far, rtds_layer: {name: flags, rtds_config: ${ADS}}},
    {name: admin, admin_layer: {}}]}`;
  const runtime = (text: string): SentResource => resource(RUNTIME, 'flags', `{name: flags, layer: ${text}}`);

  it('is waited for before clusters are asked for, and lies over those before it', async (t) => {
    const world = begin(t, { more: LAYERS });
    await world.settle();
    const asked = (typeName: string): boolean => world.server.requests.some((one) => one.typeUrl.endsWith(typeName));
    assert.deepEqual([asked(RUNTIME), asked(CLUSTER)], [true, false]);
    world.send(RUNTIME, 'v1', [runtime('{a: 7, deep: {c: true}}')]);
    await world.settle();
    assert.equal(asked(CLUSTER), true);
    const { flags } = world.proxy;
    assert.deepEqual([flags.integer('a', 0), flags.integer('b', 0), flags.boolean('deep.c', false)], [7, 2, true]);
    assert.deepEqual(flags.layers, ['base', 'far', 'admin']);
    world.send(RUNTIME, 'v2', [runtime('{b: 9}')]);
    await world.settle();
    assert.deepEqual([flags.integer('a', 0), flags.integer('b', 0)], [1, 9]);
    assert.equal(flags.modify(new Map([['b', '10']])), undefined);
    assert.equal(flags.integer('b', 0), 10);
    assert.equal(world.store.counter('runtime.update_success').value, 2);
  });

  it('keeps the proxy no longer than the initial fetch timeout', async (t) => {
    const world = begin(t, { more: LAYERS });
    await world.settle();
    world.runtime.timers.advance(PATIENCE_MS);
    await world.settle();
    assert.equal(world.server.requests.at(-1)?.typeUrl.endsWith(CLUSTER), true);
  });
});

describe('an HTTP filter by ECDS', () => {
  const filter = (more = ''): string =>
    `{name: guard, config_discovery: {config_source: ${ADS}, type_urls: [${RBAC}]${more}}}, `;
  const rules = (action: string): string =>
    `{"@type": ${RBAC}, rules: {action: ${action}, policies: {all: {permissions: [{any: true}], principals: [{any: true}]}}}}`;
  const guard = (action: string): SentResource =>
    resource(EXTENSION, 'guard', `{name: guard, typed_config: ${rules(action)}}`);

  /** Up to where the listener `l` was told of, and its routes. */
  const told = async (t: TestContext, more = ''): Promise<XdsWorld> => {
    const world = begin(t);
    await world.settle();
    world.send(CLUSTER, 'c0', []);
    await world.settle();
    world.send(LISTENER, 'l1', [listener('l', rdsChain('r', '', filter(more)))]);
    await world.settle();
    world.send(ROUTES, 'r1', [routes('r', 'passed')]);
    await world.settle();
    return world;
  };

  it('is waited for, and each request meets the one that is in force', async (t) => {
    const world = await told(t);
    assert.deepEqual(world.listeners(), { active: [], warming: ['l'] });
    const [target] = world.proxy.unreadyTargets();
    assert.deepEqual(target?.targetNames, ['shared target FilterConfigSubscription init guard']);
    world.send(EXTENSION, 'e1', [guard('ALLOW')]);
    await world.until(() => world.listeners().active.length === 1);
    assert.equal(await world.ask('l'), 'passed');
    world.send(EXTENSION, 'e2', [guard('DENY')]);
    await world.settle();
    assert.match(await world.ask('l'), /RBAC/);
    const dump = world.proxy.configDump({ includeEds: false }).find((one) => one['@type'].endsWith('EcdsConfigDump'));
    assert.equal((dump?.['ecds_filters'] as unknown as { version_info: string }[])[0]?.version_info, 'e2');
  });

  it('that does not come in time leaves requests unanswered by anything behind it', async (t) => {
    const world = await told(t);
    world.runtime.timers.advance(PATIENCE_MS);
    await world.until(() => world.listeners().active.length === 1);
    assert.match(await world.ask('l'), /no configuration yet/);
  });

  it('has a default that serves after the wait, or at once', async (t) => {
    const late = await told(t, `, default_config: ${rules('DENY')}`);
    assert.deepEqual(late.listeners().warming, ['l']);
    late.runtime.timers.advance(PATIENCE_MS);
    await late.until(() => late.listeners().active.length === 1);
    assert.match(await late.ask('l'), /RBAC/);
    const atOnce = await told(t, `, default_config: ${rules('DENY')}, apply_default_config_without_warming: true`);
    await atOnce.until(() => atOnce.listeners().active.length === 1);
    assert.match(await atOnce.ask('l'), /RBAC/);
    atOnce.send(EXTENSION, 'e1', [guard('ALLOW')]);
    await atOnce.settle();
    assert.equal(await atOnce.ask('l'), 'passed');
  });

  it('of a type that the listener does not take is refused, and the one before it stays', async (t) => {
    const world = await told(t);
    world.send(EXTENSION, 'e1', [guard('ALLOW')]);
    await world.until(() => world.listeners().active.length === 1);
    world.server.seen();
    const router = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
    world.send(EXTENSION, 'e2', [resource(EXTENSION, 'guard', `{name: guard, typed_config: {"@type": ${router}}}`)]);
    await world.settle();
    assert.match(world.server.seen()[0]?.error ?? '', /guard.*typed_config.*does not take/);
    assert.equal(await world.ask('l'), 'passed');
    assert.equal(world.store.counter('extension_config_discovery.http_filter.guard.config_conflict').value, 1);
  });
});

describe('discovery over REST', () => {
  it('reaches its server through a cluster', async (t) => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.setEncoding('utf8');
      let body = `${request.method} ${request.url} `;
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        bodies.push(body);
        const found = { '@type': `type.googleapis.com/${CLUSTER}`, name: 'found', connect_timeout: '1s' };
        response.end(JSON.stringify({ version_info: 'v1', resources: [found] }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const address = `{socket_address: {address: 127.0.0.1, port_value: ${port}}}`;
    const world = begin(t, {
      cds: '{resource_api_version: V3, api_config_source: {api_type: REST, transport_api_version: V3, cluster_names: [rest], refresh_delay: 1s}}',
      clusters: `{name: rest, type: STATIC, connect_timeout: 1s, load_assignment: {cluster_name: rest, endpoints: [{lb_endpoints: [{endpoint: {address: ${address}}}]}]}}`,
    });
    await world.until(() => world.clusters().active.includes('found'));
    assert.match(bodies[0] ?? '', /^POST \/v3\/discovery:clusters \{.*"id":"n1"/);
    assert.equal(world.store.text('cluster_manager.cds.version_text').value, 'v1');
  });
});

describe('a name with an authority', () => {
  it('is asked of whoever serves the authority', async (t) => {
    const service = 'grpc_services: [{envoy_grpc: {cluster_name: other}}]';
    const world = begin(t, {
      more: `config_sources: [{authorities: [{name: far.test}], api_config_source: {api_type: GRPC, transport_api_version: V3, ${service}}}]`,
    });
    await world.settle();
    world.send(CLUSTER, 'c0', []);
    await world.settle();
    const name = 'xdstp://far.test/envoy.config.route.v3.RouteConfiguration/r';
    world.send(LISTENER, 'l1', [listener('l', rdsChain(`"${name}"`))]);
    await world.until(() => world.called.length === 2);
    const [ads, far] = world.called;
    assert.deepEqual(
      [ads, far].map((one) => (one?.kind === 'cluster' ? one.cluster : '')),
      ['xds', 'other'],
    );
    assert.equal(
      world.server.requests.some(({ typeUrl }) => typeUrl.endsWith(ROUTES)),
      false,
    );
  });
});
