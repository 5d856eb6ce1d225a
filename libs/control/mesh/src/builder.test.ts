import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeshSnapshotBuilder } from './builder.ts';
import type { MeshObject } from './object.ts';
import type { WorkloadRegistration } from './service.ts';
import { findService, resolveHost } from './snapshot.ts';

function object(kind: string, name: string, spec: unknown, more: Partial<MeshObject> = {}): MeshObject {
  const group = kind === 'Service' ? '' : 'networking.istio.io';
  return {
    ref: { group, kind, namespace: 'default', name },
    createdAtMs: 0,
    labels: {},
    annotations: {},
    spec,
    ...more,
  };
}

function registration(name: string, more: Partial<WorkloadRegistration> = {}): WorkloadRegistration {
  return {
    namespace: 'default',
    name,
    service: 'videos-api',
    addresses: ['10.0.0.1'],
    ports: [{ name: 'http', port: 10010 }],
    labels: { app: 'videos-api' },
    healthy: true,
    ...more,
  };
}

const KEY = 'default/videos-api.default.svc.cluster.local';

test('a workload that registers makes its service, and takes it along when it goes', () => {
  const builder = new MeshSnapshotBuilder();
  builder.register(registration('a'));
  builder.register(
    registration('b', { addresses: ['10.0.0.2'], ports: [{ name: 'http', port: 10010, listenPort: 1, appPort: 2 }] }),
  );
  const full = builder.build();
  assert.deepEqual(
    full.services.get(KEY)?.ports.map(({ number, protocol }) => [number, protocol]),
    [[10010, 'http']],
  );
  const [a, b] = full.endpoints.get(KEY) ?? [];
  assert.deepEqual([a?.address, a?.ports[10010], b?.ports[10010]], ['10.0.0.1', 10010, 1]);
  assert.equal(a?.identity, 'spiffe://cluster.local/ns/default/sa/default');
  assert.equal(a.proxied, true);
  builder.unregister('default', 'a');
  builder.unregister('default', 'b');
  const empty = builder.build();
  assert.deepEqual([empty.services.size, empty.endpoints.size, empty.workloads.size], [0, 0, 0]);
  assert.equal(full.services.size, 1, 'a snapshot stays what it was');
});

test('nothing changed is the same snapshot, and one endpoint changed leaves the other lists alone', () => {
  const builder = new MeshSnapshotBuilder();
  builder.register(registration('a'));
  builder.register(registration('o', { service: 'other' }));
  const before = builder.build();
  assert.equal(builder.build(), before);
  builder.register(registration('a', { healthy: false }));
  const after = builder.build();
  assert.notEqual(after, before);
  assert.equal(after.version, before.version + 1);
  assert.equal(after.endpoints.get(KEY)?.[0]?.healthy, false);
  const other = 'default/other.default.svc.cluster.local';
  assert.equal(after.endpoints.get(other), before.endpoints.get(other));
  assert.equal(after.policies, before.policies);
});

test('a document takes the place of what workloads said, and the registration is still served', () => {
  const builder = new MeshSnapshotBuilder();
  builder.register(registration('a'));
  builder.build();
  const service = object('Service', 'videos-api', {
    clusterIP: '10.96.0.1',
    ports: [
      { name: 'grpc', port: 10010, protocol: 'TCP' },
      { port: 6379, protocol: 'TCP' },
    ],
  });
  builder.set(service);
  const described = builder.build();
  assert.deepEqual(
    described.services.get(KEY)?.ports.map(({ protocol }) => protocol),
    ['grpc', 'redis'],
  );
  assert.equal(described.endpoints.get(KEY)?.length, 1);
  builder.remove(service.ref);
  assert.deepEqual(
    builder
      .build()
      .services.get(KEY)
      ?.ports.map(({ protocol }) => protocol),
    ['http'],
  );
});

test('endpoints are those listed, those selected by labels, and names for DNS', () => {
  const builder = new MeshSnapshotBuilder();
  const entry = (name: string, spec: object): void =>
    builder.set(
      object('ServiceEntry', name, {
        ports: [{ name: 'http', number: 80, protocol: 'HTTP', targetPort: 8080 }],
        ...spec,
      }),
    );
  entry('listed', {
    hosts: ['listed.test'],
    resolution: 'STATIC',
    endpoints: [{ address: '1.1.1.1' }, { address: '1.1.1.2', ports: { http: 9 } }],
  });
  entry('selected', { hosts: ['selected.test'], resolution: 'STATIC', workloadSelector: { labels: { app: 'vm' } } });
  entry('dns', { hosts: ['dns.test'], resolution: 'DNS' });
  builder.set(
    object('WorkloadEntry', 'vm', {
      address: '2.2.2.2',
      labels: { app: 'vm' },
      serviceAccount: 'vm',
      ports: { http: 81 },
    }),
  );
  const { endpoints } = builder.build();
  const at = (host: string) =>
    endpoints.get(`default/${host}`)?.map(({ address, ports }) => `${address}:${ports[80] ?? 0}`);
  assert.deepEqual(at('listed.test'), ['1.1.1.1:8080', '1.1.1.2:9']);
  assert.deepEqual(at('selected.test'), ['2.2.2.2:81']);
  assert.deepEqual(at('dns.test'), ['dns.test:8080']);
  builder.set(object('WorkloadEntry', 'vm', { address: '2.2.2.2', labels: { app: 'gone' } }));
  assert.deepEqual(builder.build().endpoints.get('default/selected.test'), []);
});

