// What Sidecars and WorkloadGroups say of listeners and health, with programs of `weft run`.
import { freePort, startSource, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

/** Says what it is called, at a port or a socket. */
const SAY = `
  const [word, at] = process.argv.slice(-2);
  const server = require('node:http').createServer((_, response) => response.end(word));
  if (/^\\d+$/.test(at)) server.listen(Number(at), '127.0.0.1');
  else server.listen(at);
`;

/** Status and body. */
function ask(options: RequestOptions): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    request({ ...options, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.once('end', () => resolve([response.statusCode ?? 0, body]));
    })
      .once('error', reject)
      .end();
  });
}

describe('listeners and health as documents say', () => {
  let plane: ControlPlaneWorld;
  const folder = mkdtempSync(join(tmpdir(), 'weft-listeners-'));
  before(async () => {
    plane = await startControlPlane([]);
  });
  after(async () => {
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (t: TestContext, name: string, args: readonly string[]): Promise<RunningProcess> => {
    const place = ['--config-dir', plane.configDir, '--drain-time', '0'];
    const started = await startSource({
      main: 'apps/workload/src/main.ts',
      args: ['--name', name, ...place, ...args],
      ready: /sidecar \S+ is ready/,
    });
    t.after(() => started.stop());
    return started;
  };
  const healthy = (name: string, wanted: boolean): Promise<void> =>
    eventually(async () => assert.equal((await plane.registered()).get(name)?.healthy, wanted));

  it('calls arrive at the socket of ingress, by the port and by the socket of egress', async (t) => {
    const [port, egress] = [await freePort(), await freePort()];
    const [program, calls] = [join(folder, 'program.sock'), join(folder, 'calls.sock')];
    const document = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: server}
spec:
  workloadSelector: {labels: {app: server}}
  ingress: [{port: {number: ${port}, protocol: HTTP}, defaultEndpoint: "unix://${program}"}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: client}
spec:
  workloadSelector: {labels: {app: client}}
  egress:
  - {port: {number: ${port}, protocol: HTTP}, bind: 127.0.0.2, hosts: ["*/server.default.svc.cluster.local"]}
  - {port: {number: ${egress}, protocol: HTTP_PROXY}, hosts: ["*/server.default.svc.cluster.local"]}
  - {port: {number: 0, protocol: HTTP}, bind: "unix://${calls}", hosts: ["*/server.default.svc.cluster.local"]}
`;
    plane.write('sidecars.yaml', document);
    const serve = ['--probe', 'none', '--protocol', 'HTTP', '--', process.execPath, '-e', SAY, 'by-socket', program];
    await run(t, 'server', ['--port', String(port), ...serve]);
    await healthy('server', true);
    await run(t, 'client', ['--', process.execPath, '-e', 'setInterval(() => undefined, 1000)']);
    const host = `server:${port}`;
    const answer = [200, 'by-socket'];
    await eventually(async () => assert.deepEqual(await ask({ host: '127.0.0.2', port }), answer));
    assert.deepEqual(await ask({ port: egress, headers: { host } }), answer);
    assert.deepEqual(await ask({ port: egress, path: `http://${host}/`, headers: { host } }), answer);
    assert.equal((await ask({ port: egress, headers: { host: 'nowhere' } }))[0], 502);
    assert.deepEqual(await ask({ socketPath: calls, headers: { host } }), answer);
  });

  it('a program is asked as its WorkloadGroup says', async (t) => {
    const flag = join(folder, 'fine');
    const document = `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: {name: flagged}
spec:
  metadata: {annotations: {owner: somebody}}
  template: {labels: {app: flagged}}
  probe: {periodSeconds: 1, failureThreshold: 1, exec: {command: [test, -f, "${flag}"]}}
`;
    plane.write('group.yaml', document);
    // Until it has read the group, members are refused.
    await plane.kill();
    await plane.start();
    const port = String(await freePort());
    const command = [process.execPath, '-e', SAY, 'x', port];
    const member = await run(t, 'flagged-1', ['--group', 'flagged', '--port', port, '--', ...command]);
    await member.waitFor(/waiting for the command test -f/);
    await healthy('flagged-1', false);
    writeFileSync(flag, '');
    await healthy('flagged-1', true);
    rmSync(flag);
    await healthy('flagged-1', false);
  });
});
