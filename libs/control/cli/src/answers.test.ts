import { testSource } from '@weft/control-debug/testing';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fetchHttp } from './cli-io.ts';
import { debugPort, weft } from './world.testing.ts';

const WORLD = readFileSync(new URL('../testdata/world.yaml', import.meta.url), 'utf8');
const source = testSource(WORLD);

describe('a verb whose question is not answered', () => {
  it('asks whether the control plane is running when the connection is refused, and names the address', async () => {
    const refused = Object.assign(new Error('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    const { exitCode, stdout, stderr } = await weft('edges', () => Promise.reject(refused));
    assert.deepEqual({ exitCode, stdout }, { exitCode: 3, stdout: '' });
    assert.equal(
      stderr,
      'weft edges: cannot reach the control plane at http://127.0.0.1:8080: connection refused\n' +
        'Is the control plane running? --control-plane URL asks another; weft control-plane --config-dir DIR starts one.\n',
    );
  });

  it('knows a refused connection of the real client', async () => {
    // Port 1 of this machine has no server, and no port that is opened later can be it.
    const { exitCode, stderr } = await weft('status --control-plane http://127.0.0.1:1', fetchHttp);
    assert.equal(exitCode, 3);
    assert.match(stderr, /cannot reach the control plane at http:\/\/127\.0\.0\.1:1: /);
  });

  it('says of a proxy that does not answer that it is the proxy', async () => {
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const { stderr } = await weft('proxy-config clusters --admin http://127.0.0.1:15000', () =>
      Promise.reject(refused),
    );
    assert.match(
      stderr,
      /cannot reach the proxy at http:\/\/127\.0\.0\.1:15000: connection refused\nIs the proxy running\? --admin URL/,
    );
  });

  it('tells a server that is something else from a control plane', async () => {
    const html = await weft('status', () => ({ status: 200, body: '<html></html>' }));
    assert.equal(html.exitCode, 3);
    assert.match(
      html.stderr,
      /answered 200 with something that is no JSON of ours\nIs something else listening there\?/,
    );
    const older = await weft('status', () => ({
      status: 404,
      body: '{"error":"there is nothing at /debug/status","paths":[]}',
    }));
    assert.equal(older.exitCode, 3);
    assert.match(
      older.stderr,
      /there is nothing at \/debug\/status\nIs http:\/\/127\.0\.0\.1:8080 a control plane of this version\?/,
    );
  });

  it('names the demo that runs here to who asks elsewhere', async () => {
    const demo = (): string => 'http://localhost:18709';
    const hint = /\nThe demo that runs here has its own: --control-plane http:\/\/localhost:18709\.\n$/;
    const page = await weft('edges', () => ({ status: 404, body: 'not found' }), { demo });
    assert.match(page.stderr, hint);
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    assert.match((await weft('edges', () => Promise.reject(refused), { demo })).stderr, hint);
    const asked = await weft('edges --control-plane http://localhost:18709', () => Promise.reject(refused), { demo });
    assert.match(asked.stderr, /\nIs the control plane running\?/);
  });

  it('repeats what the control plane says when it cannot answer yet', async () => {
    const { exitCode, stderr } = await weft('edges', debugPort({ ...source, mesh: () => undefined }));
    assert.equal(exitCode, 3);
    assert.match(stderr, /answered 503: the documents have not been read yet\nAsk again in a moment\./);
  });

  it('refuses an address that is none', async () => {
    const { exitCode, stderr } = await weft('edges --control-plane localhost:8080', debugPort(source));
    assert.equal(exitCode, 2);
    assert.match(stderr, /"localhost:8080" is no URL of the control plane\nWrite http:\/\/ADDRESS:PORT\./);
  });
});

describe('proxy-status of one proxy', () => {
  it('tells the four types of the table in any case, and others where the proxy asked', async () => {
    const types = {
      CDS: { status: 'SYNCED', acknowledgedResources: 2 },
      RTDS: { status: 'SYNCED', acknowledgedResources: 1 },
    };
    const proxy = { name: 'edge.default', id: 'router~1~edge.default~x', types, withheld: [] };
    const { stdout } = await weft('proxy-status edge', () => ({ status: 200, body: JSON.stringify([proxy]) }));
    const rows = [...stdout.matchAll(/^([A-Z]+DS) +(NOT SENT|SYNCED) /gm)].map(
      ([, type, status]) => `${type} ${status}`,
    );
    assert.deepEqual(rows, ['CDS SYNCED', 'LDS NOT SENT', 'EDS NOT SENT', 'RDS NOT SENT', 'RTDS SYNCED']);
  });
});

describe('proxy-status with the admin server of a proxy', () => {
  const dumpOf = async (): Promise<Record<string, unknown>> => {
    const reply = await debugPort(source)({ method: 'GET', url: 'http://x/debug/config_dump?proxyID=playlists-api-1' });
    return JSON.parse(reply.body) as Record<string, unknown>;
  };
  const command = 'proxy-status playlists-api-1 --admin http://127.0.0.1:15000';

  it('finds a proxy that has what it is to have equal', async () => {
    const { exitCode, stdout } = await weft(command, debugPort(source, { '/config_dump': await dumpOf() }));
    assert.equal(exitCode, 0);
    assert.match(stdout, /\nClusters match\n\nListeners match\n\nRoutes match\n\nEndpoints match\n$/);
  });

  it('shows what differs, as a unified diff, and ends with 1', async () => {
    const text = JSON.stringify(await dumpOf())
      .replace('"weight":90', '"weight":50')
      .replace('"weight":10', '"weight":50');
    const { exitCode, stdout } = await weft(command, debugPort(source, { '/config_dump': JSON.parse(text) }));
    assert.equal(exitCode, 1);
    assert.match(stdout, /--- Control plane Routes\n\+\+\+ Proxy Routes\n@@/);
    assert.match(stdout, /^- +"weight": 90$/m);
    assert.match(stdout, /^\+ +"weight": 50$/m);
    assert.match(stdout, /\nClusters match\n/);
  });

  it('leaves out what the proxy has from its bootstrap', async () => {
    const own = { '@type': 'x', static_clusters: [{ cluster: { name: 'xds-grpc', type: 'STATIC' } }] };
    const dump = { configs: [...((await dumpOf())['configs'] as unknown[]), own] };
    const { exitCode } = await weft(command, debugPort(source, { '/config_dump': dump }));
    assert.equal(exitCode, 0);
  });
});

describe('what is printed', () => {
  it('is the same value as JSON and as YAML', async () => {
    const json = await weft('status -o json', debugPort(source));
    const yaml = await weft('status -o yaml', debugPort(source));
    assert.deepEqual((JSON.parse(json.stdout) as { name: string }[])[0]?.name, 'videos-api');
    assert.match(yaml.stdout, /^- kind: VirtualService\n {2}namespace: default\n {2}name: videos-api\n/);
  });

  it('holds nothing secret, whatever is asked', async () => {
    for (const command of [
      'status -o json',
      'describe service videos-api -o json',
      'proxy-config clusters playlists-api-1 -o json',
    ])
      assert.doesNotMatch((await weft(command, debugPort(source))).stdout, /VERYSECRET/);
  });
});

it('weft authz why says who is asked where a CUSTOM rule holds', async () => {
  const source = testSource(`
workloads:
  - {name: web-1, service: web, addresses: [10.0.0.1], labels: {app: web}, ports: [{name: http, port: 80}]}
  - {name: words-1, service: words, addresses: [10.0.0.2], ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    extensionProviders:
    - {name: words, envoyExtAuthzHttp: {service: words.default.svc.cluster.local, port: 80}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask}
spec: {selector: {matchLabels: {app: web}}, action: CUSTOM, provider: {name: words}, rules: [{to: [{operation: {paths: [/admin/*]}}]}]}
`);
  const asked = await weft('authz why words-1 web GET /admin/1', debugPort(source));
  assert.equal(asked.exitCode, 0);
  assert.match(
    asked.stdout,
    /^\? asked of a provider: words-1 -> web GET \/admin\/1\n {3}provider words decides; without it allowed: no policy says anything about it\n[^]*\n {3}CUSTOM ask\.default rule 0: matches: asked of provider words\n {7}to paths \/admin\/\*\n$/,
  );
  const free = await weft('authz why words-1 web GET /', debugPort(source));
  assert.match(free.stdout, /^√ allowed[^]*CUSTOM ask\.default rule 0: the caller fits, the request does not\n/);
});

describe('names and namespaces', () => {
  const WORLD = `workloads:
  - {name: web-1, namespace: shop, service: web, addresses: [10.0.0.1], ports: [{name: http, port: 80}]}
`;

  it('of a verb that takes names are in the namespace that --namespace says', async () => {
    const answer = debugPort(testSource(`proxies: [{name: web-1, namespace: shop}, {name: other}]\n${WORLD}`));
    const text = async (command: string): Promise<string> => (await weft(command, answer)).stdout;
    assert.match(await text('describe pod web-1 --namespace shop'), /^Pod: web-1\.shop$/m);
    assert.match(await text('describe service web -n shop'), /^Service: web\.shop$/m);
    assert.match(await text('proxy-config clusters web-1 -n shop'), /SERVICE FQDN/);
    const listed = await text('proxy-status -n shop');
    assert.match(listed, /^web-1\.shop /m);
    assert.doesNotMatch(listed, /^other/m);
  });

  it('that are asked by an option that there is not are told once, with the nearest', async () => {
    const { exitCode, stderr } = await weft('edges --nam shop', () => ({ status: 200, body: '[]' }));
    assert.equal(exitCode, 2);
    assert.equal(
      stderr,
      'weft edges: there is no option --nam; did you mean --namespace?\n' +
        'Usage: weft edges [deployment|workload] [OPTIONS]; --help tells more.\n',
    );
  });

  it('are in what a control plane finds wrong', async () => {
    const answer = debugPort(
      testSource(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wrong}
spec: {hosts: [a], http: [{timeout: 5, route: [{destination: {host: a}}]}]}
`),
    );
    const { exitCode, stdout } = await weft('analyze --control-plane http://127.0.0.1:8080', answer);
    assert.equal(exitCode, 79);
    assert.match(stdout, /^Error \[IST0106\] \(VirtualService wrong\.default mesh\.yaml:4\) .*did you mean "5s"\?$/m);
    const refused = await weft('analyze --control-plane http://127.0.0.1:8080', () =>
      Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })),
    );
    assert.equal(refused.exitCode, 3);
    assert.match(refused.stderr, /^weft analyze: cannot reach the control plane/);
  });
});
