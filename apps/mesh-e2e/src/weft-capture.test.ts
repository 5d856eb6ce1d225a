// Programs whose traffic is redirected to their sidecars, in network namespaces: needs root, and says so where it is not to be had.
import { envoyProgram, startProcess, WORKSPACE } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import {
  capture,
  inside,
  namespaces,
  processesIn,
  rulesOf,
  startCaptured,
  taken,
  type Captured,
} from './captured-world.ts';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

/** Answers with the headers that it got; ends well when it is asked to. */
const ECHO = `
  const { createServer } = require('node:http');
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  server.listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('serving'));
  process.on('SIGTERM', () => { server.close(); server.closeAllConnections(); process.exitCode = 3; });
`;
const TO_OUTBOUND = /istio\/redirect-to-envoy-port/;
const TO_INBOUND = /istio\/redirect-common-chain/;
const OF_PROXY = /-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN/;
const root = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), 'weft-captured-'));
const program = join(folder, 'echo.cjs');
writeFileSync(program, ECHO);
// The sidecar's user reads its bootstrap here.
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

type Headers = Readonly<Record<string, string>>;
const headersOf = (text: string): Headers => JSON.parse(text) as Headers;
const curl = async (namespace: string, url: string): Promise<Headers> =>
  headersOf(await inside(namespace, 'curl', '-sf', '--max-time', '10', url));

