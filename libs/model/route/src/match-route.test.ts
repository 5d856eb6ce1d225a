import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap } from '@weft/core-http';
import { matchRoute } from './match-route.ts';
import type { RouteTable } from './route.ts';
import { fakeFlags, matchContext, routeFaults, routeTable, tableOf } from './testing.ts';

const to = (cluster: string) => ({ route: { cluster } });

function get(path: string, headers: Record<string, string> = {}, authority = 'example.test'): RequestHeaderMap {
  return new RequestHeaderMap('GET', path, authority, Object.entries(headers).flat());
}
function clusterOf(table: RouteTable, request: RequestHeaderMap, draw = 0): string | undefined {
  return matchRoute(table, request, matchContext(draw))?.clusterName;
}

test('the first route that matches wins, in the order of the configuration', () => {
  const table = tableOf(
    { match: { prefix: '/service/1' }, ...to('one') },
    { match: { path: '/service/10' }, ...to('never') },
    { match: { prefix: '/service/2' }, ...to('two') },
  );
  assert.equal(clusterOf(table, get('/service/1')), 'one');
  assert.equal(clusterOf(table, get('/service/10')), 'one', 'a prefix knows no segments');
  assert.equal(clusterOf(table, get('/service/2/x?y=1')), 'two');
  assert.equal(clusterOf(table, get('/nope')), undefined);
});

test('many exact paths keep their order among the other routes', () => {
  const exact = ['/a', '/b', '/c', '/d'].map((path) => ({ match: { path }, ...to(`exact${path}`) }));
  const table = tableOf(
    { match: { prefix: '/b' }, ...to('first') },
    ...exact,
    { match: { path: '/a', headers: [{ name: 'x' }] }, ...to('shadowed') },
    { match: { prefix: '/' }, ...to('rest') },
  );
  assert.equal(clusterOf(table, get('/a?q')), 'exact/a');
  assert.equal(clusterOf(table, get('/b')), 'first');
  assert.equal(clusterOf(table, get('/c')), 'exact/c');
  assert.equal(clusterOf(table, get('/e')), 'rest');
});

test('every kind of path match means what it means in Envoy', () => {
  const rows: [match: object, path: string, expected: boolean][] = [
    [{ path: '/a' }, '/a', true],
    [{ path: '/a' }, '/a?x=1', true],
    [{ path: '/a' }, '/a/', false],
    [{ path: '/A', case_sensitive: false }, '/a', true],
    [{ prefix: '/A' }, '/a', false],
    [{ prefix: '/A', case_sensitive: false }, '/abc', true],
    [{ path_separated_prefix: '/api' }, '/api', true],
    [{ path_separated_prefix: '/api' }, '/api/x', true],
    [{ path_separated_prefix: '/api' }, '/apis', false],
    [{ path_separated_prefix: '/api' }, '/api?x', true],
    [{ safe_regex: { regex: '/v[0-9]+' } }, '/v12?x', true],
    [{ safe_regex: { regex: '/v[0-9]+' } }, '/v12/x', false],
    [{ prefix: '/', grpc: {} }, '/', false],
  ];
  for (const [match, path, expected] of rows) {
    const found = clusterOf(tableOf({ match, ...to('x') } as never), get(path)) !== undefined;
    assert.equal(found, expected, `${JSON.stringify(match)} on ${path}`);
  }
});

test('CONNECT matches a connect_matcher only', () => {
  const table = tableOf(
    { match: { prefix: '/' }, ...to('plain') },
    { match: { connect_matcher: {} }, ...to('tunnel') },
  );
  assert.equal(clusterOf(table, new RequestHeaderMap('CONNECT', '', 'a:443')), 'tunnel');
  assert.equal(clusterOf(table, get('/')), 'plain');
});

