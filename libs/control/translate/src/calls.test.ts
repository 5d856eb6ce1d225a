import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RetryOn } from '@weft/model-policy';
import type { ForwardAction } from '@weft/model-route';
import { simulate, type TestCall, type TestOutcome } from './simulate.testing.ts';
import { translate } from './translate.ts';
import { readWorld, testWorkload } from './world.testing.ts';

function world(name: string) {
  return readWorld(readFileSync(new URL(`../testdata/${name}/in.yaml`, import.meta.url), 'utf8'), name);
}

function caller(name: string, proxy: string, direction: 'outbound' | 'inbound' = 'outbound') {
  const { snapshot, proxies } = world(name);
  const found = proxies.get(proxy);
  assert.ok(found, proxy);
  const resources = translate(snapshot, found);
  return (call: TestCall): TestOutcome => simulate(resources, direction, call);
}

function forwarded({ route }: TestOutcome): ForwardAction {
  assert.equal(route?.action.kind, 'forward');
  return route?.action as ForwardAction;
}

const IN_MESH = { sni: 'outbound_.10010_._.videos-api.default.svc.cluster.local', alpn: ['istio'] };

test('calls find their service by port and Host, by every name it has', () => {
  const call = caller('retries', 'playlists-api');
  for (const host of ['videos-api', 'videos-api.default', 'videos-api.default.svc.cluster.local', 'videos-api:10010']) {
    const outcome = call({ port: 10010, host });
    assert.equal(outcome.listener, '0.0.0.0_10010');
    assert.equal(outcome.table, '10010');
    assert.equal(outcome.cluster, 'outbound|10010||videos-api.default.svc.cluster.local');
    assert.deepEqual(outcome.hosts, ['10.0.0.1:10010']);
  }
  assert.equal(call({ port: 10010, host: 'elsewhere.test' }).cluster, 'PassthroughCluster');
  assert.equal(call({ ip: '1.2.3.4', port: 9999, raw: true }).cluster, 'PassthroughCluster');
});

test('C50: ten attempts of two seconds; what may have arrived is retried for idempotent methods alone', () => {
  const call = caller('retries', 'playlists-api');
  const get = forwarded(call({ port: 10010, host: 'videos-api', path: '/aaa' })).retryPolicy;
  assert.equal(get?.numRetries, 10);
  assert.equal(get.perTryTimeoutMs, 2000);
  assert.deepEqual(get.retriableStatusCodes, [503]);
  assert.ok(get.avoidPreviousHosts);
  assert.equal(get.hostSelectionMaxAttempts, 5);
  assert.ok(get.retryOn & RetryOn['retriable-status-codes']);
  assert.ok(get.retryOn & RetryOn.reset);
  const post = forwarded(call({ port: 10010, host: 'videos-api', method: 'POST' })).retryPolicy;
  assert.equal(post?.numRetries, 10);
  assert.ok(post.retryOn & RetryOn['connect-failure']);
  assert.equal(post.retryOn & (RetryOn['retriable-status-codes'] | RetryOn.reset), 0);
});

test('C51: a host that no service has is split by weight, wherever the client connects', () => {
  const call = caller('traffic-split', 'ingress');
  const to = (draw: number) => call({ ip: '10.0.1.1', port: 80, host: 'servicemesh.demo', draw }).cluster;
  const counts = Map.groupBy(
    Array.from({ length: 100 }, (_, draw) => to(draw)),
    (name) => name,
  );
  assert.equal(counts.get('outbound|80||videos-web-v2.default.svc.cluster.local')?.length, 50);
  assert.equal(counts.get('outbound|80||videos-web.default.svc.cluster.local')?.length, 50);
});

test('C52: the canary takes cookies with its version, in full and in order', () => {
  const call = caller('canary', 'ingress');
  const to = (...headers: string[]) => call({ port: 80, host: 'servicemesh.demo', path: '/home', headers }).hosts;
  assert.deepEqual(to('cookie', 'version=v2'), ['10.0.1.2:80']);
  assert.deepEqual(to('cookie', 'a=b;version=v2;c=d'), ['10.0.1.2:80']);
  // As browsers write it, with a blank, the published expression does not match.
  assert.deepEqual(to('cookie', 'a=b; version=v2'), ['10.0.1.1:80']);
  assert.deepEqual(to(), ['10.0.1.1:80']);
});

