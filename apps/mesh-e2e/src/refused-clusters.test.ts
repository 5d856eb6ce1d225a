// What a proxy refuses costs itself: routes to it wait, all else goes on. Weft and Envoy as sidecars, in both forms of the stream.
import { call, envoyProgram, freePort, startSource, type RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { eventually, startControlPlane, type ControlPlaneWorld } from './weft-run-world.ts';

const IDLE = 'setInterval(() => undefined, 1000)';
const VERSIONS = ['v1', 'v2', 'v3'] as const;
const CALLERS = ['weft-sotw', 'weft-delta', 'envoy-sotw', 'envoy-delta'] as const;
type Version = (typeof VERSIONS)[number];

/** Files that no proxy has: the control plane cannot know, and the proxies refuse the cluster. */
const MISSING_FILES =
  'trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /nowhere/a.pem, privateKey: /nowhere/b.pem}}';

const subsetsOf = (names: readonly Version[], bad?: Version): string => {
  const subsets = names.map(
    (name) => `{name: ${name}, labels: {version: ${name}}${name === bad ? `, ${MISSING_FILES}` : ''}}`,
  );
  return `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web.test, subsets: [${subsets.join(', ')}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {hosts: [web.test], http: [{route: [{destination: {host: web.test, subset: ${names.at(-1) ?? ''}}}]}]}
`;
};

const serviceOf = (name: string, endpoints: readonly string[]): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec:
  hosts: [${name}.test]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [${endpoints.join(', ')}]
`;

const OTHER = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: other}
spec: {host: other.test, TLS}
`;

interface TypeState {
  readonly status: string;
  readonly heldBack?: readonly { readonly name: string; readonly reason: string }[];
}

describe('clusters that proxies refuse', () => {
  let plane: ControlPlaneWorld;
  const servers: Server[] = [];
  const started: RunningProcess[] = [];
  const ports = new Map<string, number>();

  const serve = async (name: string): Promise<number> => {
    const server = createServer((_request, response) => response.end(name));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const startCaller = async (name: (typeof CALLERS)[number]): Promise<void> => {
    const [web, other] = [await freePort(), await freePort()];
    const flags = ['--name', name, '--config-dir', plane.configDir, '--drain-time', '0'];
    flags.push('--upstream', `web.test:80=${String(web)}`, '--upstream', `other.test:80=${String(other)}`);
    if (name.endsWith('delta')) flags.push('--delta');
    if (name.startsWith('envoy')) {
      const envoy = await envoyProgram();
      flags.push('--envoy', envoy);
    }
    ports.set(name, web);
    const args = [...flags, '--', process.execPath, '-e', IDLE];
    started.push(await startSource({ main: 'apps/workload/src/main.ts', args, ready: /weft run: \S+ is ready/ }));
  };
  /** What every caller gets; a single failure is one too many. */
  const assertAllGet = async (version: Version): Promise<void> => {
    for (const name of CALLERS) {
      const { status, body } = await call({ port: ports.get(name) ?? 0, headers: { host: 'web.test' } });
      assert.equal(status, 200, `${name}: ${body}`);
      assert.equal(body, version, name);
    }
  };
  const statesOf = async (type: string): Promise<Map<string, TypeState>> => {
    const { body } = await call({ port: plane.debugPort, path: '/debug/syncz' });
    const all = JSON.parse(body) as readonly { name: string; types: Record<string, TypeState> }[];
    return new Map(all.map(({ name, types }) => [name.split('.')[0] ?? '', types[type] ?? { status: 'none' }]));
  };
  const assertAllAre = async (type: string, status: string): Promise<void> => {
    const states = await statesOf(type);
    for (const name of CALLERS) assert.equal(states.get(name)?.status, status, name);
  };

  before(async () => {
    plane = await startControlPlane();
    const endpoints: string[] = [];
    for (const version of VERSIONS)
      endpoints.push(
        `{address: 127.0.0.1, ports: {http: ${String(await serve(version))}}, labels: {version: ${version}}}`,
      );
    const other = `{address: 127.0.0.1, ports: {http: ${String(await serve('other'))}}}`;
    plane.write('services.yaml', `${serviceOf('web', endpoints)}---${serviceOf('other', [other])}`);
    plane.write('web.yaml', subsetsOf(['v1']));
    await Promise.all(CALLERS.map(startCaller));
    await eventually(() => assertAllGet('v1'));
  });
  after(async () => {
    await Promise.all(started.map((process) => process.stop()));
    for (const server of servers) server.close();
    await plane?.stop();
  });

  it('keep nothing else waiting', async () => {
    plane.write('other.yaml', OTHER.replace('TLS', MISSING_FILES));
    await eventually(() => assertAllAre('CDS', 'NACKED'));
    plane.write('web.yaml', subsetsOf(['v1', 'v2']));
    await eventually(() => assertAllGet('v2'));
  });

  it('have the routes to them wait, and what was there before serves on', async () => {
    plane.write('web.yaml', subsetsOf(['v2', 'v3'], 'v3'));
    await eventually(async () => {
      await assertAllGet('v2');
      const routes = await statesOf('RDS');
      for (const name of CALLERS) {
        const { status, heldBack = [] } = routes.get(name) ?? {};
        assert.equal(status, 'HELD BACK', name);
        assert.match(
          heldBack[0]?.reason ?? '',
          /it names the cluster "outbound\|80\|v3\|web.test", which the proxy refused/,
        );
      }
    });
    await assertAllGet('v2');
  });

  it('get their routes once they are mended', async () => {
    plane.write('web.yaml', subsetsOf(['v2', 'v3']));
    await eventually(() => assertAllGet('v3'));
    await eventually(() => assertAllAre('RDS', 'SYNCED'));
    // What is refused goes again once all else is done, and is STALE until it is answered.
    await eventually(() => assertAllAre('CDS', 'NACKED'));
  });

  it('are forgotten with their document', async () => {
    plane.write('other.yaml', OTHER.replace('TLS', 'subsets: []'));
    await eventually(() => assertAllAre('CDS', 'SYNCED'));
    await assertAllGet('v3');
  });
});
