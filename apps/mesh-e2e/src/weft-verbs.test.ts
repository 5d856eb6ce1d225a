// The verbs that ask, as people type them: against a real control plane, a sidecar of ours and an Envoy.
import { call, envoyProgram, freePort, startSource, WORKSPACE, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

const SERVER = `
  const { createServer } = require('node:http');
  createServer((request, response) => response.end('ok')).listen(Number(process.argv.at(-1)), '127.0.0.1');
`;
const CALLER = 'setInterval(() => undefined, 1000)';
const READY = /weft run: sidecar (\S+) is ready/;

const ALLOW_GET = (path: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: videos-api}
spec:
  selector: {matchLabels: {app: videos-api}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/default/sa/playlists-api]}}]
      to: [{operation: {methods: [GET], paths: ["${path}"]}}]
`;

const ROUTES = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: videos-api}
spec:
  hosts: [videos-api]
  http: [{route: [{destination: {host: videos-api}}]}]
`;

describe('the verbs of weft that ask', () => {
  let plane: ControlPlaneWorld;
  let local: number;
  let caller: RunningProcess;
  const started: RunningProcess[] = [];

  const weft = (
    command: string,
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> =>
    new Promise((resolve) => {
      const args = [...command.split(' '), '--control-plane', `http://127.0.0.1:${plane.debugPort}`];
      execFile(join(WORKSPACE, 'apps/cli/bin/weft'), args, (error, stdout, stderr) =>
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  const run = async (name: string, flags: readonly string[], command: readonly string[]): Promise<RunningProcess> => {
    const own = ['--name', name, '--service-account', name, '--config-dir', plane.configDir, '--drain-time', '0.5'];
    const args = [...own, ...flags, '--', process.execPath, '-e', ...command];
    const one = await startSource({ main: 'apps/workload/src/main.ts', args, ready: READY });
    started.push(one);
    return one;
  };

  before(async () => {
    plane = await startControlPlane();
    plane.write('routes.yaml', ROUTES);
    plane.write('policy.yaml', ALLOW_GET('/videos/*'));
    const port = await freePort();
    const found = await envoyProgram();
    const envoy = ['--envoy', found, '--labels', 'app=videos-api,version=v1'];
    await run('videos-api', ['--port', `10010:${port}`, '--protocol', 'HTTP', ...envoy], [SERVER, String(port)]);
    local = await freePort();
    caller = await run('playlists-api', ['--upstream', `videos-api:10010=${local}`], [CALLER]);
    await eventually(async () => assert.equal((await call({ port: local, path: '/videos/1' })).status, 200));
  });
  after(async () => {
    await Promise.all(started.map((one) => one.stop()));
    await plane.stop();
  });

  it('checks the mesh, and finds nothing that does not work', async () => {
    await eventually(async () => {
      const { exitCode, stdout } = await weft('check');
      assert.equal(exitCode, 0, stdout);
      for (const line of [
        '√ the roots are valid for at least 30 days',
        '√ every workload that registered has its proxy connected',
        '√ no proxy refuses what it is told',
        '√ proxies are of the versions that the control plane speaks to',
        '√ every workload has renewed its certificate at half of its life',
        '√ no document is refused or contradicts others',
      ])
        assert.ok(stdout.includes(line), stdout);
    });
    plane.write(
      'broken.yaml',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\nspec: {egres: []}\n',
    );
    await eventually(async () => {
      const { exitCode, stdout } = await weft('check');
      assert.equal(exitCode, 1, stdout);
      assert.match(stdout, /× no document is refused[^]*\[IST0106\] Sidecar default\/a \(\S+broken\.yaml:4\)/);
    });
    plane.write('broken.yaml', '');
  });

  it('show that both proxies have what they are to have, whoever made them', async () => {
    await eventually(async () => {
      const { stdout } = await weft('proxy-status');
      assert.match(stdout, /^NAME +CDS +LDS +EDS +RDS +ISTIOD +VERSION\n/);
      assert.match(stdout, /^playlists-api\.default +SYNCED +SYNCED +SYNCED +SYNCED +\S+ +weft /m);
      assert.match(stdout, /^videos-api\.default +SYNCED +SYNCED +SYNCED +NOT SENT +\S+ +envoy 1\.40\.0$/m);
    });
    const admin = READY.exec(caller.output)?.[1] ?? '';
    const { exitCode, stdout } = await weft(`proxy-status playlists-api --admin ${admin}`);
    assert.match(stdout, /\nClusters match\n\nListeners match\n\nRoutes match\n\nEndpoints match\n$/);
    assert.equal(exitCode, 0);
    assert.match(
      (await weft(`proxy-config secrets --admin ${admin}`)).stdout,
      /^default +Cert Chain +ACTIVE +true +[0-9a-f]+ /m,
    );
  });

  it('describe a workload in the layout of istioctl', async () => {
    const { stdout } = await weft('describe workload videos-api');
    assert.match(
      stdout,
      /^Workload: videos-api\n {3}Workload Ports: (\d+) \(videos-api\), \d+ \(weft-proxy\)\n-{20}\nService: videos-api\n {3}Port: http 10010\/HTTP targets workload port \1\nVirtualService: videos-api\n {3}1 HTTP route\(s\)\n-{20}\n/,
    );
    assert.match(stdout, /AuthorizationPolicies:\n {3}ALLOW videos-api\.default: 1 rule\n$/);
  });

  it('know who calls whom, and that it is secured', async () => {
    const { stdout } = await weft('edges');
    assert.equal(
      stdout,
      'SRC             DST          SRC_NS    DST_NS    SECURED\nplaylists-api   videos-api   default   default   √\n',
    );
  });

  it('say of a request what the proxy does with it', async () => {
    for (const [path, status, exitCode] of [
      ['/videos/1', 200, 0],
      ['/admin', 403, 1],
    ] as const) {
      assert.equal((await call({ port: local, path })).status, status);
      const told = await weft(`authz why playlists-api videos-api GET ${path}`);
      assert.equal(told.exitCode, exitCode, told.stdout + told.stderr);
    }
  });

  it('roll the documents back, and the proxies follow', async () => {
    plane.write('policy.yaml', ALLOW_GET('/admin'));
    await eventually(async () => assert.equal((await call({ port: local, path: '/admin' })).status, 200));
    let newest = 0;
    await eventually(async () => {
      const { stdout } = await weft('diff');
      assert.match(stdout, /^\+.*paths: \["\/admin"\]/m);
      newest = Number(/\(version (\d+)\)\n@@/.exec(stdout)?.[1]);
    });
    const { stdout, stderr } = await weft(`rollback ${newest - 1} --yes`);
    assert.match(stdout, /^1 document was put back as in version \d+; this is version \d+ now\.\n$/, stderr);
    await eventually(async () => assert.equal((await call({ port: local, path: '/admin' })).status, 403));
    assert.equal((await call({ port: local, path: '/videos/1' })).status, 200);
  });
});