test('of two VirtualServices for a host in the mesh the older one wins, whole', () => {
  const both = ['traffic-split', 'canary'].map((name) =>
    readFileSync(new URL(`../testdata/${name}/in.yaml`, import.meta.url), 'utf8'),
  );
  const canary = both[1]?.slice(both[1].indexOf('---')) ?? '';
  const { snapshot, proxies } = readWorld(`${both[0] ?? ''}\n${canary}`);
  const ingress = proxies.get('ingress');
  assert.ok(ingress);
  const resources = translate(snapshot, ingress);
  const call = { port: 80, host: 'servicemesh.demo', headers: ['cookie', 'version=v2'] };
  assert.equal(simulate(resources, 'outbound', { ...call, draw: 99 }).hosts[0], '10.0.1.1:80');
});

test('an upstream that the egress hosts of a Sidecar leave out answers so, and has no cluster', () => {
  const sidecar = `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: few}
spec:
  workloadSelector: {labels: {app: playlists-api}}
  egress: [{hosts: ["./playlists-db.default.svc.cluster.local"]}]
`;
  const text = readFileSync(new URL('../testdata/explicit-upstreams/in.yaml', import.meta.url), 'utf8');
  const { snapshot, proxies } = readWorld(`${text}${sidecar}`);
  const proxy = proxies.get('playlists-api-1');
  assert.ok(proxy);
  const resources = translate(snapshot, proxy);
  const { route } = simulate(resources, 'outbound', { ip: '127.0.0.1', port: 18402, host: 'x' });
  assert.ok(route?.action.kind === 'direct_response');
  assert.equal(
    `${route.action.status} ${route.action.body}`,
    '503 videos-api:10010 cannot be called: the egress hosts of Sidecar default/few leave out videos-api.default.svc.cluster.local. It can be as soon as that changes.\n',
  );
  assert.equal(
    simulate(resources, 'outbound', { ip: '127.0.0.1', port: 18403, raw: true }).cluster,
    'outbound|6379||playlists-db.default.svc.cluster.local',
  );
  assert.deepEqual(resources.clusters.map(({ name }) => name).filter((name) => name.includes('videos-api')), []); // prettier-ignore
});

test('an upstream that is not there answers why, and its service takes its place when it comes', () => {
  const { proxies, builder } = world('explicit-upstreams');
  const proxy = proxies.get('playlists-api-1');
  assert.ok(proxy);
  const ask = (upstream: { readonly host: string; readonly port: number }, raw = false) =>
    simulate(translate(builder.build(), { ...proxy, upstreams: [{ ...upstream, localPort: 18404 }] }), 'outbound', {
      ip: '127.0.0.1',
      port: 18404,
      host: 'x',
      raw,
    });
  const answer = (upstream: { readonly host: string; readonly port: number }): string => {
    const { route } = ask(upstream);
    assert.ok(route?.action.kind === 'direct_response');
    return `${route.action.status} ${route.action.body}`;
  };
  assert.equal(
    answer({ host: 'nowhere', port: 80 }),
    '503 nowhere:80 cannot be called: the mesh has no service nowhere that default may see. It can be as soon as that changes.\n',
  );
  assert.match(answer({ host: 'videos-api', port: 81 }), /the service videos-api has no port 81, but 10010\. /);
  assert.equal(ask({ host: 'nowhere', port: 80 }, true).cluster, 'BlackHoleCluster');
  builder.register(
    testWorkload({
      name: 'nowhere-1',
      service: 'nowhere',
      addresses: ['10.0.0.1'],
      ports: [{ port: 80, protocol: 'HTTP' }],
    }),
  );
  assert.equal(ask({ host: 'nowhere', port: 80 }).cluster, 'outbound|80||nowhere.default.svc.cluster.local');
});

