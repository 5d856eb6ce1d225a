// The root of the mesh is exchanged by `weft ca rotate` while workloads call each other over mutual TLS: with short certificates, so
// that it takes half a minute instead of two days.
import {
  call,
  eventually,
  envoyProgram,
  freePort,
  startControlPlane,
  startSource,
  SteadyLoad,
} from '@weft/testing-harness';
import type { ControlPlaneWorld, RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

const LEAF_SECONDS = 10;
const PER_SECOND = 50;
const WITHIN_MS = 60_000;

const ECHO = `
  const { createServer } = require('node:http');
  createServer((request, response) => response.end('here'))
    .listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('serving'));
`;

/** Nobody gets by without a certificate, and connections that keep theirs end soon. */
const MESH = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: short, namespace: istio-system}
spec: {host: "*.default.svc.cluster.local", trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 10}}}}
`;

interface Status {
  readonly roots: readonly { readonly id: string; readonly phase: string }[];
  readonly rotation?: { readonly step: string };
  readonly expiring: readonly string[];
}

describe('an exchange of the root under load', () => {
  let plane: ControlPlaneWorld;
  const running: RunningProcess[] = [];
  /** Where a caller's sidecar takes calls to the echo of its kind. */
  const locals = new Map<string, number>();

  const start = async (kind: string, flags: readonly string[]): Promise<void> => {
    const [port, local] = [await freePort(), await freePort()];
    locals.set(kind, local);
    const place = ['--config-dir', plane.configDir, '--drain-time', '0', ...flags];
    const workload = async (args: readonly string[]): Promise<void> => {
      const main = 'apps/workload/src/main.ts';
      running.push(await startSource({ main, args, ready: /is ready/, readyWithinMs: 60_000 }));
    };
    const serving = ['--port', `80:${port}`, '--protocol', 'HTTP', '--', process.execPath, '-e', ECHO, String(port)];
    await workload(['--name', `echo-${kind}`, '--service-account', 'echo', ...place, ...serving]);
    const calling = [
      '--upstream',
      `echo-${kind}:80=${local}`,
      '--',
      process.execPath,
      '-e',
      'setInterval(() => 0, 1000)',
    ];
    await workload(['--name', `caller-${kind}`, '--service-account', 'caller', ...place, ...calling]);
    await eventually(`${kind} answers`, async () => ((await call({ port: local })).status === 200 ? true : undefined), 20_000); // prettier-ignore
  };

  /** `weft ca …`: its exit code and what it printed. */
  const weftCa = async (
    ...args: readonly string[]
  ): Promise<{ readonly code: number | null; readonly text: string }> => {
    const url = `http://127.0.0.1:${plane.debugPort}`;
    const main = 'apps/cli/src/main.ts';
    const run = await startSource({ main, args: ['ca', ...args, '--control-plane', url], ready: /[^]*/ });
    const { code } = await run.exited;
    return { code, text: run.output };
  };
  const status = async (): Promise<Status> => {
    const { body } = await call({ port: plane.debugPort, path: '/debug/caz' });
    return JSON.parse(body) as Status;
  };

  before(async () => {
    plane = await startControlPlane(['--certificate-ttl', `${LEAF_SECONDS}s`, '--clock-skew', '1s']);
    plane.write('mesh.yaml', MESH);
    const envoy = await envoyProgram();
    await start('weft', []);
    await start('envoy', ['--envoy', envoy]);
  });
  after(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await plane?.stop();
  });

  it('loses no request, and leaves nothing of the old root', async (t) => {
    const [old] = (await status()).roots;
    const loads = [...locals].map(([kind, port]) => ({ kind, load: new SteadyLoad(port, PER_SECOND) }));
    t.after(() => loads.forEach(({ load }) => load.halt()));
    const begun = await weftCa('rotate', '--yes');
    assert.equal(begun.code, 0, begun.text);
    assert.match(begun.text, /The exchange of the root has begun\.\nFrom \w+ to \w+: the new root is in the trust bundle, and signs from /); // prettier-ignore
    const again = await weftCa('rotate', '--yes');
    assert.equal(again.code, 1);
    assert.match(again.text, /an exchange of the root is under way already\nweft ca status tells/);
    const steps = new Set<string>();
    await eventually('the old root is gone', async () => {
      const { roots, rotation } = await status();
      steps.add(rotation?.step ?? 'done');
      return rotation === undefined && roots.length === 1 ? true : undefined;
    }, WITHIN_MS); // prettier-ignore
    const results = await Promise.all(loads.map(async ({ kind, load }) => ({ kind, ...(await load.stop()) })));
    for (const { kind, requests, failures } of results) {
      assert.deepEqual([...failures], [], kind);
      assert.ok(requests > PER_SECOND * LEAF_SECONDS, `${kind}: ${requests}`);
    }
    assert.deepEqual([...steps], ['announced', 'retiring', 'done']);
    const { code, text } = await weftCa('status');
    assert.equal(code, 0, text);
    assert.match(text, /the trust bundle holds one root[^]*No exchange of the root is under way/);
    assert.notEqual((await status()).roots[0]?.id, old?.id);
    for (const [kind, port] of locals) assert.equal((await call({ port })).status, 200, kind);
  });
});
