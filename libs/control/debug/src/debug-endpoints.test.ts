import { TYPE_URL } from '@weft/xds-server';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConfigHistory } from './config-history.ts';
import { debugEndpoints } from './debug-endpoints.ts';
import type { DebugResponse } from './debug-route.ts';
import type { DebugSource } from './debug-source.ts';
import { PAGES } from './index-page.ts';
import { testSource } from './testing.ts';

const WORLD = `
proxies:
  - {name: playlists-api-1, traffic: explicit, labels: {app: playlists-api}, serviceAccount: playlists, addresses: [127.0.0.1],
     upstreams: [{host: videos-api, port: 10010, localPort: 18402}, {host: tls.example.com, port: 443, localPort: 18403}, {host: plain, port: 80, localPort: 18404}, {host: nowhere, port: 81, localPort: 18405}]}
  - {name: web-1, labels: {app: web}, addresses: [10.0.0.3]}
workloads:
  - {name: videos-api-1, service: videos-api, serviceAccount: videos, addresses: [10.0.0.2], labels: {app: videos-api}, ports: [{name: http, port: 10010}]}
  - {name: plain-1, service: plain, addresses: [10.0.0.4], labels: {app: plain}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: tls}
spec:
  hosts: [tls.example.com]
  ports: [{number: 443, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 192.0.2.1}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: tls}
spec: {host: tls.example.com, trafficPolicy: {tls: {mode: SIMPLE}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: plain}
spec: {selector: {matchLabels: {app: plain}}, mtls: {mode: DISABLE}}
---
apiVersion: v1
kind: Secret
metadata:
  name: edge
  annotations: {kubectl.kubernetes.io/last-applied-configuration: 'VERYSECRET'}
stringData: {tls.key: VERYSECRET}
`;
const EDGE = `
proxies: [{name: edge, role: gateway, labels: {istio: edge}}]
workloads: [{name: web-1, service: web, addresses: [10.0.0.3], labels: {app: web}, ports: [{name: http, port: 80}]}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: first}
spec: {hosts: [shop.example.com], gateways: [edge], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: second}
spec: {hosts: [shop.example.com], gateways: [edge], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: elsewhere}
spec: {hosts: [shop.example.com], http: [{route: [{destination: {host: web}}]}]}
`;
const source = testSource(WORLD);

async function ask(
  from: DebugSource,
  request: string,
  headers: Readonly<Record<string, string>> = {},
  peerAddress = '127.0.0.1',
): Promise<DebugResponse> {
  const [method = '', text = ''] = request.split(' ');
  const { pathname, searchParams } = new URL(text, 'http://localhost');
  for (const [pattern, handler] of Object.entries(debugEndpoints(from))) {
    const parts = new RegExp(`^${pattern.replaceAll('*', '([^/]+)')}$`).exec(`${method} ${pathname}`);
    if (parts !== null) return handler({ query: searchParams, parts: parts.slice(1), headers, peerAddress });
  }
  return { status: 404, body: undefined };
}

const bodyOf = async <T>(request: string, from = source): Promise<T> => (await ask(from, `GET ${request}`)).body as T;

function history(t: TestContext, text: string): ConfigHistory {
  const folder = mkdtempSync(join(tmpdir(), 'weft-debug-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mesh'));
  writeFileSync(join(folder, 'mesh', 'all.yaml'), text);
  const clock = { nowMs: () => 0, wallMs: () => 0 };
  const made = ConfigHistory.open({ configDir: join(folder, 'mesh'), stateDir: join(folder, 'state'), clock });
  made.record();
  return made;
}