test('a workload that said what it calls has a listener for each, and is told of nothing else', () => {
  const { snapshot, proxies } = world('explicit-upstreams');
  const proxy = proxies.get('playlists-api-1');
  assert.ok(proxy);
  const resources = translate(snapshot, proxy);
  const outcome = simulate(resources, 'outbound', { ip: '127.0.0.1', port: 18402, host: '127.0.0.1:18402' });
  assert.equal(outcome.cluster, 'outbound|10010||videos-api.default.svc.cluster.local');
  assert.deepEqual(outcome.hosts, ['127.0.0.1:18401']);
  const redis = simulate(resources, 'outbound', { ip: '127.0.0.1', port: 18403, raw: true });
  assert.deepEqual(redis.hosts, ['127.0.0.1:18501']);
  assert.deepEqual(
    resources.clusters.map(({ name }) => name),
    [
      'BlackHoleCluster',
      'inbound|10010||',
      'outbound|10010||videos-api.default.svc.cluster.local',
      'outbound|6379||playlists-db.default.svc.cluster.local',
    ],
  );
  const inbound = simulate(resources, 'inbound', { port: 18301, tls: IN_MESH });
  assert.equal(inbound.cluster, 'inbound|10010||');
});

test('STRICT takes mutual TLS alone, PERMISSIVE also plaintext and the own TLS of a program', () => {
  const call = caller('mutual-tls', 'videos-api-1', 'inbound');
  assert.equal(call({ ip: '10.0.0.1', port: 10010, tls: IN_MESH }).secured, true);
  // The only chain has TLS: a plaintext client fails its handshake there, and the log names what it spoke.
  assert.equal(call({ ip: '10.0.0.1', port: 10010 }).secured, true);
  const mutual = call({ ip: '10.0.0.1', port: 9000, tls: IN_MESH });
  assert.deepEqual([mutual.chain, mutual.secured], ['9000-mtls', true]);
  const plain = call({ ip: '10.0.0.1', port: 9000 });
  assert.deepEqual([plain.chain, plain.secured, plain.cluster], ['9000', false, 'inbound|9000||']);
  const own = call({ ip: '10.0.0.1', port: 9000, tls: { sni: 'a.test', alpn: ['h2'] } });
  assert.deepEqual([own.chain, own.secured], ['9000-own-tls', false]);
});

test('a captured sidecar sends nothing back to its own ports', () => {
  const call = caller('mutual-tls', 'videos-api-1', 'inbound');
  assert.equal(call({ ip: '10.0.0.1', port: 15_006, raw: true }).cluster, 'BlackHoleCluster');
  assert.equal(caller('retries', 'playlists-api')({ port: 15_001, raw: true }).cluster, 'BlackHoleCluster');
});

test('clients of proxied endpoints speak mutual TLS to the identities they have, others as before', () => {
  const { snapshot, proxies } = world('mutual-tls');
  const client = proxies.get('videos-api-1');
  assert.ok(client);
  const { clusters } = translate(snapshot, client);
  const sockets = (name: string) =>
    clusters.find((one) => one.name === name)?.transportSocketMatches.map((match) => match.name);
  assert.deepEqual(sockets('outbound|6379||videos-db.default.svc.cluster.local'), [
    'tlsMode-istio',
    'tlsMode-disabled',
  ]);
  assert.deepEqual(sockets('outbound|8080||legacy.other.svc.cluster.local'), []);
  // A proxy that was told to take plaintext alone at a port is spoken to in it.
  assert.deepEqual(sockets('outbound|8081||open.default.svc.cluster.local'), []);
  assert.equal(sockets('outbound|8082||open.default.svc.cluster.local')?.length, 2);
});