function suite(kind: string, find: () => Promise<readonly string[]>): void {
  describe(`weft run --capture with ${kind} as the sidecar`, { skip: root ? false : 'needs root' }, () => {
    let plane: ControlPlaneWorld;
    let server: Captured;
    let client: Captured;
    const start = async (name: string, port: number, flags: readonly string[] = []): Promise<Captured> => {
      const place = ['--config-dir', plane.configDir, '--drain-time', '0', ...(await find()), ...flags];
      const who = ['--name', name, '--service-account', name, '--port', String(port), '--protocol', 'HTTP'];
      return startCaptured([...who, ...place, '--', process.execPath, program, String(port)]);
    };
    before(async () => {
      plane = await startControlPlane();
      // Both at once: each makes the bridge, or finds it.
      [server, client] = await Promise.all([
        start('echo', 8080),
        start('caller', 9090, ['--upstream', 'echo:8080', '--upstream', 'caller:9090']),
      ]);
      await eventually(() => curl(client.namespace, 'http://echo:8080/'));
    });
    after(async () => {
      await Promise.all([server.process.stop(), client.process.stop()]);
      await plane.stop();
    });

    it('takes what the program calls by name, and what the sidecar calls only once', async () => {
      const before = await taken(client.namespace, TO_OUTBOUND);
      for (let call = 0; call < 3; call += 1) {
        const headers = await curl(client.namespace, 'http://echo:8080/');
        const identities = /^By=spiffe:\/\/\S+\/sa\/echo;Hash=[0-9a-f]{64};\S*URI=spiffe:\/\/\S+\/sa\/caller$/;
        assert.match(headers['x-forwarded-client-cert'] ?? '', identities);
      }
      // A sidecar whose own calls came back would be counted for each of them.
      assert.equal((await taken(client.namespace, TO_OUTBOUND)) - before, 3);
      assert.ok((await taken(client.namespace, OF_PROXY)) > 0, 'the calls of the sidecar are let through');
      assert.ok((await taken(server.namespace, TO_INBOUND)) > 0, 'and arrive at a sidecar');
    });

    it('takes what arrives from a machine without a sidecar', async () => {
      const before = await taken(server.namespace, TO_INBOUND);
      const url = `http://${server.address}:8080/`;
      const { 'x-forwarded-client-cert': certificate, ...headers } = await fetch(url).then(async (answer) =>
        headersOf(await answer.text()),
      );
      assert.equal(certificate, undefined);
      assert.match(headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/, 'the sidecar was passed');
      assert.equal((await taken(server.namespace, TO_INBOUND)) - before, 1);
    });

    it('takes a call of the workload to itself by its name as one that arrives', async () => {
      const headers = await curl(client.namespace, 'http://caller:9090/');
      assert.match(headers['x-forwarded-client-cert'] ?? '', /By=\S+\/sa\/caller;\S*URI=\S+\/sa\/caller$/);
    });

    it('leaves what a program says to itself alone', async () => {
      const before = await taken(client.namespace, TO_OUTBOUND);
      const headers = await curl(client.namespace, 'http://127.0.0.1:9090/');
      assert.deepEqual([headers['x-request-id'], headers['host']], [undefined, '127.0.0.1:9090']);
      assert.equal(await taken(client.namespace, TO_OUTBOUND), before);
    });

    it("has Istio's chains and comments, and applying them again changes nothing", async () => {
      const rules = await rulesOf(server.namespace);
      for (const part of [
        ':ISTIO_INBOUND - ',
        '-A PREROUTING -p tcp -m comment --comment "istio/install-istio-prerouting" -j ISTIO_INBOUND',
        '-A OUTPUT -p tcp -m comment --comment "istio/install-istio-output" -j ISTIO_OUTPUT',
        '--comment "istio/redirect-common-chain" -j ISTIO_IN_REDIRECT',
        ...[15020, 15021, 15090].map((port) => `-A ISTIO_INBOUND -p tcp -m tcp --dport ${port} -j RETURN`),
      ])
        assert.ok(rules.includes(part), `${part}\n${rules}`);
      for (let time = 0; time < 2; time += 1)
        assert.deepEqual(await capture(server.namespace, 'apply'), { code: 0, said: 'the rules are in place (nft)\n' });
      assert.equal(await rulesOf(server.namespace), rules);
      assert.equal((await capture(server.namespace, 'verify')).code, 0);
      await curl(client.namespace, 'http://echo:8080/');
    });

    it('tells readiness and metrics to the machine, past the rules', async () => {
      const before = await taken(server.namespace, TO_INBOUND);
      assert.equal(await (await fetch(`http://${server.address}:15021/healthz/ready`)).text(), 'ready\n');
      const metrics = await (await fetch(`http://${server.address}:15020/stats/prometheus`)).text();
      assert.match(metrics, /^envoy_server_live\{?\}? 1$/m);
      assert.match(metrics, /^istio_agent_scrapes_total \d+$/m);
      const own = await (await fetch(`http://${server.address}:15090/stats/prometheus`)).text();
      assert.match(own, /^envoy_server_live\{?\}? 1$/m);
      assert.equal((await fetch(`http://${server.address}:15090/config_dump`)).status, 404);
      assert.equal(await taken(server.namespace, TO_INBOUND), before);
    });

    it("keeps root's log in a folder that the sidecar cannot change", () => {
      const [log = ''] = /\S+proxy\.log/.exec(server.process.output) ?? [];
      const { uid, mode } = statSync(dirname(log));
      assert.deepEqual([uid, mode & 0o777], [0, 0o711]);
    });

    it('lets one run end while another begins', async (t) => {
      const ending = await start('ending', 7070);
      await ending.process.waitFor(/^serving/m);
      const [exit, next] = await Promise.all([ending.process.stop(), start('next', 7071)]);
      t.after(() => next.process.stop());
      assert.deepEqual(exit, { code: 3, signal: null });
      const there = await namespaces();
      assert.ok(there.includes(next.namespace));
      // The name of a network that went may have been given to the next at once.
      assert.equal(there.includes(ending.namespace), ending.namespace === next.namespace);
      await next.process.waitFor(/^serving/m);
      assert.equal((await fetch(`http://${next.address}:7071/`)).status, 200);
      await curl(client.namespace, 'http://echo:8080/');
    });

    it('takes away what a killed run left, and nothing of those that run', async () => {
      const killed = await start('killed', 7072);
      const [log = ''] = /\S+proxy\.log/.exec(killed.process.output) ?? [];
      process.kill(killed.process.pid, 'SIGKILL');
      await killed.process.exited;
      await eventually(async () => assert.deepEqual(await processesIn(killed.namespace), []));
      const cleaned = await startProcess({
        command: process.execPath,
        args: ['--conditions=@weft/source', join(WORKSPACE, 'apps/workload/src/main.ts'), '--clean-up'],
        // Somebody else on this machine may clean up just now, ours among it.
        ready: /weft run: (?:removed|nothing is left over)/,
      });
      assert.equal((await cleaned.exited).code, 0);
      assert.equal(existsSync(dirname(log)), false);
      const there = await namespaces();
      assert.deepEqual(
        [server, client, killed].map(({ namespace }) => there.includes(namespace)),
        [true, true, false],
      );
      await curl(client.namespace, 'http://echo:8080/');
    });
  });
}

suite('Envoy', async () => {
  const envoy = await envoyProgram();
  return ['--envoy', envoy];
});
suite('Weft', () => Promise.resolve([]));

