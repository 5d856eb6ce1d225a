// CORS: Weft and Envoy with one configuration, the same requests, what each answered and counted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  call,
  cluster,
  envoyProgram,
  listener,
  startEnvoy,
  startWeft,
  type HttpReply,
  type RunningProxy,
} from '@weft/testing-harness';

const CORS = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3';
const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

const share = (numerator: number): object => ({ default_value: { numerator } });
const ORIGINS = { allow_origin_string_match: [{ exact: 'https://a.test' }] };

const POLICIES: Readonly<Record<string, object>> = {
  full: {
    ...ORIGINS, allow_methods: 'GET,PUT', allow_headers: 'x-a,x-b', expose_headers: 'x-c', max_age: '600', allow_credentials: true,
  },
  least: ORIGINS,
  any: { allow_origin_string_match: [{ safe_regex: { regex: '.*' } }], allow_credentials: false },
  star: { allow_origin_string_match: [{ exact: '*' }] },
  off: { ...ORIGINS, filter_enabled: share(0) },
  shadow: { ...ORIGINS, shadow_enabled: share(100) },
  'shadow-alone': { ...ORIGINS, filter_enabled: share(0), shadow_enabled: share(100) },
  'kept-back': { ...ORIGINS, forward_not_matching_preflights: false },
  private: { ...ORIGINS, allow_private_network_access: true },
  'no-origins': { allow_methods: 'GET' },
  stars: { ...ORIGINS, allow_methods: '*', allow_headers: '*' },
}; // prettier-ignore

const onRoute = (policy: object): object => ({
  'envoy.filters.http.cors': { '@type': `${CORS}.CorsPolicy`, ...policy },
});
const route = (path: string, policy: object): object => ({
  match: { path: `/${path}` },
  route: { cluster: 'up' },
  typed_per_filter_config: onRoute(policy),
});

function bootstrap(port: number): object {
  const routes = Object.entries(POLICIES).map(([path, policy]) => route(path, policy));
  const direct = {
    match: { path: '/direct' },
    direct_response: { status: 200, body: { inline_string: 'direct' } },
    typed_per_filter_config: onRoute(POLICIES['full'] ?? {}),
  };
  const host = {
    allow_origin_string_match: [{ exact: 'https://a.test' }], allow_methods: 'DELETE', max_age: '9', allow_credentials: true,
  }; // prettier-ignore
  const levels = {
    name: 'levels',
    domains: ['levels.test'],
    typed_per_filter_config: onRoute(host),
    routes: [
      route('more', { allow_methods: 'PATCH' }),
      route('less', { filter_enabled: share(0) }),
      { match: { prefix: '/' }, route: { cluster: 'up' } },
    ],
  };
  const manager = {
    name: 'http',
    typed_config: {
      '@type': HCM,
      stat_prefix: 'in',
      http_filters: [
        { name: 'envoy.filters.http.cors', typed_config: { '@type': `${CORS}.Cors` } },
        { name: 'router', typed_config: { '@type': ROUTER } },
      ],
      route_config: {
        virtual_hosts: [levels, { name: 'all', domains: ['*'], routes: [...routes, direct] }],
      },
    },
  };
  return { static_resources: { listeners: [listener('in', manager)], clusters: [cluster('up', [port])] } };
}

const OURS = { origin: 'https://a.test' };
const THEIRS = { origin: 'https://b.test' };
const PREFLIGHT = { 'access-control-request-method': 'GET' };
const REQUESTS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['GET', {}],
  ['GET', OURS],
  ['GET', THEIRS],
  ['OPTIONS', OURS],
  ['OPTIONS', { ...OURS, ...PREFLIGHT }],
  ['OPTIONS', { ...THEIRS, ...PREFLIGHT }],
  [
    'OPTIONS',
    {
      ...OURS,
      ...PREFLIGHT,
      'access-control-request-private-network': 'true',
      'access-control-request-headers': 'x-q',
    },
  ],
];

let upstream: Server;
const proxies: RunningProxy[] = [];

before(async () => {
  upstream = createServer((_, response) => {
    // What the upstream says of it gives way to the policy, where there is one for the request.
    response.setHeader('access-control-allow-origin', 'from-upstream');
    response.setHeader('access-control-expose-headers', 'x-up');
    response.end('up');
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const envoy = await envoyProgram();
  const start = { bootstrap: bootstrap((upstream.address() as AddressInfo).port) };
  proxies.push(await startEnvoy(envoy, start), await startWeft(start));
});

after(async () => {
  for (const proxy of proxies) await proxy.stop();
  upstream.close();
});

function seen({ status, headers, body }: HttpReply): object {
  const own = Object.entries(headers).filter(([name]) => /^access-control-|^content-/.test(name));
  return { status, body, headers: Object.fromEntries(own.sort()) };
}

async function same(host: string, path: string): Promise<void> {
  for (const [method, headers] of REQUESTS) {
    const [envoy, weft] = await Promise.all(
      proxies.map((proxy) => call({ port: proxy.port('in'), path: `/${path}`, method, headers: { host, ...headers } })),
    );
    assert.ok(envoy !== undefined && weft !== undefined);
    assert.deepEqual(seen(weft), seen(envoy), `${method} ${path} ${JSON.stringify(headers)}`);
  }
}

for (const path of [...Object.keys(POLICIES), 'direct'])
  test(`a policy called ${path} is kept as by Envoy`, () => same('all.test', path));

for (const path of ['more', 'less', 'else'])
  test(`a route's policy over that of its virtual host, ${path}, is kept as by Envoy`, () => same('levels.test', path));

test('origins are counted as by Envoy', async () => {
  const [envoy, weft] = await Promise.all(proxies.map((proxy) => proxy.stats('cors')));
  assert.ok((envoy?.get('http.in.cors.origin_valid') ?? 0) > 0);
  assert.deepEqual([...(weft ?? [])].sort(), [...(envoy ?? [])].sort());
});
