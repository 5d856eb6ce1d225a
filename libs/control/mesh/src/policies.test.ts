import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationFor } from './authorization-policy.ts';
import { MeshSnapshotBuilder } from './builder.ts';
import { destinationRuleFor, portPolicy } from './destination-rule.ts';
import { byHostSpecificity, hostAliases, hostCovers } from './host-name.ts';
import type { MeshObject } from './object.ts';
import { mtlsMode } from './peer-authentication.ts';
import { portProtocol } from './protocol.ts';
import type { MeshProxy } from './proxy.ts';
import { scopeOf } from './scope.ts';
import type { MeshSnapshot } from './snapshot.ts';
import { boundVirtualServices, shadowsOf, virtualServiceFor, virtualServicesAt } from './virtual-service.ts';

const GROUPS: Readonly<Record<string, string>> = {
  PeerAuthentication: 'security.istio.io',
  AuthorizationPolicy: 'security.istio.io',
};
let age = 0;

function object(kind: string, name: string, spec: unknown): MeshObject {
  const [namespace, own] = name.includes('/') ? (name.split('/') as [string, string]) : ['default', name];
  const ref = { group: GROUPS[kind] ?? 'networking.istio.io', kind, namespace, name: own };
  return { ref, createdAtMs: (age += 1), labels: {}, annotations: {}, spec };
}

function mesh(...objects: readonly MeshObject[]): MeshSnapshot {
  const builder = new MeshSnapshotBuilder();
  for (const one of objects) builder.set(one);
  return builder.build();
}

const entry = (name: string, ...hosts: string[]): MeshObject =>
  object('ServiceEntry', name, {
    hosts,
    resolution: 'STATIC',
    ports: [{ name: 'http', number: 80, protocol: 'HTTP' }],
  });

const proxy = (more: Partial<MeshProxy> = {}): MeshProxy => ({
  id: 'p', role: 'sidecar', namespace: 'default', name: 'p', labels: { app: 'p' }, serviceAccount: 'default',
  addresses: [], traffic: 'capture', upstreams: [], dialled: [], locality: '', ...more,
}); // prettier-ignore