test('headers and query parameters have to match as well', () => {
  const table = tableOf(
    {
      match: {
        prefix: '/',
        headers: [{ name: 'X-Version', string_match: { exact: 'v2' } }],
        query_parameters: [{ name: 'debug', present_match: true }],
      },
      ...to('v2'),
    },
    { match: { prefix: '/' }, ...to('v1') },
  );
  assert.equal(clusterOf(table, get('/?debug', { 'x-version': 'v2' })), 'v2');
  assert.equal(clusterOf(table, get('/', { 'x-version': 'v2' })), 'v1');
  assert.equal(clusterOf(table, get('/?debug=1', { 'x-version': 'v3' })), 'v1');
});

test('the canary cookie matches as printed: first in the list, or after a semicolon without a space', () => {
  const table = tableOf(
    {
      match: {
        prefix: '/',
        headers: [{ name: 'cookie', safe_regex_match: { regex: '^(.*?;)?(version=v2)(;.*)?$' } }],
      },
      ...to('v2'),
    },
    { match: { prefix: '/' }, ...to('v1') },
  );
  const cluster = (cookie: string) => clusterOf(table, get('/', { cookie }));
  for (const cookie of ['version=v2', 'version=v2; a=b', 'a=b;version=v2', 'a=b;version=v2;c=d'])
    assert.equal(cluster(cookie), 'v2', cookie);
  for (const cookie of ['', 'version=v1', 'xversion=v2', 'version=v21', 'a=b; version=v2'])
    assert.equal(cluster(cookie), 'v1', cookie);
});

test('domains are tried exact first, then the longest suffix, the longest prefix, and last the star', () => {
  const host = (name: string, ...domains: string[]) => ({
    name,
    domains,
    routes: [{ match: { prefix: '/' }, ...to(name) }],
  });
  const table = routeTable({
    virtual_hosts: [
      host('star', '*'),
      host('prefix', 'www.*'),
      host('long-prefix', 'www.foo.*'),
      host('suffix', '*.com'),
      host('long-suffix', '*.foo.com', '*-bar.foo.com'),
      host('exact', 'www.foo.com', 'www.foo.com:8080'),
      host('nameless', ''),
    ],
  });
  const rows: [authority: string, name: string][] = [
    ['www.foo.com', 'exact'],
    ['WWW.Foo.Com', 'exact'],
    ['www.foo.com:8080', 'exact'],
    ['x.foo.com', 'long-suffix'],
    ['baz-bar.foo.com', 'long-suffix'],
    ['.foo.com', 'suffix'],
    ['foo.com', 'suffix'],
    ['www.foo.net', 'long-prefix'],
    ['www.bar.net', 'prefix'],
    ['www.', 'star'],
    ['localhost', 'star'],
    ['', 'nameless'],
  ];
  for (const [authority, name] of rows) assert.equal(clusterOf(table, get('/', {}, authority)), name, authority);
});

test('the port of the host counts, unless the table ignores it', () => {
  const virtual_hosts = [{ name: 'a', domains: ['a.test'], routes: [{ match: { prefix: '/' }, ...to('a') }] }];
  assert.equal(clusterOf(routeTable({ virtual_hosts }), get('/', {}, 'a.test:81')), undefined);
  const ignoring = routeTable({ virtual_hosts, ignore_port_in_host_matching: true });
  assert.equal(clusterOf(ignoring, get('/', {}, 'a.test:81')), 'a');
});

test('a virtual host that requires TLS sends plain requests to https', () => {
  const table = (require_tls: string) =>
    routeTable({
      virtual_hosts: [{ name: 'a', domains: ['*'], require_tls, routes: [{ match: { prefix: '/' }, ...to('a') }] }],
    });
  const secure = get('/');
  secure.scheme = 'https';
  assert.equal(matchRoute(table('ALL'), get('/'), matchContext())?.action.kind, 'redirect');
  assert.equal(matchRoute(table('ALL'), secure, matchContext())?.clusterName, 'a');
  const inside = { ...matchContext(), internalRequest: true };
  assert.equal(matchRoute(table('EXTERNAL_ONLY'), get('/'), inside)?.clusterName, 'a');
  assert.equal(matchRoute(table('EXTERNAL_ONLY'), get('/'), matchContext())?.action.kind, 'redirect');
});

