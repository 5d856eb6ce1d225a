// What the Gateway API says that a client sees, at gateways of a mesh that weft control-plane steers: the share of a backend that
// is not there, and where redirects go. Weft and Envoy are the gateway.
import { call, envoyProgram, freePort, startSource, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

const SERVICE = `
  require('node:http').createServer((request, response) => response.end('here')).listen(Number(process.argv.at(-1)), '127.0.0.1');
`;
const ready = /weft run: sidecar \S+ is ready/;

const documents = (name: string, port: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}}
spec:
  gatewayClassName: weft
  listeners: [{name: http, port: ${port}, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}}
spec:
  parentRefs: [{name: ${name}}]
  hostnames: [a.gw.test]
  rules:
    - matches: [{path: {type: PathPrefix, value: /s}}]
      filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]
    - matches: [{path: {type: PathPrefix, value: /h}}]
      filters: [{type: RequestRedirect, requestRedirect: {hostname: z.gw.test}}]
    - matches: [{path: {type: PathPrefix, value: /p}}]
      filters:
        - {type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}
    - backendRefs: [{name: web, port: 80}, {name: missing, port: 80}]
`;

let plane: ControlPlaneWorld;
let service: RunningProcess;
before(async () => {
  plane = await startControlPlane();
  const port = await freePort();
  const program = ['--', process.execPath, '-e', SERVICE, String(port)];
  service = await startSource({
    main: 'apps/workload/src/main.ts',
    args: ['--name', 'web', '--config-dir', plane.configDir, '--port', `80:${port}`, '--protocol', 'HTTP', ...program],
    ready,
  });
});
after(async () => {
  await service?.stop();
  await plane?.stop();
});

for (const kind of ['Weft', 'Envoy'])
  describe(`${kind} as a gateway of the Gateway API`, () => {
    let port = 0;
    let gateway: RunningProcess | undefined;
    before(async () => {
      port = await freePort();
      const name = kind.toLowerCase();
      plane.write(`${name}.yaml`, documents(name, port));
      gateway = await startSource({
        main: 'apps/workload/src/main.ts',
        args: [
          ...['--name', name, '--config-dir', plane.configDir, '--drain-time', '0', '--gateway'],
          ...(kind === 'Envoy' ? ['--envoy', await envoyProgram()] : []),
        ],
        ready,
      });
      await eventually(async () => assert.notEqual((await ask('/s')).status, 404));
    });
    after(() => gateway?.stop());
    const ask = (path: string) => call({ port, path, headers: { host: `a.gw.test:${port}` } });

    it('answers 500 for the share of a backend that is not there', async () => {
      await eventually(async () => assert.equal(await seen(), '200 500'));
    });
    const seen = async (): Promise<string> => {
      const statuses = new Set<number>();
      for (let i = 0; i < 30; i += 1) statuses.add((await ask('/')).status);
      return [...statuses].sort().join(' ');
    };

    it('redirects to the port of the scheme, else to its own, and writes none that is implied', async () => {
      const locationOf = async (path: string) => (await ask(path)).headers['location'];
      assert.equal(await locationOf('/s'), 'https://a.gw.test/s');
      assert.equal(await locationOf('/h'), `http://z.gw.test:${port}/h`);
      assert.equal(await locationOf('/p/x'), `http://a.gw.test:${port}/x`);
    });
  });