test('protocols are told by appProtocol, name, and the numbers of what never speaks HTTP', () => {
  const table: [Parameters<typeof portProtocol>[0], string][] = [
    [{ number: 80, name: 'http' }, 'http'],
    [{ number: 80, name: 'http-web' }, 'http'],
    [{ number: 80, name: 'http2-web' }, 'http2'],
    [{ number: 80, name: 'grpc-web' }, 'grpc-web'],
    [{ number: 80, name: 'grpc' }, 'grpc'],
    [{ number: 80, name: 'web' }, 'auto'],
    [{ number: 80 }, 'auto'],
    [{ number: 80, name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'http2'],
    [{ number: 6379 }, 'redis'],
    [{ number: 6379, name: 'http' }, 'http'],
    [{ number: 3306, name: 'db' }, 'mysql'],
    [{ number: 25 }, 'tcp'],
    [{ number: 53, protocol: 'UDP' }, 'udp'],
  ];
  for (const [port, want] of table) assert.equal(portProtocol(port), want, JSON.stringify(port));
});

test('hosts are covered by themselves and by wildcards, names before wildcards', () => {
  assert.ok(hostCovers('*.a.test', 'x.a.test'));
  assert.ok(!hostCovers('*.a.test', 'a.test'));
  assert.ok(hostCovers('*', '*.a.test'));
  assert.ok(!hostCovers('x.a.test', '*.a.test'));
  assert.deepEqual(['*', '*.a.test', 'b.a.test', '*.test'].sort(byHostSpecificity), [
    'b.a.test',
    '*.a.test',
    '*.test',
    '*',
  ]);
  const scope = { namespace: 'a', domainSuffix: 'cluster.local' };
  assert.deepEqual(hostAliases('s.a.svc.cluster.local', scope), ['s.a.svc.cluster.local', 's.a.svc', 's.a', 's']);
  assert.deepEqual(hostAliases('s.b.svc.cluster.local', scope).at(-1), 's.b');
});

test('the most specific host wins, of equal ones the oldest, and the loser knows who', () => {
  const first = object('VirtualService', 'first', { hosts: ['a.test'] });
  const wild = object('VirtualService', 'wild', { hosts: ['*.test'] });
  const second = object('VirtualService', 'second', { hosts: ['a.test'] });
  const snapshot = mesh(second, wild, first);
  const list = virtualServicesAt(snapshot, 'mesh', 'default');
  assert.equal(virtualServiceFor(list, 'a.test')?.object, first);
  assert.equal(virtualServiceFor(list, 'b.test')?.object, wild);
  const loser = boundVirtualServices(snapshot).find(({ object: one }) => one === second);
  assert.deepEqual(loser && shadowsOf(snapshot, loser), [first]);
});

test('a VirtualService is for the namespaces it is exported to, and for its gateways', () => {
  const own = object('VirtualService', 'other/own', { hosts: ['a.test'], exportTo: ['.'] });
  const edge = object('VirtualService', 'edge', { hosts: ['a.test'], gateways: ['gw', 'mesh'] });
  const snapshot = mesh(own, edge);
  const at = (gateway: string, namespace: string) =>
    virtualServicesAt(snapshot, gateway, namespace).map(({ object: { ref } }) => ref.name);
  assert.deepEqual(at('mesh', 'default'), ['edge']);
  assert.deepEqual(at('mesh', 'other'), ['own', 'edge']);
  assert.deepEqual(at('default/gw', 'default'), ['edge']);
});

test('DestinationRules are looked for near the client, and merged for the same host', () => {
  const rule = (name: string, spec: object): MeshObject => object('DestinationRule', name, spec);
  const a = rule('a', { host: 's.test', subsets: [{ name: 'v1', labels: { v: '1' } }] });
  const b = rule('b', {
    host: 's.test',
    trafficPolicy: { tls: { mode: 'SIMPLE' } },
    subsets: [{ name: 'v1' }, { name: 'v2' }],
  });
  const wide = rule('wide', { host: '*.test', trafficPolicy: { tls: { mode: 'DISABLE' } } });
  const mine = rule('client/mine', { host: 's.test', trafficPolicy: { tls: { mode: 'MUTUAL' } } });
  const snapshot = mesh(entry('s', 's.test', 't.test'), a, b, wide, mine);
  const of = (host: string, namespace: string) => {
    const service = [...snapshot.services.values()].find(({ hostname }) => hostname === host);
    assert.ok(service);
    return destinationRuleFor(snapshot, proxy({ namespace }), service);
  };
  const merged = of('s.test', 'default');
  assert.deepEqual(merged?.sources, [a, b]);
  assert.deepEqual(
    merged.subsets.map(({ name, labels }) => [name, labels]),
    [
      ['v1', { v: '1' }],
      ['v2', undefined],
    ],
  );
  assert.equal(merged.trafficPolicy?.tls?.mode, 'SIMPLE');
  assert.equal(of('t.test', 'default')?.trafficPolicy?.tls?.mode, 'DISABLE');
  assert.equal(of('s.test', 'client')?.trafficPolicy?.tls?.mode, 'MUTUAL');
});

test('settings of a port take the whole policy’s place, those of a subset one field’s', () => {
  const rule = {
    sources: [],
    subsets: [],
    trafficPolicy: {
      loadBalancer: { simple: 'RANDOM' },
      tls: { mode: 'SIMPLE' },
      portLevelSettings: [{ port: { number: 81 }, tls: { mode: 'DISABLE' } }],
    },
  } as const;
  assert.deepEqual(portPolicy(rule, 80, undefined), { loadBalancer: { simple: 'RANDOM' }, tls: { mode: 'SIMPLE' } });
  assert.deepEqual(portPolicy(rule, 81, undefined), { tls: { mode: 'DISABLE' } });
  const subset = { name: 'v', trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } } as const;
  assert.deepEqual(portPolicy(rule, 80, subset), { loadBalancer: { simple: 'ROUND_ROBIN' }, tls: { mode: 'SIMPLE' } });
});

