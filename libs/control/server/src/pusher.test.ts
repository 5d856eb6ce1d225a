import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeshSnapshotBuilder, type WorkloadRegistration } from '@weft/control-mesh';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { PushQueue, Resource, SnapshotCache, TYPE_URL, type Snapshot, type XdsNode } from '@weft/xds-server';
import { ControlPlaneMetrics } from './metrics.ts';
import { Pusher } from './pusher.ts';

function node(name: string, metadata: XdsNode['metadata'] = {}): XdsNode {
  return {
    id: `sidecar~10.0.0.1~${name}.default~default.svc.cluster.local`,
    cluster: '',
    locality: { region: '', zone: '', subZone: '' },
    metadata,
    userAgentName: '',
    userAgentVersion: '',
    clientFeatures: [],
  };
}

const calls = (host: string): XdsNode['metadata'] => ({
  INTERCEPTION_MODE: 'NONE',
  UPSTREAMS: [{ host, port: 80, localPort: 9000 }],
});

const secretOf = (name: string, text: string): Resource =>
  new Resource(TYPE_URL.secret, name, { value: Buffer.from(text), references: [] });

const serving = (name: string, service: string, more: Partial<WorkloadRegistration> = {}): WorkloadRegistration => ({
  namespace: 'default',
  name,
  service,
  addresses: ['10.1.0.1'],
  ports: [{ name: 'http', port: 80 }],
  labels: {},
  healthy: true,
  ...more,
});

class World {
  readonly runtime = createFakeRuntime();
  readonly cache = new SnapshotCache();
  readonly builder = new MeshSnapshotBuilder();
  readonly pusher: Pusher;
  readonly metrics = new ControlPlaneMetrics();
  readonly told: string[] = [];
  secrets: readonly Resource[] = [];

  constructor(...nodes: readonly XdsNode[]) {
    const { metrics } = this;
    const queue = new PushQueue({ ...this.runtime, metrics });
    const { runtime, cache } = this;
    this.pusher = new Pusher({ runtime, cache, queue, metrics, secrets: () => this.secrets });
    for (const service of ['web', 'other']) this.builder.register(serving(service, service));
    this.push();
    for (const one of nodes) {
      cache.watch(one.id, { onSnapshot: () => this.told.push(one.id.split('~')[2]?.split('.')[0] ?? '') });
      this.pusher.connected(one);
    }
    this.told.length = 0;
  }

  /** Who is told of what the builder has now. */
  push(): string[] {
    this.told.length = 0;
    this.pusher.push(this.builder.build());
    this.runtime.clock.advance(1);
    return this.told.splice(0).sort();
  }

  of(name: string): Snapshot {
    return this.cache.get(node(name).id) ?? assert.fail(`${name} has nothing`);
  }

  endpoints(name: string, service: string): Resource | undefined {
    return this.of(name).resources(TYPE_URL.endpoint).get(`outbound|80||${service}.default.svc.cluster.local`);
  }
}

test('proxies that see the same share it, and each has beside it what is its own', () => {
  const world = new World(node('web'), node('a'), node('b'));
  assert.equal(world.of('a').resources(TYPE_URL.route), world.of('b').resources(TYPE_URL.route));
  assert.equal(world.of('a').resources(TYPE_URL.endpoint), world.of('web').resources(TYPE_URL.endpoint));
  assert.ok(world.of('web').resources(TYPE_URL.cluster).has('inbound|80||'));
  assert.ok(!world.of('a').resources(TYPE_URL.cluster).has('inbound|80||'));
});

test('a changed endpoint is told to those who may call it, and to nobody else', () => {
  const world = new World(node('everything'), node('one', calls('other')));
  const before = [world.endpoints('everything', 'web'), world.endpoints('one', 'other')];
  world.builder.register(serving('web', 'web', { addresses: ['10.1.0.2'] }));
  assert.deepEqual(world.push(), ['everything']);
  assert.notEqual(world.endpoints('everything', 'web')?.version, before[0]?.version);
  assert.equal(world.endpoints('one', 'other'), before[1]);
  assert.equal(world.endpoints('one', 'web'), undefined);
});

test('a service outside the scope that a route leads to is told of when its endpoints change', () => {
  const route = {
    ref: { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default', name: 'elsewhere' },
    createdAtMs: 0,
    labels: {},
    annotations: {},
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'other' }],
      rules: [{ backendRefs: [{ group: '', kind: 'Service', name: 'web', port: 80 }] }],
    },
  };
  const world = new World(node('one', calls('other')));
  world.builder.set(route);
  assert.deepEqual(world.push(), ['one']);
  const before = world.endpoints('one', 'web');
  assert.ok(before !== undefined);
  world.builder.register(serving('web', 'web', { addresses: ['10.1.0.2'] }));
  assert.deepEqual(world.push(), ['one']);
  assert.notEqual(world.endpoints('one', 'web')?.version, before.version);
});