test('a gateway tells hosts apart by name and by server name', () => {
  const call = caller('gateway', 'edge');
  const web = 'outbound|80||videos-web.default.svc.cluster.local';
  const api = 'outbound|10010||playlists-api.default.svc.cluster.local';
  assert.equal(call({ port: 80, host: 'servicemesh.demo', path: '/home/' }).cluster, web);
  assert.equal(call({ port: 80, host: 'servicemesh.demo', path: '/api/playlists' }).cluster, api);
  assert.equal(call({ port: 80, host: 'unknown.demo' }).route, undefined);
  const https = call({ port: 443, host: 'servicemesh.demo', tls: { sni: 'servicemesh.demo' } });
  assert.deepEqual([https.cluster, https.table], [web, 'https.443.https.demo.default']);
  assert.equal(call({ port: 443, host: 'staff.demo', tls: { sni: 'staff.demo' } }).chain, 'default/demo/https-mutual');
  const passed = call({ port: 443, tls: { sni: 'a.pass.test' } });
  assert.deepEqual([passed.cluster, passed.secured], [web, false]);
  assert.throws(() => call({ port: 443, tls: { sni: 'b.pass.test' } }), /no filter chain/);
  assert.equal(call({ port: 5432, raw: true }).cluster, 'outbound|5432||db.default.svc.cluster.local');
  assert.equal(call({ port: 8080, host: 'old.test' }).route?.action.kind, 'redirect');
});

test('an HTTPRoute steers a gateway and a service, the more specific match first', () => {
  const edge = caller('gateway-api', 'demo');
  const web = (draw: number) => edge({ port: 8080, host: 'www.demo', draw }).cluster;
  assert.equal(web(0), 'outbound|80||videos-web.default.svc.cluster.local');
  assert.equal(web(95), 'outbound|80||videos-web-v2.default.svc.cluster.local');
  const at = (path: string, ...headers: string[]) => edge({ port: 8080, host: 'www.demo', path, headers }).route;
  assert.equal(at('/v2/x', 'cookie', 'version=v2')?.route.name, 'default.web.1');
  assert.equal(at('/v2/x')?.route.name, 'default.web.3');
  assert.equal(at('/exact?v=2')?.route.name, 'default.web.2');
  assert.equal(at('/older')?.route.name, 'default.web.3');
  assert.equal(at('/old/x')?.action.kind, 'redirect');
  const secret = at('/secret')?.action;
  assert.deepEqual(secret?.kind === 'direct_response' && secret.status, 500, 'no ReferenceGrant lets it in');
  const mesh = caller('gateway-api', 'client');
  assert.equal(
    mesh({ port: 80, host: 'videos-web', draw: 1 }).cluster,
    'outbound|80||videos-web-v2.default.svc.cluster.local',
  );
  assert.equal(
    mesh({ port: 9000, host: 'greeter', path: '/hello.Greeter/SayHello', method: 'POST' }).route?.route.name,
    'default.greeter.0',
  );
  assert.equal(mesh({ port: 9000, host: 'greeter', path: '/hello.Greeter/Other' }).route, undefined);
});

test('D11: a profile retries what it says is retryable, within a budget', () => {
  const { snapshot, proxies } = world('service-profile');
  const client = proxies.get('client');
  assert.ok(client);
  const resources = translate(snapshot, client);
  const get = simulate(resources, 'outbound', { port: 10010, host: 'videos-api', path: '/x' });
  assert.equal(get.route?.route.name, 'AUTO RETRY ALL');
  assert.ok((forwarded(get).retryPolicy?.retryOn ?? 0) & RetryOn['5xx']);
  assert.equal(
    simulate(resources, 'outbound', { port: 10010, host: 'videos-api', method: 'POST' }).route?.route.name,
    'default',
  );
  const cluster = resources.clusters.find(({ name }) => name.startsWith('outbound|10010'));
  assert.equal(cluster?.circuitBreakers?.thresholds[0]?.retryBudget?.budgetPercent?.value, 20);
  assert.equal(cluster?.circuitBreakers?.thresholds[0]?.retryBudget?.minRetryConcurrency, 10);
});