const address = (ip: string, port: number): object => ({ socket_address: { address: ip, port_value: port } });
const TCP_PROXY = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const original = {
  name: 'envoy.filters.listener.original_dst',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst' },
};
const listener = (name: string, port: number, cluster: string): object => ({
  name,
  address: address('0.0.0.0', port),
  listener_filters: [original],
  filter_chains: [{ filters: [{ name: 'tcp', typed_config: { '@type': TCP_PROXY, stat_prefix: name, cluster } }] }],
});
/** The sidecar of a container that shares its program's network: what comes passes on, and what goes out too. */
const BOOTSTRAP = {
  admin: { address: address('127.0.0.1', 15_000) },
  static_resources: {
    listeners: [listener('out', 15_001, 'passthrough'), listener('in', 15_006, 'program')],
    clusters: [
      { name: 'passthrough', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' },
      {
        name: 'program',
        type: 'STATIC',
        load_assignment: {
          cluster_name: 'program',
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address('127.0.0.1', 8080) } }] }],
        },
      },
    ],
  },
};

/** What a container engine makes: a network with an address that the machine reaches. */
function sharedNetwork(t: TestContext): string {
  const name = `weft-shared-${process.pid}`;
  const link = `ws${process.pid}`;
  const ip = (text: string): void => void execFileSync('ip', text.split(' '), { stdio: 'pipe' });
  ip(`netns add ${name}`);
  t.after(() => ip(`netns del ${name}`));
  ip(`link add ${link} type veth peer name eth0 netns ${name}`);
  ip(`addr add 10.93.7.1/30 dev ${link}`);
  ip(`link set ${link} up`);
  for (const text of ['link set lo up', 'addr add 10.93.7.2/30 dev eth0', 'link set eth0 up'])
    ip(`netns exec ${name} ip ${text}`);
  return name;
}

describe('weft capture', { skip: root ? false : 'needs root' }, () => {
  it('redirects the network that a program and a sidecar share, and gives it back', async (t) => {
    const network = sharedNetwork(t);
    const start = async (ready: RegExp, ...args: readonly string[]): Promise<void> => {
      const started = await startProcess({ command: 'ip', args: ['netns', 'exec', network, ...args], ready });
      t.after(() => started.stop());
    };
    await start(/serving/, process.execPath, program, '8080');
    const bootstrap = join(folder, 'bootstrap.json');
    writeFileSync(bootstrap, JSON.stringify(BOOTSTRAP));
    const main = join(WORKSPACE, 'apps/proxy/src/main.ts');
    const sidecar = [process.execPath, '--conditions=@weft/source', main, '-c', bootstrap];
    const user = ['setpriv', '--reuid=1337', '--regid=1337', '--clear-groups'];
    await start(/starting main dispatch loop/, ...user, ...sidecar);
    const outside = createServer((request, response) => response.end(JSON.stringify(request.headers)));
    outside.listen(0, '10.93.7.1');
    await once(outside, 'listening');
    t.after(() => outside.close());
    const { port } = outside.address() as AddressInfo;
    const stat = async (name: string): Promise<number> => {
      const stats = await inside(network, 'curl', '-s', 'http://127.0.0.1:15000/stats');
      return Number(new RegExp(`^tcp\\.${name}\\.downstream_cx_total: (\\d+)$`, 'm').exec(stats)?.[1]);
    };

    // Rules of somebody else decide on the backend: those of both would hold at once.
    await inside(network, 'iptables-legacy', '-t', 'nat', '-A', 'OUTPUT', '-d', '192.0.2.1', '-j', 'RETURN');
    for (let time = 0; time < 2; time += 1)
      assert.deepEqual(await capture(network, 'apply'), { code: 0, said: 'the rules are in place (legacy)\n' });
    assert.match(await inside(network, 'iptables-legacy-save', '-t', 'nat'), /ISTIO_OUTPUT/);
    assert.doesNotMatch(await inside(network, 'iptables-nft-save', '-t', 'nat'), /ISTIO/);

    await curl(network, `http://10.93.7.1:${port}/`);
    await (await fetch('http://10.93.7.2:8080/')).text();
    assert.deepEqual([await stat('out'), await stat('in')], [1, 1]);
    await curl(network, 'http://127.0.0.1:8080/');
    assert.deepEqual([await stat('out'), await stat('in')], [1, 1]);

    for (let time = 0; time < 2; time += 1)
      assert.deepEqual(await capture(network, 'clean'), { code: 0, said: 'the rules are gone\n' });
    const left = await inside(network, 'iptables-legacy-save', '-t', 'nat');
    assert.doesNotMatch(left, /ISTIO/);
    assert.match(left, /-A OUTPUT -d 192\.0\.2\.1\/32 -j RETURN/);
    assert.equal((await capture(network, 'verify')).code, 1);
  });
});
