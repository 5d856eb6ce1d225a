import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { issueCertificate } from '@weft/net-tls/testing';
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
  type XdsWorld,
} from './xds-world.testing.ts';

type Section = Readonly<Record<string, unknown>>;

const TYPE = 'type.googleapis.com/envoy.admin.v3.';

function section(world: XdsWorld, name: string): Section {
  const found = world.proxy.configDump({ includeEds: true }).find((one) => one['@type'] === TYPE + name);
  assert.ok(found, name);
  return JSON.parse(JSON.stringify(found)) as Section;
}

/** What an entry says: its fields, with the messages in it by name only. */
function outline(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(outline);
  const fields = value as Section;
  if ('@type' in fields && !String(fields['@type']).startsWith(TYPE))
    return `${String(fields['@type']).split('.').at(-1)} ${String(fields['name'] ?? fields['cluster_name'])}`;
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => key !== '@type' && !key.startsWith('last_update'))
      .map(([key, inner]) => [key, outline(inner)]),
  );
}

/** A proxy with a cluster, and a listener `l` that serves routes `r1`. */
async function serving(t: TestContext): Promise<XdsWorld> {
  const world = createXdsWorld('delta');
  t.after(() => world.stop());
  await world.settle();
  world.send(CLUSTER, 'c1', [cluster('a')]);
  await world.settle();
  world.send(ENDPOINTS, 'e1', [endpoints('a', 81)]);
  await world.settle();
  world.send(LISTENER, 'l1', [{ ...listener('l', rdsChain('r1')), version: 'own' }]);
  await world.settle();
  world.send(ROUTES, 'r1', [routes('r1', 'one')]);
  await world.started;
  await world.until(() => world.listeners().active.length === 1);
  return world;
}