test('services are told of by their kind: addresses, DNS, anywhere, TLS of the client', () => {
  const call = caller('service-kinds', 'client');
  assert.deepEqual(call({ port: 80, host: '10.96.0.10' }).hosts, ['10.0.0.1:80']);
  assert.equal(
    call({ ip: '10.96.0.10', port: 6379, raw: true }).cluster,
    'outbound|6379||web.default.svc.cluster.local',
  );
  assert.deepEqual(call({ ip: '192.168.7.7', port: 3306, raw: true }).hosts, ['192.168.1.2:3306', '192.168.1.1:13306']);
  assert.equal(call({ port: 443, tls: { sni: 'api.example.com' } }).cluster, 'outbound|443||api.example.com');
  assert.equal(call({ port: 443, tls: { sni: 'x.wild.test' } }).cluster, 'outbound|443||*.wild.test');
  assert.equal(call({ port: 443, tls: { sni: 'other.test' } }).cluster, 'PassthroughCluster');
  assert.equal(
    call({ port: 80, host: 'hidden.test' }).cluster,
    'PassthroughCluster',
    'exported to its namespace alone',
  );
});

test('a Sidecar narrows what its namespace is told of', () => {
  const { snapshot, proxies } = world('service-kinds');
  const scoped = proxies.get('scoped');
  assert.ok(scoped);
  const { clusters } = translate(snapshot, scoped);
  assert.deepEqual(
    clusters.map(({ name }) => name).filter((name) => name.startsWith('outbound')),
    ['outbound|3306||db.test'],
  );
});

test('every part of a match, a rewrite and a destination counts', () => {
  const call = caller('route-features', 'client');
  const headers = ['x-user', 'anna', 'x-there', '1', ':scheme', 'http'];
  const exact = (more: Partial<TestCall> = {}) =>
    call({ port: 80, host: 'web', method: 'POST', path: '/exact?v=2&flag', headers, ...more });
  assert.equal(exact().route?.route.name, 'everything.exact');
  for (const more of [
    { method: 'GET' },
    { path: '/exact?v=2' },
    { path: '/exact?v=3&flag' },
    { headers: ['x-user', 'bert', 'x-there', '1'] },
    { headers: ['x-user', 'anna'] },
    { headers: [...headers, 'x-not', 'no'] },
    { headers: [...headers, 'x-gone', ''] },
  ])
    assert.notEqual(exact(more).route?.route.name, 'everything.exact', JSON.stringify(more));
  assert.equal(exact({ headers: [...headers, 'x-not', 'yes'] }).route?.route.name, 'everything.exact');
  const regex = call({ port: 80, host: 'web', path: '/r/17' });
  assert.equal(regex.route?.route.name, 'everything');
  assert.deepEqual(regex.hosts, ['10.0.0.1:80']);
  assert.deepEqual(call({ port: 80, host: 'web', path: '/r/17', draw: 80 }).hosts, ['10.0.0.2:80']);
  const { timeoutMs, pathRewrite, hostRewrite, retryPolicy } = forwarded(regex);
  assert.equal(timeoutMs, 3000);
  assert.deepEqual(pathRewrite, { kind: 'prefix', replacement: '/new' });
  assert.deepEqual(hostRewrite, { kind: 'literal', host: 'other.test' });
  assert.deepEqual(retryPolicy?.retriableStatusCodes, [503]);
  const redirect = call({ port: 80, host: 'web', path: '/redirect' }).route?.action;
  assert.deepEqual(redirect, {
    kind: 'redirect', scheme: 'https', host: 'other.test', port: 8443, path: '/there', pathRewrite: undefined,
    stripQuery: false, status: 308,
  }); // prettier-ignore
  const direct = call({ port: 80, host: 'web', path: '/direct' }).route?.action;
  assert.deepEqual(direct, { kind: 'direct_response', status: 418, body: 'short and stout' });
  assert.equal(forwarded(call({ port: 80, host: 'web', path: '/regex/a' })).retryPolicy, undefined);
  assert.equal(call({ port: 80, host: 'web', path: '/other' }).cluster, 'BlackHoleCluster', 'the subset is not there');
});

test('authorization stands before the router, and before plain bytes', () => {
  const http = caller('authorization', 'videos-api-1', 'inbound');
  assert.deepEqual(http({ ip: '10.0.0.1', port: 10010, tls: IN_MESH }).filters, ['HttpConnectionManager']);
  const redis = caller('authorization', 'redis-1', 'inbound');
  assert.deepEqual(redis({ port: 16379, raw: true }).filters, ['RBAC', 'RBAC', 'RBAC', 'TcpProxy']);
});