const SPLIT = {
  match: { prefix: '/' },
  route: {
    weighted_clusters: {
      runtime_key_prefix: 'routing.split',
      clusters: [
        { name: 'v1', weight: 90 },
        { name: 'v2', weight: 10 },
      ],
    },
  },
};

function share(flags: ReturnType<typeof fakeFlags>): number {
  let v2 = 0;
  for (let draw = 0; draw < 1000; draw += 1)
    if (matchRoute(tableOf1, get('/'), matchContext(draw, flags))?.clusterName === 'v2') v2 += 1;
  return v2;
}
const tableOf1 = tableOf(SPLIT);

test('weights share the draws exactly', () => {
  assert.equal(share(fakeFlags()), 100);
});

test('runtime keys change the weights of a live table, and an odd value does not', () => {
  assert.equal(share(fakeFlags({ 'routing.split.v1': 50, 'routing.split.v2': 50 })), 500);
  assert.equal(share(fakeFlags({ 'routing.split.v1': 0 })), 1000);
  assert.equal(share(fakeFlags({ 'routing.split.v1': 0, 'routing.split.v2': 0 })), 0, 'no weight left: the first');
  assert.equal(share(fakeFlags({ 'routing.split.v2': 'many' })), 100);
});

test('a header can name the cluster, and can bring the draw', () => {
  const named = tableOf({ match: { prefix: '/' }, route: { cluster_header: 'X-Cluster' } });
  assert.equal(clusterOf(named, get('/', { 'x-cluster': 'blue' })), 'blue');
  assert.equal(clusterOf(named, get('/')), '');
  const drawn = structuredClone(SPLIT) as { route: { weighted_clusters: { header_name?: string } } };
  drawn.route.weighted_clusters.header_name = 'x-draw';
  assert.equal(clusterOf(tableOf(drawn as never), get('/', { 'x-draw': '95' })), 'v2');
});

test('a runtime fraction lets a share of requests through', () => {
  const table = tableOf(
    {
      match: { prefix: '/', runtime_fraction: { default_value: { numerator: 25 }, runtime_key: 'routing.new' } },
      ...to('new'),
    },
    { match: { prefix: '/' }, ...to('old') },
  );
  assert.equal(clusterOf(table, get('/'), 24), 'new');
  assert.equal(clusterOf(table, get('/'), 25), 'old');
  assert.equal(matchRoute(table, get('/'), matchContext(25, fakeFlags({ 'routing.new': 50 })))?.clusterName, 'new');
});

test('all faults of a table are found in one reading, each with its path', () => {
  const faults = routeFaults({
    virtual_hosts: [
      { name: 'a', domains: ['a.test', 'x*y'], routes: [{ match: { prefix: '/' }, route: {} }] },
      {
        name: 'a',
        domains: ['A.test'],
        routes: [
          { match: { safe_regex: { regex: '(?=x)' } }, ...to('x') },
          { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'x'.repeat(4097) } } },
          {
            match: { prefix: '/' },
            route: { cluster: 'x', prefix_rewrite: '/', regex_rewrite: { pattern: { regex: 'a' } } },
          },
          {
            match: { prefix: '/' },
            ...to('x'),
            request_headers_to_add: [{ header: { key: ':path', value: '%NOPE%' } }],
          },
        ],
      },
    ],
  });
  const paths = faults.map((fault) => fault.split(': ')[0]);
  assert.deepEqual(paths, [
    'virtual_hosts[0].routes[0].route',
    'virtual_hosts[0].domains[1]',
    'virtual_hosts[1].name',
    'virtual_hosts[1].routes[0].match.safe_regex.regex',
    'virtual_hosts[1].routes[1].direct_response.body',
    'virtual_hosts[1].routes[2].route',
    'virtual_hosts[1].routes[3].request_headers_to_add[0].header.key',
    'virtual_hosts[1].routes[3].request_headers_to_add[0].header.value',
    'virtual_hosts[1].domains[0]',
  ]);
});

test('the table lists the clusters that it names, each once', () => {
  assert.deepEqual(tableOf(SPLIT, { match: { prefix: '/' }, ...to('v1') }).clusterNames, ['v1', 'v2']);
});
