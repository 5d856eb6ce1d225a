// Programs as workloads of a mesh, by `weft run`: each with a sidecar, a certificate, and a registration.
import { call, envoyProgram, freePort, startSource, type HttpReply, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

/** Answers with the headers that it got; ends well when it is asked to. */
const ECHO = `
  const { createServer } = require('node:http');
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  server.listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('serving'));
  process.on('SIGTERM', () => { console.log('asked to end'); server.close(); server.closeAllConnections(); process.exitCode = 3; });
`;
/** Has metrics for the first who asks. */
const MEASURED = `
  const { createServer } = require('node:http');
  let scrapes = 0;
  createServer((request, response) => {
    const metrics = request.url === '/metrics';
    response.writeHead(metrics && ++scrapes > 1 ? 500 : 200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(metrics ? '# HELP orders_total Orders.\\n# TYPE orders_total counter\\norders_total 1\\n' : 'fine');
  }).listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('metrics: ' + process.env.WEFT_METRICS));
`;
const CALLER = 'setInterval(() => undefined, 1000); console.log(JSON.stringify(process.env))';

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: strict}
spec: {mtls: {mode: STRICT}}
`;

/** Connections that stand keep their certificate: these end often. */
const SHORT_CONNECTIONS = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec: {host: echo, trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 10}}}}
`;

const ready = /weft run: \S+ is (spiffe:\S+?)(?:; \S+ arrives at \S+?:(\d+))?\nweft run: sidecar (\S+) is ready/;

interface Start {
  readonly name: string;
  readonly flags?: readonly string[];
  readonly command: readonly string[];
}