test('mutual TLS is decided by port, workload, namespace, mesh; UNSET asks the next', () => {
  const peer = (name: string, spec: object): MeshObject => object('PeerAuthentication', name, spec);
  const snapshot = mesh(
    peer('istio-system/mesh', { mtls: { mode: 'STRICT' } }),
    peer('ns', { mtls: { mode: 'PERMISSIVE' } }),
    peer('app', {
      selector: { matchLabels: { app: 'p' } },
      mtls: { mode: 'DISABLE' },
      portLevelMtls: { 9: { mode: 'STRICT' }, 8: { mode: 'UNSET' } },
    }),
    peer('unset', { selector: { matchLabels: { app: 'q' } }, mtls: { mode: 'UNSET' } }),
  );
  const mode = (namespace: string, app: string, port: number) =>
    mtlsMode(snapshot, { namespace, labels: { app }, port }).mode;
  assert.deepEqual(
    [
      mode('default', 'p', 9),
      mode('default', 'p', 8),
      mode('default', 'p', 1),
      mode('default', 'q', 1),
      mode('x', 'p', 9),
    ],
    ['STRICT', 'DISABLE', 'DISABLE', 'PERMISSIVE', 'STRICT'],
  );
  assert.equal(mtlsMode(mesh(), { namespace: 'x', labels: {}, port: 1 }).mode, 'PERMISSIVE');
});

test('authorization is asked of the root namespace, the own one, and by selector', () => {
  const policy = (name: string, spec: object): MeshObject => object('AuthorizationPolicy', name, spec);
  const snapshot = mesh(
    policy('istio-system/all', { action: 'DENY' }),
    policy('own', { selector: { matchLabels: { app: 'p' } } }),
    policy('not-mine', { selector: { matchLabels: { app: 'q' } } }),
    policy('other/own', {}),
    policy('gateway', {
      action: 'AUDIT',
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'g' }],
    }),
  );
  const names = (gateways: string[]) => {
    const { allow, deny, audit } = authorizationFor(snapshot, { namespace: 'default', labels: { app: 'p' }, gateways });
    return [allow, deny, audit].map((list) => list.map(({ ref }) => ref.name));
  };
  assert.deepEqual(names([]), [['own'], ['all'], []]);
  assert.deepEqual(names(['default/g']), [['own'], ['all'], ['gateway']]);
});

test('a proxy is told of what it declared, else of what it calls, else of what it may see', () => {
  const services = [entry('a', 'a.test'), entry('b', 'b.test'), entry('other/c', 'c.test'), entry('other/d', 'd.test')];
  const route = object('VirtualService', 'a', {
    hosts: ['a.test'],
    http: [{ route: [{ destination: { host: 'd.test' } }] }],
  });
  const hosts = (snapshot: MeshSnapshot, one: MeshProxy) => {
    const { by, services: found } = scopeOf(snapshot, one);
    return [by, ...found.map(({ hostname }) => hostname).sort()].join(' ');
  };
  const all = mesh(...services, route);
  assert.equal(hosts(all, proxy()), 'visibility a.test b.test c.test d.test');
  const upstreams = [{ host: 'a.test', port: 80, localPort: 1 }];
  assert.equal(hosts(all, proxy({ upstreams })), 'upstreams a.test d.test');
  assert.equal(hosts(all, proxy({ dialled: ['b.test'] })), 'upstreams b.test');
  const scoped = mesh(
    ...services,
    object('Sidecar', 'default', { egress: [{ hosts: ['./b.test', 'other/*'] }] }),
    object('Sidecar', 'chosen', { workloadSelector: { labels: { app: 'p' } }, egress: [{ hosts: ['~/*'] }] }),
  );
  assert.equal(hosts(scoped, proxy({ labels: {} })), 'Sidecar b.test c.test d.test');
  assert.equal(hosts(scoped, proxy()), 'Sidecar');
});
