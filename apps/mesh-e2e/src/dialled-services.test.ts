// A captured workload in a mesh of forty services that it did not declare: each is there when it is called first, and none before.
// Needs root for network namespaces, and says so where it is not to be had.
import { envoyProgram, freePorts, startControlPlane, startSource, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { eventually, type ControlPlaneWorld } from './weft-run-world.ts';

const execute = promisify(execFile);
const reason = process.getuid?.() === 0 ? undefined : 'network namespaces need root';
/** The machine itself, as captured workloads reach it. */
const MACHINE = '10.94.0.1';
const SERVICES = 40;
const ADMIN = 15_000;
const READY = / arrives at 10\.94\.(\d+)\.(\d+):\d+\nweft run: sidecar \S+ is ready/;
const PROGRAM = `require('node:http').createServer((request, response) =>
  response.end('echo for ' + (request.headers['x-forwarded-client-cert'] ?? 'nobody'))).listen(9999)`;

const serviceEntry = (name: string, address: string, port: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec:
  hosts: [${name}.test]
  addresses: [${address}]
  ports: [${port}]
  resolution: STATIC
  endpoints: [{address: ${MACHINE}}]
`;

interface Answer {
  readonly status: number;
  readonly ms: number;
  readonly body: string;
}

function suite(title: string, sidecar: () => Promise<readonly string[]>): void {
  describe(`services on demand: ${title}`, { skip: reason ?? false }, () => {
    let plane: ControlPlaneWorld;
    let machine: Server;
    let [http, bytes] = [0, 0];
    let network = '';
    const started: RunningProcess[] = [];

    const run = async (name: string, ...args: readonly string[]): Promise<string> => {
      const process_ = await startSource({
        main: 'apps/workload/src/main.ts',
        args: [
          ...['--name', name, '--service-account', name, '--capture', '--config-dir', plane.configDir],
          ...['--drain-time', '0', '--admin-port', String(ADMIN), ...args, '--', process.execPath, '-e', PROGRAM],
        ],
        ready: READY,
      });
      started.push(process_);
      const [, high = '', low = ''] = READY.exec(process_.output) ?? [];
      return `weft-${Number(high) * 256 + Number(low)}`;
    };
    const inside = async (...args: readonly string[]): Promise<string> =>
      (await execute('ip', ['netns', 'exec', network, ...args], { timeout: 30_000 })).stdout;
    const curl = async (url: string, ...more: readonly string[]): Promise<Answer> => {
      const said = await inside('curl', '-s', '-w', '\n%{http_code} %{time_total}', ...more, url);
      const [body = '', status = '', seconds = ''] = /^([^]*)\n(\d+) ([\d.]+)$/.exec(said)?.slice(1) ?? [];
      return { status: Number(status), ms: Number(seconds) * 1000, body };
    };
    const ask = (service: number, ...more: readonly string[]): Promise<Answer> =>
      curl(`http://240.241.0.${service}:${http}/s${service}`, '-H', `Host: s${service}.test`, ...more);
    const clustersTold = async (): Promise<string[]> => {
      const said = await inside('curl', '-s', `http://127.0.0.1:${ADMIN}/clusters`);
      return [...new Set(said.split('\n').map((line) => line.split('::')[0] ?? ''))]
        .filter((name) => name.startsWith('outbound|'))
        .sort();
    };

    before(async () => {
      [http = 0, bytes = 0] = await freePorts(2);
      machine = createServer((request, response) => {
        void text(request).then((body) => response.end(`${request.url ?? ''} ${body.length}`));
      }).listen(http, '0.0.0.0');
      await once(machine, 'listening');
      plane = await startControlPlane();
      for (let i = 1; i <= SERVICES; i += 1)
        plane.write(
          `s${i}.yaml`,
          serviceEntry(`s${i}`, `240.241.0.${i}`, `{number: ${http}, name: http, protocol: HTTP}`),
        );
      const tcp = `{number: ${bytes}, targetPort: ${http}, name: tcp, protocol: TCP}`;
      plane.write('bytes.yaml', serviceEntry('bytes', '240.241.1.1', tcp));
      const kind = await sidecar();
      await run('echo', '--port', `${http}:9999`, '--protocol', 'HTTP', ...kind);
      network = await run('caller', '--port', '9999', '--protocol', 'HTTP', '--upstream', `echo:${http}`, ...kind);
    });
    after(async () => {
      await Promise.all(started.map((one) => one.stop()));
      await plane?.stop();
      machine?.close();
    });

    it('begins with no service at all', async () => {
      assert.deepEqual(await clustersTold(), []);
    });

    it('serves the first request to a service, and the next without a wait', async (t) => {
      const first = await ask(1);
      assert.deepEqual([first.status, first.body], [200, '/s1 0']);
      const next = await ask(1);
      assert.equal(next.status, 200);
      assert.deepEqual(await clustersTold(), [`outbound|${http}||s1.test`]);
      t.diagnostic(`first ${first.ms.toFixed(1)} ms, next ${next.ms.toFixed(1)} ms`);
    });

    it('serves many first requests at once, and keeps their bodies', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(2, '--data-binary', 'x'.repeat(5000))));
      assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body}`))], ['200 /s2 5000']);
    });

    it('has mutual TLS from the first request on', async () => {
      const { status, body } = await curl(`http://echo:${http}/`);
      assert.equal(status, 200, body);
      assert.match(body, /echo for By=spiffe:.*sa\/echo;.*URI=spiffe:.*sa\/caller/);
    });

    it('holds connections that are no HTTP', async () => {
      const { status, body } = await curl(`http://240.241.1.1:${bytes}/tcp`);
      assert.deepEqual([status, body], [200, '/tcp 0']);
    });

    it('lets calls to hosts that nobody described pass, and does not ask for them', async (t) => {
      const before = await clustersTold();
      const { status, body, ms } = await curl(`http://${MACHINE}:${http}/unknown`);
      assert.deepEqual([status, body], [200, '/unknown 0']);
      assert.ok(ms < 1000, `${ms} ms`);
      assert.deepEqual(await clustersTold(), before);
      t.diagnostic(`unknown host ${ms.toFixed(1)} ms`);
    });

    it('measures what the first request waits', async (t) => {
      const all: { readonly first: number; readonly next: number }[] = [];
      for (let i = 10; i < 30; i += 1) {
        const first = await ask(i);
        const next = await ask(i);
        assert.deepEqual([first.status, next.status], [200, 200]);
        all.push({ first: first.ms, next: next.ms });
      }
      const median = (values: number[]): string => values.sort((a, b) => a - b)[values.length >> 1]!.toFixed(1);
      const [first, next] = [median(all.map((one) => one.first)), median(all.map((one) => one.next))];
      t.diagnostic(`median of 20 services: first ${first} ms, next ${next} ms`);
    });

    it('serves what it dialled while the control plane is away and after it came back, and others once it is back', async () => {
      await plane.kill();
      const told = await clustersTold();
      assert.equal((await ask(1)).status, 200);
      const away = await ask(40);
      assert.equal(away.status, 503);
      assert.ok(away.ms < 8000, `${away.ms} ms`);
      assert.equal((await curl(`http://${MACHINE}:${http}/unknown`)).status, 200);
      await plane.start();
      const calls = (async () => {
        const statuses = new Set<number>();
        for (let i = 0; i < 60; i += 1) statuses.add((await ask(1)).status);
        return [...statuses];
      })();
      await eventually(async () => assert.equal((await ask(39)).status, 200));
      assert.deepEqual(await calls, [200], 'what was dialled is never taken away');
      await eventually(async () => assert.equal((await ask(40)).status, 200));
      const since = new Set(await clustersTold());
      assert.deepEqual(
        told.filter((name) => !since.has(name)),
        [],
      );
    });
  });
}

suite('Weft', () => Promise.resolve([]));
suite('Envoy', async () => {
  const envoy = await envoyProgram();
  return ['--envoy', envoy];
});

if (reason !== undefined) process.stdout.write(`# ${reason}\n`);