/** The suite with one kind of sidecar. */
function suite(kind: string, find: () => Promise<readonly string[]>): void {
  describe(`weft run with ${kind} as the sidecar`, () => {
    let plane: ControlPlaneWorld;
    let sidecar: readonly string[];
    before(async () => {
      sidecar = await find();
      plane = await startControlPlane(['--registration-lease', '3s']);
    });
    after(() => plane.stop());

    const run = async (t: TestContext, { name, flags = [], command }: Start): Promise<RunningProcess> => {
      const place = ['--config-dir', plane.configDir, '--drain-time', '0.2'];
      const args = ['--name', name, ...place, ...sidecar, ...flags, '--', ...command];
      const started = await startSource({ main: 'apps/workload/src/main.ts', args, ready });
      t.after(() => started.stop());
      return started;
    };

    it('puts mutual TLS between two programs that know nothing of it', async (t) => {
      const port = await freePort();
      const command = [process.execPath, '-e', ECHO, String(port)];
      const flags = [
        '--port',
        `80:${port}`,
        '--protocol',
        'HTTP',
        '--service-account',
        'echo',
        '--namespace',
        'videos',
      ];
      const server = await run(t, { name: 'echo', flags, command });
      const local = await freePort();
      const client = await run(t, {
        name: 'caller',
        flags: ['--namespace', 'videos', '--service-account', 'caller', '--upstream', `echo:80=${local}`],
        command: [process.execPath, '-e', CALLER],
      });
      const { body } = await until200(local);
      const certificate = String((JSON.parse(body) as Record<string, string>)['x-forwarded-client-cert']);
      assert.match(certificate, /^By=spiffe:\/\/cluster.local\/ns\/videos\/sa\/echo;Hash=[0-9a-f]{64};/);
      assert.match(certificate, /;URI=spiffe:\/\/cluster.local\/ns\/videos\/sa\/caller$/);
      const [printed = '{}'] = await client.waitFor(/^\{.*\}$/m);
      const env = JSON.parse(printed) as Record<string, string>;
      assert.equal(env['WEFT_UPSTREAM_ECHO_80'], `127.0.0.1:${local}`);
      assert.equal(env['WEFT_IDENTITY'], 'spiffe://cluster.local/ns/videos/sa/caller');
      assert.equal(env['HTTP_PROXY'], undefined);
      const readiness = new URL(env['WEFT_READINESS'] ?? '');
      assert.equal((await call({ port: Number(readiness.port), path: '/healthz/ready' })).body, 'ready\n');
      // The sidecar's own port takes plaintext as well, as long as nothing says STRICT.
      const inbound = Number(ready.exec(server.output)?.[2]);
      assert.equal((await call({ port: inbound })).status, 200);
    });

    it('refuses plaintext where STRICT is asked for', async (t) => {
      const port = await freePort();
      const command = [process.execPath, '-e', ECHO, String(port)];
      const flags = ['--port', `${port}`, '--protocol', 'HTTP', '--namespace', 'strict'];
      const server = await run(t, { name: 'echo', flags, command });
      const local = await freePort();
      await run(t, {
        name: 'caller',
        flags: ['--namespace', 'strict', '--upstream', `echo:${port}=${local}`],
        command: [process.execPath, '-e', CALLER],
      });
      plane.write('strict.yaml', STRICT);
      const inbound = Number(ready.exec(server.output)?.[2]);
      await eventually(async () => {
        const answer = await call({ port: inbound }).then(
          ({ status }) => status,
          () => 0,
        );
        assert.notEqual(answer, 200);
      });
      await until200(local);
    });

    it('drains, ends the program, takes the registration out, and gives its exit code', async (t) => {
      const port = await freePort();
      const command = [process.execPath, '-e', ECHO, String(port)];
      const server = await run(t, { name: 'ending', flags: ['--port', String(port)], command });
      const healthy = async (): Promise<boolean | undefined> => (await plane.registered()).get('ending')?.healthy;
      await eventually(async () => assert.equal(await healthy(), true));
      const stopped = server.stop();
      await eventually(async () => assert.equal(await healthy(), false));
      assert.deepEqual(await stopped, { code: 3, signal: null });
      assert.match(server.output, /draining for 0.2 s[^]*asked to end/);
      assert.equal(await healthy(), undefined);
    });

    it('takes one of two instances away under load without an error', async (t) => {
      const instance = async (name: string): Promise<RunningProcess> => {
        const port = await freePort();
        const flags = ['--service', 'pair', '--namespace', 'pair', '--port', `80:${port}`, '--protocol', 'HTTP'];
        return run(t, { name, flags, command: [process.execPath, '-e', ECHO, String(port)] });
      };
      const [first] = await Promise.all([instance('pair-1'), instance('pair-2')]);
      const local = await freePort();
      await run(t, {
        name: 'caller',
        flags: ['--namespace', 'pair', '--upstream', `pair:80=${local}`, '--delta'],
        command: [process.execPath, '-e', CALLER],
      });
      await eventually(async () => {
        const there = await plane.registered();
        assert.ok(there.get('pair-1')?.healthy === true && there.get('pair-2')?.healthy === true);
      });
      await until200(local);
      let stopped = false;
      const stopping = first.stop().then(() => (stopped = true));
      let calls = 0;
      while (!stopped) {
        const { status, body } = await call({ port: local });
        assert.equal(status, 200, `after ${calls} calls: ${body}`);
        calls += 1;
      }
      await stopping;
      assert.equal((await call({ port: local })).status, 200);
      t.diagnostic(`${calls} calls meanwhile`);
    });

    it('tells the metrics of sidecar and program at one address, with the sidecar as flags want it', async (t) => {
      const port = await freePort();
      const flags = ['--port', `80:${port}`, '--protocol', 'HTTP', '--metrics', `http:${port}/metrics`];
      const log = join(plane.configDir, `measured-${kind}.log`);
      const proxy = ['--concurrency', '2', '--sidecar-log-level', 'warning,upstream:debug', '--proxy-log', log];
      const server = await run(t, {
        name: 'measured',
        flags: [...flags, ...proxy, '--listener-drain-time', '7'],
        command: [process.execPath, '-e', MEASURED, String(port)],
      });
      await until200(Number(ready.exec(server.output)?.[2]));
      const [, address = ''] = await server.waitFor(/^metrics: (\S+)$/m);
      const { body, headers } = await call({ port: Number(new URL(address).port), path: '/stats/prometheus' });
      assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
      assert.match(body, /^orders_total 1$/m);
      assert.match(body, /^envoy_server_concurrency\{?\}? 2$/m);
      assert.match(body, /^istio_agent_cert_expiry_seconds\{resource_name="default"\} 8[56]\d{3}$/m);
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
      assert.doesNotMatch(checked.stderr, /error while linting/, 'Prometheus can read it');
      const again = await call({ port: Number(new URL(address).port), path: '/stats/prometheus' });
      assert.match(again.body, /^istio_agent_scrape_failures_total\{type="application"\} 1$/m);
      assert.match(again.body, /^envoy_server_live\{?\}? 1$/m);
      assert.match(server.output, /no metrics of the program: it answered 500/);
      const informing = readFileSync(log, 'utf8').matchAll(/\]\[info\]\[(\w+)\]/g);
      assert.deepEqual([...new Set([...informing].map(([, component]) => component))], ['upstream']);
    });

    it('leaves no sidecar behind when it is killed', async (t) => {
      const script = 'console.log("pid " + process.pid); setInterval(() => undefined, 1000)';
      const killed = await run(t, { name: 'killed', command: [process.execPath, '-e', script] });
      const [, , , admin = ''] = ready.exec(killed.output) ?? [];
      const [, pid = ''] = await killed.waitFor(/^pid (\d+)$/m);
      process.kill(killed.pid, 'SIGKILL');
      await eventually(() => assert.rejects(call({ port: Number(new URL(admin).port), path: '/ready' })));
      // The program is nobody's child now. It goes on until somebody ends it.
      process.kill(Number(pid), 'SIGTERM');
      await killed.exited;
    });

    it('ends with the program, however that ends', async (t) => {
      for (const [script, code] of [
        ['exit 0', 0],
        ['exit 9', 9],
        ['kill -KILL $$', 137],
      ] as const) {
        const job = await run(t, { name: 'job', command: ['sh', '-c', script] });
        assert.deepEqual(await job.exited, { code, signal: null });
      }
      assert.ok(!(await plane.registered()).has('job'));
    });

    it('outlives its control plane, and is known to the next one', async (t) => {
      const port = await freePort();
      const command = [process.execPath, '-e', ECHO, String(port)];
      await run(t, { name: 'outliving', flags: ['--port', `80:${port}`, '--protocol', 'HTTP'], command });
      const local = await freePort();
      const upstream = ['--upstream', `outliving:80=${local}`];
      await run(t, { name: 'caller', flags: upstream, command: [process.execPath, '-e', CALLER] });
      await until200(local);
      await eventually(async () => assert.equal((await plane.registered()).get('outliving')?.healthy, true));
      const ghost = await run(t, { name: 'ghost', command: ['sleep', '60'] });
      process.kill(ghost.pid, 'SIGKILL');
      await plane.kill();
      const back = plane.start().then(() => true);
      let calls = 0;
      // Through the outage, the return, and a whole lease after it: then the one that does not renew is taken out.
      for (let over = false; !over; calls += 1) {
        const { status, body } = await call({ port: local });
        assert.equal(status, 200, `after ${calls} calls: ${body}`);
        over = calls % 50 === 49 && (await ghostIsGone(plane));
      }
      assert.ok(await back);
      assert.equal((await plane.registered()).get('outliving')?.healthy, true);
      t.diagnostic(`${calls} calls`);
    });

    it('starts the sidecar again when it ends by itself', async (t) => {
      const port = await freePort();
      const server = await run(t, {
        name: 'steady',
        flags: ['--port', `${port}`, '--protocol', 'HTTP'],
        command: [process.execPath, '-e', ECHO, String(port)],
      });
      const inbound = Number(ready.exec(server.output)?.[2]);
      await until200(inbound);
      const admin = new URL(ready.exec(server.output)?.[3] ?? '');
      await call({ port: Number(admin.port), path: '/quitquitquit', method: 'POST' });
      await server.waitFor(/the sidecar ended with exit code 0; it is started again/);
      await until200(inbound);
    });
  });

  describe(`certificates of ${kind}`, () => {
    it('rotate under load without an error', async (t) => {
      const sidecar = await find();
      // So short a life is renewed every two seconds.
      const plane = await startControlPlane(['--certificate-ttl', '4s']);
      t.after(() => plane.stop());
      const port = await freePort();
      const local = await freePort();
      const place = ['--config-dir', plane.configDir, '--drain-time', '0', ...sidecar];
      const start = async (args: readonly string[]): Promise<void> => {
        const started = await startSource({ main: 'apps/workload/src/main.ts', args, ready });
        t.after(() => started.stop());
      };
      const echo = ['--', process.execPath, '-e', ECHO, String(port)];
      await start(['--name', 'echo', '--port', `${port}`, '--protocol', 'HTTP', ...place, ...echo]);
      await start([
        '--name',
        'caller',
        '--upstream',
        `echo:${port}=${local}`,
        ...place,
        '--',
        process.execPath,
        '-e',
        CALLER,
      ]);
      // Connections that stand keep their certificate: these end often.
      plane.write('echo.yaml', SHORT_CONNECTIONS);
      await until200(local);
      const seen = new Set<string>();
      const end = performance.now() + 15_000;
      let calls = 0;
      while (performance.now() < end && seen.size < 4) {
        const { status, body } = await call({ port: local });
        assert.equal(status, 200, `after ${calls} calls: ${body}`);
        seen.add(/Hash=([0-9a-f]{64})/.exec(body)?.[1] ?? '');
        calls += 1;
      }
      t.diagnostic(`${calls} calls, ${seen.size} certificates`);
      assert.ok(seen.size >= 4, 'connections were made with a new certificate');
    });
  });
}