test('what a proxy called is added for it alone', () => {
  const world = new World(node('one', calls('other')), node('two', calls('other')));
  assert.equal(world.pusher.dialled(node('one').id, ['web.default.svc.cluster.local']), true);
  world.runtime.clock.advance(1);
  assert.deepEqual(world.told.splice(0), ['one']);
  assert.ok(world.endpoints('one', 'web') !== undefined);
  assert.equal(world.endpoints('two', 'web'), undefined);
});

const asking = (world: World, name: string): void => world.pusher.connected(node(name), false, true);

test('a captured proxy that can ask is told of a service when it calls it, and of its endpoints from then on', () => {
  const world = new World();
  for (const name of ['one', 'two']) asking(world, name);
  world.cache.watch(node('one').id, { onSnapshot: () => world.told.push('one') });
  assert.equal(world.endpoints('one', 'web'), undefined);
  assert.equal(world.of('one').resources(TYPE_URL.route), world.of('two').resources(TYPE_URL.route));
  const routes = world.of('one').resources(TYPE_URL.route);
  assert.equal(world.pusher.dialled(node('one').id, ['web.default.svc.cluster.local']), true);
  const before = world.endpoints('one', 'web') ?? assert.fail('it is there at once');
  assert.deepEqual([world.endpoints('one', 'other'), world.endpoints('two', 'web')], [undefined, undefined]);
  assert.equal(world.of('one').resources(TYPE_URL.route), routes, 'routes knew it before');
  world.builder.register(serving('other', 'other', { addresses: ['10.1.0.3'] }));
  assert.deepEqual(world.push(), []);
  world.builder.register(serving('web', 'web', { addresses: ['10.1.0.2'] }));
  assert.deepEqual(world.push(), ['one']);
  assert.notEqual(world.endpoints('one', 'web')?.version, before.version);
  assert.equal(world.pusher.dialled(node('one').id, ['nowhere.test']), false);
});

test('its own workload concerns a proxy, and whoever has the same as before is told nothing', () => {
  const world = new World(node('web', calls('other')), node('one', calls('other')));
  world.builder.register(serving('web', 'web', { ports: [{ name: 'http', port: 80, appPort: 8081 }] }));
  assert.deepEqual(world.push(), ['web']);
  world.builder.register(serving('web', 'web', { ports: [{ name: 'http', port: 80, appPort: 8081 }] }));
  assert.deepEqual(world.push(), []);
});

test('a proxy that left is forgotten, and what it saw with it', () => {
  const world = new World(node('one', calls('other')));
  world.pusher.disconnected(node('one'));
  assert.equal(world.cache.get(node('one').id), undefined);
  assert.deepEqual(world.pusher.proxies, []);
  world.builder.register(serving('other', 'other', { addresses: ['10.1.0.9'] }));
  assert.deepEqual(world.push(), []);
});

test('what a caller without a certificate said of a proxy gives way to what one with a certificate says', () => {
  const world = new World(node('one', calls('other')));
  assert.equal(world.endpoints('one', 'web'), undefined);
  world.pusher.connected(node('one', calls('web')), true);
  assert.deepEqual(world.told.splice(0), ['one']);
  assert.ok(world.endpoints('one', 'web') !== undefined);
  assert.equal(world.endpoints('one', 'other'), undefined);
  world.pusher.disconnected(node('one'));
  assert.equal(world.pusher.connection(node('one').id)?.certified, true);
  world.pusher.connected(node('one', calls('other')), true);
  assert.equal(world.endpoints('one', 'other'), undefined);
});

test('a Secret that changes reaches the gateway that serves with it', () => {
  const gateway = {
    ref: { group: 'networking.istio.io', kind: 'Gateway', namespace: 'default', name: 'edge' },
    createdAtMs: 0,
    labels: {},
    annotations: {},
    spec: {
      selector: { app: 'edge' },
      servers: [
        {
          port: { number: 443, name: 'https', protocol: 'HTTPS' },
          hosts: ['*'],
          tls: { mode: 'SIMPLE', credentialName: 'edge' },
        },
      ],
    },
  };
  const router = { ...node('edge', { LABELS: { app: 'edge' } }), id: 'router~10.0.0.1~edge.default~cluster.local' };
  const world = new World();
  world.secrets = [secretOf('kubernetes://edge', 'first')];
  world.builder.set(gateway);
  world.push();
  world.pusher.connected(router);
  const secret = (): Resource | undefined =>
    world.cache.get(router.id)?.resources(TYPE_URL.secret).get('kubernetes://edge');
  const before = secret();
  assert.ok(before !== undefined);
  world.secrets = [secretOf('kubernetes://edge', 'second')];
  world.push();
  assert.notEqual(secret()?.version, before.version);
});

