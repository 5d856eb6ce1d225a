import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@bufbuild/protobuf';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import { configToJson } from '@weft/api-envoy';
import type { MeshProxy } from '@weft/control-mesh';
import { faultsAhead, faultsOf, mend, translate, type ResourceFault } from './index.ts';
import { readWorld } from './world.testing.ts';

const VIDEOS = `
workloads: [{ name: videos-1, service: videos, addresses: [10.0.1.1], ports: [{ name: http, port: 80 }] }]
proxies: [{ name: web, labels: { app: web } }, { name: edge, role: gateway, labels: { app: edge } }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { app: edge }
  servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: right }
spec:
  hosts: [right.test]
  gateways: [edge]
  http: [{ route: [{ destination: { host: videos } }] }]
---
`;

/** A world with one document that no check saw. */
function told(kind: string, spec: object, proxy: 'web' | 'edge' = 'web'): readonly Message[] {
  const { builder, proxies } = readWorld(VIDEOS);
  const group = kind === 'AuthorizationPolicy' ? 'security.istio.io' : 'networking.istio.io';
  builder.set({
    ref: { group, kind, namespace: 'default', name: 'wrong' },
    createdAtMs: 9,
    labels: {},
    annotations: {},
    spec,
  });
  const { clusters, endpoints, listeners, routes } = translate(builder.build(), proxies.get(proxy) as MeshProxy);
  return [...clusters, ...endpoints, ...listeners, ...routes];
}

interface Found {
  readonly faults: readonly ResourceFault[];
  /** What is told instead, in JSON. */
  readonly mended: readonly string[];
}

function guard(messages: readonly Message[]): Found {
  const found = messages
    .map((message) => ({ message, faults: faultsOf(message) }))
    .filter(({ faults }) => faults.length > 0);
  const mended = found.map(({ message, faults }) => mend(message, faults));
  for (const { message } of mended) assert.deepEqual(message && faultsOf(message), message && []);
  return {
    faults: mended.flatMap(({ faults }) => faults),
    mended: mended.map(({ message }) => (message === undefined ? '' : JSON.stringify(configToJson(message)))),
  };
}

const virtualService = (http: object[]) => ({ hosts: ['wrong.test'], gateways: ['edge'], http });
const to = { route: [{ destination: { host: 'videos' } }] };
const rule = (trafficPolicy: object) => ({ host: 'videos', trafficPolicy });

const CLUSTERS: Readonly<Record<string, object>> = {
  'a limit of connections below nothing': { connectionPool: { tcp: { maxConnections: -1 } } },
  'a limit of requests for a connection below nothing': { connectionPool: { http: { maxRequestsPerConnection: -1 } } },
  'a limit of streams below nothing': { connectionPool: { http: { http2MaxRequests: -1 } } },
  'a server name that TLS has no room for': { tls: { mode: 'SIMPLE', sni: 'x'.repeat(300) } },
  'a time to connect that nobody lives through': { connectionPool: { tcp: { connectTimeout: '10000000000000h' } } },
};

for (const [title, policy] of Object.entries(CLUSTERS))
  test(`${title} costs its cluster alone, which its rule is blamed for`, () => {
    const { faults, mended } = guard(told('DestinationRule', rule(policy)));
    assert.ok(faults.length > 0);
    assert.ok(faults.every(({ documents }) => documents.some(({ name }) => name === 'wrong')));
    assert.equal(mended.length, 1);
    assert.match(mended[0] ?? '', /"name":"outbound\|80\|\|videos\.default\.svc\.cluster\.local".*"type":"STATIC"/);
  });

const ANSWERED: Readonly<Record<string, object>> = {
  'a status that there is not': { directResponse: { status: 999 } },
  'a body above a MiB': { directResponse: { status: 200, body: { string: 'x'.repeat(1024 * 1024 + 1) } } },
  'a value of two lines': { ...to, headers: { request: { set: { a: 'b\nc' } } } },
  'a command that there is not': { ...to, headers: { response: { add: { a: '%FOO%' } } } },
  'a single %': { ...to, headers: { response: { add: { a: '100%' } } } },
  'a path that is to be removed': { ...to, headers: { request: { remove: [':path'] } } },
  'a host that is to be removed': { ...to, headers: { request: { remove: ['host'] } } },
  'an authority of two lines': { ...to, rewrite: { authority: 'a\nb' } },
  'a redirect to two lines': { redirect: { authority: 'a\nb' } },
  'a group that the pattern has not': { ...to, rewrite: { uriRegexRewrite: { match: '/a', rewrite: '/\\5' } } },
  'retries below nothing': { ...to, retries: { attempts: -1, retryOn: '5xx' } },
  'a timeout above what is counted': { ...to, timeout: '10000000h' },
  'weights above 32 bits': {
    route: [2, 1].map((share) => ({ destination: { host: 'videos' }, weight: share * 2_147_483_647 })),
  },
};

for (const [title, rules] of Object.entries(ANSWERED))
  test(`${title} costs its route alone, which answers 500`, () => {
    const match = [{ uri: { prefix: '/wrong' } }];
    const { faults, mended } = guard(told('VirtualService', virtualService([{ match, ...rules }, to]), 'edge'));
    assert.deepEqual([...new Set(faults.map(({ outcome }) => outcome))], ['The route answers 500.']);
    assert.ok(faults.every(({ documents }) => documents.map(({ name }) => name).join() === 'wrong'));
    assert.equal(mended.length, 1);
    assert.match(mended[0] ?? '', /"prefix":"\/wrong"[^}]*\}[^}]*"direct_response":\{"status":500\}/);
    assert.match(mended[0] ?? '', /right\.test/);
  });