/** Its lease is the last that ends: a control plane that comes back gives each a whole one. */
async function ghostIsGone(plane: ControlPlaneWorld): Promise<boolean> {
  const there = await plane.registered().catch(() => undefined);
  return there?.has('ghost') === false;
}

/** Until the last of the changes has come everywhere. */
async function until200(port: number): Promise<HttpReply> {
  let reply: HttpReply | undefined;
  await eventually(async () => {
    reply = await call({ port });
    assert.equal(reply.status, 200, reply.body);
  });
  return reply as HttpReply;
}

suite('Envoy', async () => {
  const envoy = await envoyProgram();
  return ['--envoy', envoy];
});

suite('Weft', () => Promise.resolve([]));

describe('weft run', () => {
  it('registers at the port of certificates where the control plane is elsewhere', async (t) => {
    const plane = await startControlPlane();
    t.after(() => plane.stop());
    const state = join(plane.configDir, '.weft-state');
    const { secure } = JSON.parse(readFileSync(join(state, 'control-plane.json'), 'utf8')) as { secure: string };
    const main = 'apps/workload/src/main.ts';
    const who = ['--name', 'distant', '--service-account', 'distant', '--labels', 'app=distant,version=v2'];
    const issued = await startSource({ main, args: [...who, '--issue-token', '--state-dir', state], ready: /^\S+\n/ });
    await issued.exited;
    const tokenFile = join(plane.configDir, 'token');
    writeFileSync(tokenFile, issued.output);
    const roots = ['--root-cert', join(state, 'root-cert.pem')];
    const place = ['--control-plane', secure, ...roots, '--token-file', tokenFile, '--drain-time', '0'];
    const distant = await startSource({ main, args: [...who, ...place, '--', 'sleep', '60'], ready });
    t.after(() => distant.stop());
    await eventually(async () => assert.equal((await plane.registered()).get('distant')?.healthy, true));
    await distant.stop();
    assert.equal((await plane.registered()).has('distant'), false);
    const other = ['--name', 'other', '--service-account', 'distant', ...place];
    const refused = await startSource({ main, args: [...other, '--', 'true'], ready: /registry answered 403/ });
    assert.match(refused.output, /the token is for default\/distant, not for default\/other/);
    assert.equal((await refused.exited).code, 1);
    const posing = [...who, '--labels', 'app=videos-api', ...place, '--', 'true'];
    const unmasked = await startSource({ main, args: posing, ready: /registry answered 403/ });
    assert.match(unmasked.output, /the token is not for the labels app=videos-api .it is for app=distant,version=v2/);
    assert.equal((await unmasked.exited).code, 1);
  });

  it('trusts no control plane by another name', async (t) => {
    const plane = await startControlPlane();
    t.after(() => plane.stop());
    const args = ['--name', 'careful', '--config-dir', plane.configDir, '--control-plane-name', 'other.test'];
    const refused = await startSource({
      main: 'apps/workload/src/main.ts',
      args: [...args, '--start-time', '2', '--', 'true'],
      ready: /no certificate within 2 s: .*other\.test/,
    });
    assert.equal((await refused.exited).code, 1, refused.output);
  });
});