test('a short name is the service of the namespace, in every form', () => {
  const builder = new MeshSnapshotBuilder();
  builder.register(registration('a'));
  const snapshot = builder.build();
  for (const host of [
    'videos-api',
    'videos-api.default',
    'videos-api.default.svc',
    'videos-api.default.svc.cluster.local',
    'Videos-API',
  ])
    assert.equal(resolveHost(snapshot, host, 'default'), 'videos-api.default.svc.cluster.local', host);
  assert.equal(resolveHost(snapshot, 'videos-api', 'other'), 'videos-api.other.svc.cluster.local');
  assert.equal(resolveHost(snapshot, 'servicemesh.demo', 'default'), 'servicemesh.demo');
  assert.equal(resolveHost(snapshot, '*.demo', 'default'), '*.demo');
});

test('of a host that several namespaces describe, a client means its own or the oldest it may see', () => {
  const builder = new MeshSnapshotBuilder();
  const entry = (namespace: string, createdAtMs: number, exportTo?: string[]): void =>
    builder.set({
      ...object(
        'ServiceEntry',
        'x',
        { hosts: ['x.test'], ports: [], ...(exportTo ? { exportTo } : {}) },
        { createdAtMs },
      ),
      ref: { group: 'networking.istio.io', kind: 'ServiceEntry', namespace, name: 'x' },
    });
  entry('a', 3);
  entry('b', 1, ['.']);
  entry('c', 2, ['*']);
  const snapshot = builder.build();
  const meant = (namespace: string) => findService(snapshot, 'x.test', namespace)?.namespace;
  assert.deepEqual([meant('a'), meant('b'), meant('elsewhere')], ['a', 'b', 'c']);
});

test('a document that changed nothing but its endpoints describes the same service, the same object', () => {
  const builder = new MeshSnapshotBuilder();
  const entry = (address: string, port = 80): MeshObject =>
    object('ServiceEntry', 'db', {
      hosts: ['db.example.com'],
      ports: [{ number: port, name: 'tcp', protocol: 'TCP' }],
      resolution: 'STATIC',
      endpoints: [{ address }],
    });
  builder.set(entry('10.0.0.1'));
  const before = builder.build();
  builder.set(entry('10.0.0.2'));
  const after = builder.build();
  assert.equal(after.services, before.services);
  assert.deepEqual(
    after.endpoints.get('default/db.example.com')?.map(({ address }) => address),
    ['10.0.0.2'],
  );
  builder.set(entry('10.0.0.2', 81));
  assert.notEqual(builder.build().services, before.services);
});

test('a WorkloadGroup adds what a workload that registers as one of it does not say', () => {
  const builder = new MeshSnapshotBuilder();
  const group = (weight: number) =>
    object('WorkloadGroup', 'videos', {
      metadata: { labels: { tier: 'back' } },
      template: { labels: { tier: 'x', app: 'other', team: 'video' }, ports: { http: 8080 }, weight, locality: 'r/z' },
    });
  builder.set(group(3));
  builder.set(
    object('ServiceEntry', 'videos', {
      hosts: ['videos.test'],
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      workloadSelector: { labels: { team: 'video' } },
    }),
  );
  builder.register(registration('a', { service: '', ports: [{ port: 8080, listenPort: 1 }], group: 'videos' }));
  const workload = (): unknown => builder.build().workloads.get('default/a');
  const { labels, locality, weight, ports } = workload() as Record<string, unknown>;
  assert.deepEqual(labels, { tier: 'back', app: 'videos-api', team: 'video' });
  assert.deepEqual([locality, weight], ['r/z', 3]);
  assert.deepEqual(ports, [{ name: 'http', servicePort: 8080, listenPort: 1, appPort: 8080, protocol: 'http' }]);
  assert.deepEqual(builder.build().endpoints.get('default/videos.test')?.[0]?.ports, { 80: 1 });
  builder.set(group(5));
  assert.equal((workload() as { weight: number }).weight, 5);
  builder.remove(group(5).ref);
  assert.deepEqual(builder.build().endpoints.get('default/videos.test'), []);
});

test('a workload has labels of a WorkloadEntry and a WorkloadGroup of its own service account alone', () => {
  const builder = new MeshSnapshotBuilder();
  const labels = { app: 'payments' };
  builder.set(
    object('ServiceEntry', 'payments', {
      hosts: ['payments.test'],
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      workloadSelector: { labels },
    }),
  );
  const serving = (): string[] =>
    (builder.build().endpoints.get('default/payments.test') ?? []).map(({ address, identity }) =>
      [address, identity.replace(/.*[/]/, '')].join(' '),
    );
  const group = (serviceAccount: string) => object('WorkloadGroup', 'g', { template: { labels, serviceAccount } });
  builder.set(object('WorkloadEntry', 'vm', { address: '2.2.2.2', labels, serviceAccount: 'payments' }));
  builder.register(registration('vm', { serviceAccount: 'thief', labels: {} }));
  builder.set(group('thief'));
  builder.register(
    registration('member', { serviceAccount: 'thief', labels: {}, group: 'g', addresses: ['10.0.0.2'] }),
  );
  assert.deepEqual(serving(), ['2.2.2.2 payments', '10.0.0.2 thief'], 'the documents say so');
  builder.set(group('payments'));
  assert.deepEqual(serving(), ['2.2.2.2 payments']);
  builder.register(registration('vm', { serviceAccount: 'payments', labels: {} }));
  assert.deepEqual(serving(), ['10.0.0.1 payments']);
});