test('policies select a sidecar by the labels of its WorkloadEntry and WorkloadGroup, too', () => {
  const object = (group: string, kind: string, name: string, spec: object) => ({
    ref: { group, kind, namespace: 'default', name },
    createdAtMs: 0,
    labels: {},
    annotations: {},
    spec,
  });
  const group = (tier: string) =>
    object('networking.istio.io', 'WorkloadGroup', 'web', { template: { labels: { tier, app: 'x' } } });
  const world = new World(node('web', { LABELS: { app: 'web' } }));
  world.builder.set(
    object('security.istio.io', 'AuthorizationPolicy', 'none', { selector: { matchLabels: { tier: 'front' } } }),
  );
  world.builder.set(group('front'));
  world.builder.register(serving('web', 'web', { group: 'web', labels: { app: 'web' } }));
  assert.deepEqual(world.push(), ['web']);
  assert.deepEqual(world.pusher.proxy(node('web').id)?.labels, { tier: 'front', app: 'web' });
  const denied = world.of('web').resources(TYPE_URL.listener).version;
  world.builder.set(group('back'));
  world.push();
  assert.deepEqual(world.pusher.proxy(node('web').id)?.labels, { tier: 'back', app: 'web' });
  assert.notEqual(world.of('web').resources(TYPE_URL.listener).version, denied);
});

const rule = (name: string, service: string, maxConnections: number) => ({
  ref: { group: 'networking.istio.io', kind: 'DestinationRule', namespace: 'default', name },
  createdAtMs: 0,
  labels: {},
  annotations: {},
  spec: { host: service, trafficPolicy: { connectionPool: { tcp: { maxConnections } } } },
});

const withheld = (world: World, name: string): readonly string[] =>
  world.pusher
    .withheldFrom(node(name).id)
    .map(
      ({ name: resource, outcome, documents }) => `${resource} ${outcome} ${documents.map((ref) => ref.name).join()}`,
    );

test('what proxies would refuse costs itself: it stays as it was, its document is told, and all else goes on', () => {
  const world = new World(node('everything'), node('one', calls('web')), node('two', calls('other')));
  const cluster = (name: string, service: string): Resource | undefined =>
    world.of(name).resources(TYPE_URL.cluster).get(`outbound|80||${service}.default.svc.cluster.local`);
  const before = cluster('one', 'web');
  world.builder.set(rule('wrong', 'web', -1));
  world.builder.set(rule('right', 'other', 7));
  assert.deepEqual(world.push(), ['everything', 'two']);
  assert.equal(cluster('one', 'web'), before);
  const told = ['outbound|80||web.default.svc.cluster.local It stays as it was. wrong'];
  assert.deepEqual(withheld(world, 'everything'), told);
  assert.deepEqual(withheld(world, 'one'), told);
  assert.deepEqual(withheld(world, 'two'), []);
  assert.match(world.metrics.page(), /^weft_withheld_resources 1$/m);
  assert.match(world.metrics.page(), /^weft_failed_translations 0$/m);
  const logged = world.runtime.logged.filter((line) => line.includes('Behind it: DestinationRule default/wrong'));
  assert.equal(logged.length, 1, 'once, however many it is about');

  world.builder.register(serving('web', 'web', { addresses: ['10.1.0.2'] }));
  const ended = world.endpoints('one', 'web');
  assert.ok(world.push().includes('one'), 'its endpoints go on');
  assert.notEqual(world.endpoints('one', 'web')?.version, ended?.version);
  assert.deepEqual(withheld(world, 'one'), told);

  world.builder.set(rule('wrong', 'web', 9));
  world.push();
  assert.notEqual(cluster('one', 'web')?.version, before?.version);
  assert.deepEqual(withheld(world, 'everything'), []);
  assert.match(world.metrics.page(), /^weft_withheld_resources 0$/m);
});

test('a resource that was never anything else has what is left of it, and comes when its document is mended', () => {
  const world = new World();
  world.builder.set(rule('wrong', 'web', -1));
  world.push();
  world.pusher.connected(node('late'));
  assert.deepEqual(withheld(world, 'late'), [
    'outbound|80||web.default.svc.cluster.local Calls to it are answered 503. wrong',
  ]);
  assert.ok(world.of('late').resources(TYPE_URL.cluster).has('outbound|80||web.default.svc.cluster.local'));
  world.builder.set(rule('wrong', 'web', 1));
  world.push();
  assert.deepEqual(withheld(world, 'late'), []);
});