describe('the dump of what discovery brought', () => {
  it('has versions, and endpoints when they are asked for', async (t) => {
    const world = await serving(t);
    assert.deepEqual(outline(section(world, 'ClustersConfigDump')), {
      version_info: 'c1',
      static_clusters: [{ cluster: 'Cluster xds' }],
      dynamic_active_clusters: [{ version_info: 'c1', cluster: 'Cluster a' }],
    });
    assert.deepEqual(outline(section(world, 'ListenersConfigDump')), {
      version_info: 'l1',
      dynamic_listeners: [{ name: 'l', active_state: { version_info: 'own', listener: 'Listener l' } }],
    });
    assert.deepEqual(outline(section(world, 'RoutesConfigDump')), {
      dynamic_route_configs: [{ version_info: 'r1', route_config: 'RouteConfiguration r1' }],
    });
    const [assigned] = section(world, 'EndpointsConfigDump')['dynamic_endpoint_configs'] as Section[];
    assert.deepEqual(assigned, {
      endpoint_config: {
        '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
        cluster_name: 'a',
        endpoints: [
          {
            locality: {},
            lb_endpoints: [
              {
                endpoint: {
                  address: { socket_address: { address: '127.0.0.1', port_value: 81 } },
                  health_check_config: {},
                },
                health_status: 'HEALTHY',
                load_balancing_weight: 1,
              },
            ],
            load_balancing_weight: 0,
          },
        ],
        policy: { overprovisioning_factor: 140 },
      },
    });
    const names = world.proxy.configDump({ includeEds: false }).map((one) => one['@type'].slice(TYPE.length));
    assert.deepEqual(names, [
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'ListenersConfigDump',
      'ScopedRoutesConfigDump',
      'RoutesConfigDump',
      'SecretsConfigDump',
    ]);
  });

  it('shows what waits and for what, beside what serves', async (t) => {
    const world = await serving(t);
    world.send(CLUSTER, 'c2', [cluster('b')]);
    world.send(LISTENER, 'l2', [listener('l', rdsChain('r2', sdsSocket('s')))]);
    await world.settle();
    assert.deepEqual(outline(section(world, 'ClustersConfigDump')['dynamic_warming_clusters']), [
      { version_info: 'c2', cluster: 'Cluster b' },
    ]);
    assert.deepEqual(outline(section(world, 'ListenersConfigDump')['dynamic_listeners']), [
      {
        name: 'l',
        active_state: { version_info: 'own', listener: 'Listener l' },
        warming_state: { version_info: 'l2', listener: 'Listener l' },
      },
    ]);
    assert.deepEqual(outline(section(world, 'SecretsConfigDump')), {
      dynamic_warming_secrets: [{ name: 's', version_info: 'uninitialized', secret: 'Secret s' }],
    });
    const [target] = world.proxy.unreadyTargets();
    assert.match(target?.name ?? '', /^init manager Listener-local-init-manager l \d+$/);
    assert.deepEqual(target?.targetNames, [
      'shared target RdsRouteConfigSubscription RDS init r2',
      'shared target SdsApi s',
    ]);
  });

  it('shows secrets that came, without their keys', async (t) => {
    const world = await serving(t);
    world.send(LISTENER, 'l2', [listener('m', rdsChain('r1', sdsSocket('s')))]);
    await world.settle();
    const { cert, key } = issueCertificate();
    const certificate = { certificate_chain: { inline_string: cert }, private_key: { inline_string: key } };
    world.send(SECRET, 's1', [resource(SECRET, 's', JSON.stringify({ name: 's', tls_certificate: certificate }))]);
    await world.until(() => world.listeners().active.length === 2);
    const dumped = section(world, 'SecretsConfigDump');
    assert.deepEqual(outline(dumped), {
      dynamic_active_secrets: [{ name: 's', version_info: 's1', secret: 'Secret s' }],
    });
    assert.doesNotMatch(JSON.stringify(dumped), /PRIVATE KEY/);
    assert.deepEqual(world.proxy.unreadyTargets(), []);
  });

  it('shows what was refused and why, beside what serves on', async (t) => {
    const world = await serving(t);
    const broken = `, transport_socket: {name: tls, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext,
      common_tls_context: {tls_certificates: [{certificate_chain: {filename: /nowhere}, private_key: {filename: /nowhere}}]}}}`;
    world.send(LISTENER, 'l2', [listener('l', rdsChain('r1', broken)), listener('new', rdsChain('r1', broken))]);
    await world.settle();
    assert.equal(await world.ask('l'), 'one');
    const [served, fresh] = outline(section(world, 'ListenersConfigDump')['dynamic_listeners']) as Section[];
    assert.deepEqual(served?.['active_state'], { version_info: 'own', listener: 'Listener l' });
    assert.equal(served?.['client_status'], 'NACKED');
    for (const [entry, name] of [
      [served, 'l'],
      [fresh, 'new'],
    ] as const) {
      const state = entry?.['error_state'] as Section;
      assert.equal(entry?.['name'], name);
      assert.equal(state['failed_configuration'], `Listener ${name}`);
      assert.match(String(state['details']), /nowhere cannot be read/);
      assert.equal(state['version_info'], 'l2');
    }
    world.send(LISTENER, 'l3', [listener('l', rdsChain('r1'))], ['new']);
    await world.settle();
    assert.deepEqual(outline(section(world, 'ListenersConfigDump')['dynamic_listeners']), [
      { name: 'l', active_state: { version_info: 'own', listener: 'Listener l' } },
    ]);
  });

  it('tells versions and the control plane as texts among the stats', async (t) => {
    const world = await serving(t);
    const texts = Object.fromEntries(world.store.texts().map(({ name, value }) => [name, value]));
    assert.equal(texts['cluster_manager.cds.version_text'], 'c1');
    assert.equal(texts['listener_manager.lds.version_text'], 'l1');
    assert.equal(texts['http.in.rds.r1.version_text'], 'r1');
    assert.equal(texts['cluster.a.version_text'], 'e1');
    assert.equal(texts['control_plane.identifier'], '');
  });
});