const LEFT_OUT: Readonly<Record<string, object>> = {
  'a beginning of nothing': { headers: { a: { prefix: '' } } },
  'a scheme that begins with nothing': { scheme: { prefix: '' } },
  'a parameter without a name': { queryParams: { '': { exact: 'a' } } },
  'an expression that says nothing': { queryParams: { a: { regex: '' } } },
  'an expression of very many instructions': { uri: { regex: '/(a{900}|b{900})'.repeat(40) } },
};

for (const [title, match] of Object.entries(LEFT_OUT))
  test(`${title} costs its route alone, which is left out`, () => {
    const { faults, mended } = guard(told('VirtualService', virtualService([{ match: [match], ...to }, to]), 'edge'));
    assert.deepEqual([...new Set(faults.map(({ outcome }) => outcome))], ['The route is left out.']);
    assert.ok(faults.every(({ documents }) => documents.map(({ name }) => name).join() === 'wrong'));
    assert.match(mended[0] ?? '', /wrong\.test.*right\.test|right\.test.*wrong\.test/);
  });

test('an endpoint at a port that there is not is left out, and its service has the others', () => {
  const endpoints = [
    { address: '10.0.2.1', ports: { http: 70_000 } },
    { address: '10.0.2.2', weight: 0 },
  ];
  const ports = [{ number: 80, name: 'http', protocol: 'HTTP' }];
  const spec = { hosts: ['entry.test'], resolution: 'STATIC', ports, endpoints };
  const { faults, mended } = guard(told('ServiceEntry', spec));
  assert.deepEqual(
    faults.map(({ outcome, documents }) => [outcome, documents.map(({ name }) => name).join()]),
    [['The endpoint is left out.', 'wrong']],
  );
  assert.ok(mended[0]?.includes('10.0.2.2') === true && !mended[0].includes('10.0.2.1'));
  assert.match(mended[0], /"load_balancing_weight":1\b/, 'no weight is that of every endpoint');
});

test('a service at the ports of the proxy itself takes no second listener there', () => {
  for (const protocol of ['HTTP', 'TCP', 'TLS']) {
    const ports = [15001, 15006].map((number) => ({ number, name: `p${number}`, protocol }));
    const spec = { hosts: ['entry.test'], resolution: 'STATIC', ports, endpoints: [{ address: '10.0.2.2' }] };
    const listeners = told('ServiceEntry', spec).filter(({ $typeName }) => $typeName.endsWith('.Listener'));
    const addresses = listeners.map((one) => JSON.stringify((configToJson(one) as { address: unknown }).address));
    assert.equal(new Set(addresses).size, addresses.length, protocol);
  }
});

test('a fault is told at its own place, and again, where others were found sound before', () => {
  const rules = [...Array(3).keys()].map((i) => ({ ...to, match: [{ uri: { prefix: `/${i}` } }] }));
  assert.deepEqual(guard(told('VirtualService', virtualService(rules), 'edge')).faults, []);
  const messages = told(
    'VirtualService',
    virtualService([...rules.slice(0, 2), { directResponse: { status: 999 } }]),
    'edge',
  );
  const routes = messages.find(({ $typeName }) => $typeName.endsWith('RouteConfiguration'));
  const { virtualHosts } = routes as unknown as { virtualHosts: readonly { readonly name: string }[] };
  const place = virtualHosts.findIndex(({ name }) => name.startsWith('wrong.test'));
  for (const _ of [1, 2])
    assert.deepEqual(
      guard(messages).faults.map(({ path }) => path),
      [`virtual_hosts[${place}].routes[2].direct_response.status`],
    );
});

test('what proxies take has no fault', () => {
  assert.deepEqual(guard(told('DestinationRule', rule({ connectionPool: { tcp: { maxConnections: 1 } } }))).faults, []);
  assert.deepEqual(guard(told('VirtualService', virtualService([to]), 'edge')).faults, []);
});

test('routes of many hosts can be looked at step by step, and what is wrong is still found in the whole', () => {
  const isRoutes = ({ $typeName }: Message): boolean => $typeName === 'envoy.config.route.v3.RouteConfiguration';
  const config = told('VirtualService', virtualService([to]), 'edge').find(isRoutes) as RouteConfiguration;
  const [one] = config.virtualHosts;
  assert.ok(one !== undefined);
  const virtualHosts = Array.from({ length: 450 }, (_, i) => ({ ...one, name: `host-${i}`, domains: [`${i}.test`] }));
  virtualHosts[333] = { ...one, name: 'bad', domains: ['333.test'], requestHeadersToRemove: [':path'] };
  const many: RouteConfiguration = { ...config, virtualHosts };
  assert.equal([...faultsAhead(many)].length, 3);
  assert.deepEqual(
    faultsOf(many).map(({ path }) => path),
    ['virtual_hosts[333].request_headers_to_remove[0]'],
  );
  assert.equal([...faultsAhead(config)].length, 0);
});