describe('the debug endpoints', () => {
  it('tell of gateways that are connected as of workloads', async () => {
    const edge = testSource(EDGE);
    const described = await bodyOf<Record<string, unknown>>('/debug/describe?workload=edge', edge);
    assert.deepEqual(
      [described['role'], described['identity']],
      ['gateway', 'spiffe://cluster.local/ns/default/sa/default'],
    );
    assert.deepEqual(described['ports'], [{ port: 80, owner: 'Gateway default/edge, http' }]);
    const asked = await bodyOf<Record<string, unknown>>('/debug/authzz?src=192.0.2.7&dst=edge&method=GET&path=/', edge);
    assert.equal(asked['decision'], 'ALLOW');
    const relative = await ask(edge, 'GET /debug/authzz?src=192.0.2.7&dst=edge&method=GET&path=a/b');
    assert.equal(relative.status, 400);
    assert.deepEqual(relative.body, { error: 'path is "a/b"; expected "/a/b"' });
    assert.equal((await ask(testSource(EDGE, { absent: ['edge'] }), 'GET /debug/describe?workload=edge')).status, 404);
  });

  it('merge the streams of a proxy, the younger before the older', async () => {
    const [one] = source.proxies();
    assert.ok(one);
    const again = {
      ...one,
      connectedMs: one.connectedMs + 5,
      types: one.types.slice(0, 1).map((type) => ({ ...type, state: 'STALE' as const })),
    };
    const [synced] = await bodyOf<{ name: string; streams: number; types: Record<string, { status: string }> }[]>(
      '/debug/syncz',
      {
        ...source,
        proxies: () => [again, one, { ...one, node: undefined }],
      },
    );
    assert.deepEqual([synced?.name, synced?.streams], ['playlists-api-1.default', 2]);
    assert.deepEqual([synced?.types['CDS']?.status, synced?.types['LDS']?.status], ['STALE', 'SYNCED']);
  });

  it("dump what a proxy is to have in the form of Envoy's own dump", async () => {
    const { configs } = await bodyOf<{ configs: Record<string, unknown>[] }>('/debug/config_dump?proxyID=web-1');
    assert.deepEqual(
      configs.map((config) => config['@type']),
      ['Clusters', 'Ecds', 'Listeners', 'Routes', 'Secrets', 'Endpoints'].map(
        (kind) => `type.googleapis.com/envoy.admin.v3.${kind}ConfigDump`,
      ),
    );
    const [cluster] = configs[0]?.['dynamic_active_clusters'] as {
      version_info: string;
      cluster: Record<string, unknown>;
    }[];
    assert.match(cluster?.version_info ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual([cluster?.cluster['@type'], cluster?.cluster['name']], [TYPE_URL.cluster, 'BlackHoleCluster']);
  });

  it('say which proxies there are when one is not found', async () => {
    const { status, body } = await ask(source, 'GET /debug/config_dump?proxyID=wep-1');
    assert.equal(status, 404);
    assert.match((body as { error: string }).error, /^no proxy "wep-1" is connected; did you mean "web-1"\?$/);
    assert.equal((await ask(source, 'GET /debug/config_dump')).status, 400);
  });

  it('tell why an edge is not secured', async () => {
    const edges =
      await bodyOf<{ source: { name: string }; destination: { name: string }; secured: boolean; reason: string }[]>(
        '/debug/edges',
      );
    assert.deepEqual(
      edges
        .filter((edge) => edge.source.name === 'playlists-api')
        .map((edge) => [edge.destination.name, edge.secured, edge.reason]),
      [
        ['nowhere:81', false, 'cannot be called: the mesh has no service nowhere that default may see'],
        ['plain', false, 'PeerAuthentication default/plain says DISABLE'],
        ['tls.example.com', false, 'TLS, but the caller does not prove who it is'],
        ['videos-api', true, ''],
      ],
    );
  });

  it('know by reports what a proxy that declared nothing calls', async () => {
    const web = source.proxies().find(({ node }) => node?.id.includes('web-1'))?.node?.id ?? '';
    const none = { succeeded: 0, failed: 0, inProgress: 0 };
    const loads = [
      { proxyId: web, cluster: 'outbound|10010||videos-api.default.svc.cluster.local', ...none, failed: 1 },
      { proxyId: web, cluster: 'outbound|80||plain.default.svc.cluster.local', ...none },
    ];
    const edges = await bodyOf<{ source: { name: string }; destination: { name: string }; basis: string }[]>(
      '/debug/edges',
      { ...source, loads: () => loads },
    );
    assert.deepEqual(
      edges.filter((edge) => edge.source.name === 'web').map((edge) => [edge.destination.name, edge.basis]),
      [['videos-api', 'reports']],
    );
  });

  it('tell which documents a virtual host of a gateway comes from', async () => {
    const { virtualHosts } = await bodyOf<{ virtualHosts: object }>('/debug/origins?proxyID=edge', testSource(EDGE));
    assert.deepEqual(virtualHosts, { 'shop.example.com:80': 'first.default,second.default' });
  });

  it('list all endpoints by service key, as the first discovery services did, with how they are', async () => {
    assert.deepEqual((await bodyOf<object[]>('/v1/registration'))[1], {
      'service-key': 'tls.example.com|http',
      hosts: [{ ip_address: '192.0.2.1', port: 443, health_status: 'HEALTHY' }],
    });
    const sick = testSource(
      'workloads: [{name: a, service: a, addresses: [10.0.0.1], healthy: false, ports: [{port: 80}]}]',
    );
    assert.match(
      JSON.stringify(await bodyOf('/v1/registration', sick)),
      /"10\.0\.0\.1","port":80,"health_status":"UNHEALTHY"/,
    );
  });

  it('say of documents that are refused what they call themselves and what was meant', async () => {
    const rows = await bodyOf<{ kind: string; name: string; status: string }[]>(
      '/debug/status',
      testSource(`
apiVersion: networking.istio.io/v1
kind: VirtualServise
metadata: {name: misspelled}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wrong}
spec: {hosts: [a], http: [{timeout: 5, route: [{destination: {host: a}}]}]}
`),
    );
    assert.deepEqual(
      rows.map(({ kind, name, status }) => [kind, name, status]),
      [
        [
          'VirtualServise',
          'misspelled',
          'refused: kind: unknown kind "VirtualServise"; did you mean "VirtualService"?',
        ],
        [
          'VirtualService',
          'wrong',
          'refused: spec.http[0].timeout: is the number 5 (expected a duration); did you mean "5s"?',
        ],
      ],
    );
  });

  it('do not say of a twin that it was ever in force', async () => {
    const document = 'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a}\n';
    const spec = 'spec: {hosts: [a.b], ports: [{number: 80, name: http}], resolution: DNS}\n';
    const rows = await bodyOf<{ status: string }[]>(
      '/debug/status',
      testSource(`${document}${spec}---\n${document}${spec}`),
    );
    assert.match(rows.at(-1)?.status ?? '', /^refused: metadata.name: ServiceEntry default\/a is already defined at /);
  });

  it('answer 503 until the documents were read', async () => {
    assert.equal((await ask({ ...source, mesh: () => undefined }, 'GET /debug/registryz')).status, 503);
  });

  it('name every page on the first one', async () => {
    const { body, contentType } = await ask(source, 'GET /debug');
    assert.match(contentType ?? '', /^text\/html/);
    const named = Object.keys(PAGES).map((path) => path.replace(/\?.*$/, '').replace(/\/N$/, '/*'));
    for (const route of Object.keys(debugEndpoints(source))) {
      const [method, path = ''] = route.split(' ');
      if (method === 'GET' && path !== '/debug' && path !== '/debug/') assert.ok(named.includes(path), path);
    }
    assert.match(body as string, /<a href="\/debug\/syncz">/);
    assert.match(body as string, /POST \/debug\/rollback\/N/);
  });

  it('hold nothing secret', async (t) => {
    const all = testSource(WORLD, { history: history(t, WORLD) });
    const paths = [
      '/debug',
      ...Object.keys(PAGES),
      '/debug/versionz/1',
      '/debug/config_dump?proxyID=web-1',
      '/debug/describe?service=videos-api',
    ];
    for (const path of paths)
      assert.doesNotMatch(JSON.stringify((await ask(all, `GET ${path}`)).body ?? ''), /VERYSECRET/, path);
    const { documents } = await bodyOf<{ documents: { kind: string; data?: object; spec?: object }[] }>(
      '/debug/configz',
      all,
    );
    const secret = documents.find(({ kind }) => kind === 'Secret');
    assert.deepEqual([secret?.data, secret?.spec], [{ 'tls.key': '[redacted]' }, undefined]);
  });

  it('let no page of a browser change the mesh', async (t) => {
    const all = testSource(WORLD, { history: history(t, WORLD) });
    assert.equal((await ask(all, 'POST /debug/rollback/1')).status, 403);
    assert.equal(
      (await ask(all, 'POST /debug/rollback/1', { 'x-weft-rollback': 'yes', origin: 'http://example.com' })).status,
      403,
    );
    for (const peer of ['10.0.0.9', '::ffff:10.0.0.9', 'fe80::1', '']) {
      const { status, body } = await ask(all, 'POST /debug/rollback/1', { 'x-weft-rollback': 'yes' }, peer);
      assert.equal(status, 403);
      assert.match(JSON.stringify(body), /own machine only/);
    }
    assert.equal((await ask(all, 'POST /debug/rollback/1', { 'x-weft-rollback': 'yes' }, '::1')).status, 200);
    assert.equal((await ask(all, 'POST /debug/rollback/x', { 'x-weft-rollback': 'yes' })).status, 400);
  });
});

it('begins an exchange of the root for this machine only, and for no browser', async () => {
  let begun = 0;
  const authority = {
    rotateRoot: () => {
      begun += 1;
      return Promise.resolve(begun > 1 ? 'an exchange of the root is under way already' : undefined);
    },
    report: () => ({
      ...{ trustDomain: 'cluster.local', nowMs: 0, leafLifeMs: 1000, roots: [], expiring: [], leaves: [] },
      signer: { notAfterMs: 0, intermediates: 0 },
      rotation: { step: 'retiring' as const, from: 'a', to: 'b' },
    }),
  };
  const rotate = debugEndpoints(testSource('proxies: []', { authority }))['POST /debug/ca/rotate'];
  const ask = async (peerAddress: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
    (await rotate?.({ query: new URLSearchParams(), parts: [], headers, peerAddress }))?.status;
  const confirmed = { 'x-weft-rotate': 'yes' };
  assert.equal(await ask('10.0.0.1', confirmed), 403);
  assert.equal(await ask('127.0.0.1', {}), 403);
  assert.equal(await ask('127.0.0.1', { ...confirmed, origin: 'http://evil.test' }), 403);
  assert.equal(begun, 0);
  assert.equal(await ask('::ffff:127.0.0.1', confirmed), 200);
  assert.equal(await ask('::1', confirmed), 409);
});
