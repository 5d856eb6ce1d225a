// Envoy as sidecar and as edge of a mesh that weft control-plane steers, in both forms of the stream.
import {
  call,
  envoyProgram,
  freePort,
  startSource,
  type HttpReply,
  type RunningProcess,
  type XdsForm,
} from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { configStateAt } from './config-state.ts';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

/** Answers with its name and the certificate that its sidecar saw. */
const SERVICE = `
  const [name, port] = process.argv.slice(-2);
  require('node:http').createServer((request, response) =>
    response.end(JSON.stringify({ name, caller: request.headers['x-forwarded-client-cert'] ?? '' })),
  ).listen(Number(port), '127.0.0.1');
`;
const IDLE = 'setInterval(() => undefined, 1000)';
const ready = /weft run: \S+ is (spiffe:\S+?)(?:; .*)?\nweft run: sidecar (\S+) is ready/;

const gatewayAt = (port: number): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: [web.test]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
`;
const routes = (v1: number, v2: number, retries = 2): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web.test]
  gateways: [edge]
  http:
    - retries: {attempts: ${retries}, retryOn: "connect-failure"}
      route:
        - {destination: {host: web, subset: v1}, weight: ${v1}}
        - {destination: {host: web, subset: v2}, weight: ${v2}}
`;

const FORMS: readonly XdsForm[] = ['sotw', 'delta'];
for (const form of FORMS)
  describe(`Envoy under weft control-plane, ${form}`, () => {
    let plane: ControlPlaneWorld;
    const started: RunningProcess[] = [];
    let edgePort = 0;
    let edge: RunningProcess;
    let local = 0;

    const run = async (name: string, ...args: readonly string[]): Promise<RunningProcess> => {
      const envoy = await envoyProgram();
      const flags = ['--name', name, '--config-dir', plane.configDir, '--drain-time', '0', '--envoy', envoy];
      if (form === 'delta') flags.push('--delta');
      const process = await startSource({ main: 'apps/workload/src/main.ts', args: [...flags, ...args], ready });
      started.push(process);
      return process;
    };
    const version = async (name: 'v1' | 'v2'): Promise<void> => {
      const port = await freePort();
      const flags = ['--service', 'web', '--port', `80:${port}`, '--protocol', 'HTTP', '--labels', `version=${name}`];
      const program = ['--', process.execPath, '-e', SERVICE, name, String(port)];
      await run(`web-${name}`, ...flags, '--service-account', 'web', ...program);
    };
    const ask = (): Promise<HttpReply> => call({ port: edgePort, headers: { host: 'web.test' } });
    const namesOf = async (count: number): Promise<string[]> => {
      const names = new Set<string>();
      for (let i = 0; i < count; i += 1) {
        const { status, body } = await ask();
        assert.equal(status, 200, body);
        names.add((JSON.parse(body) as { name: string }).name);
      }
      return [...names].sort();
    };

    before(async () => {
      plane = await startControlPlane();
      [edgePort, local] = [await freePort(), await freePort()];
      plane.write('edge.yaml', gatewayAt(edgePort));
      plane.write('web.yaml', routes(100, 0));
      await Promise.all([version('v1'), version('v2')]);
      [edge] = await Promise.all([
        run('edge', '--gateway', '--labels', 'istio=ingressgateway', '--service-account', 'edge'),
        run('caller', '--upstream', `web:80=${local}`, '--', process.execPath, '-e', IDLE),
      ]);
    });
    after(async () => {
      await Promise.all(started.map((process) => process.stop()));
      await plane?.stop();
    });

    it('serves the edge, with mutual TLS to the sidecars', async () => {
      await eventually(async () => assert.deepEqual(await namesOf(5), ['v1']));
      const { caller } = JSON.parse((await ask()).body) as { caller: string };
      assert.match(caller, /;URI=spiffe:\/\/cluster.local\/ns\/default\/sa\/edge$/);
    });

    it('serves what a sidecar calls', async () => {
      await eventually(async () => {
        const { status, body } = await call({ port: local });
        assert.equal(status, 200, body);
        const { caller } = JSON.parse(body) as { caller: string };
        assert.match(caller, /;URI=spiffe:\/\/cluster.local\/ns\/default\/sa\/caller$/);
      });
    });

    it('splits and moves the routes', async () => {
      plane.write('web.yaml', routes(50, 50));
      await eventually(async () => assert.deepEqual(await namesOf(30), ['v1', 'v2']));
      plane.write('web.yaml', routes(0, 100));
      await eventually(async () => assert.deepEqual(await namesOf(10), ['v2']));
    });

    it('takes routes away, and gives them back', async () => {
      rmSync(join(plane.configDir, 'web.yaml'));
      await eventually(async () => assert.equal((await ask()).status, 404));
      plane.write('web.yaml', routes(100, 0));
      await eventually(async () => assert.deepEqual(await namesOf(5), ['v1']));
    });

    it('keeps what is there when a document is wrong', async () => {
      plane.write('web.yaml', routes(0, 100).replace('retries', 'retrys'));
      await plane.process.waitFor(/retrys/);
      assert.deepEqual(await namesOf(5), ['v1']);
      plane.write('web.yaml', routes(0, 100));
      await eventually(async () => assert.deepEqual(await namesOf(5), ['v2']));
    });

    it('has every proxy acknowledge everything', async () => {
      await eventually(async () => {
        const { body } = await call({ port: plane.debugPort, path: '/debug/syncz' });
        assert.equal(started.length, 4);
        for (const name of ['web-v1', 'web-v2', 'edge', 'caller']) assert.ok(body.includes(name), body);
        assert.doesNotMatch(body, /STALE|NACKED|NEVER_ACKNOWLEDGED/);
      });
    });

    it('serves while the control plane is away, and has the same state when it is back', async () => {
      const admin = Number(new URL(ready.exec(edge.output)?.[2] ?? '').port);
      const state = await configStateAt(admin);
      await plane.kill();
      assert.deepEqual(await namesOf(20), ['v2']);
      await plane.start();
      await eventually(async () => {
        const { body } = await call({ port: plane.debugPort, path: '/debug/syncz' });
        for (const name of ['web-v1', 'web-v2', 'edge', 'caller']) assert.ok(body.includes(name), body);
      });
      assert.deepEqual(await namesOf(20), ['v2']);
      assert.deepEqual(await configStateAt(admin), state);
      plane.write('web.yaml', routes(100, 0));
      await eventually(async () => assert.deepEqual(await namesOf(5), ['v1']));
    });
  });
