// gRPC programs without a proxy, steered by weft control-plane: what they call is what the mesh's documents say.
import {
  CertificateAuthority,
  eventually,
  freePort,
  startControlPlane,
  type ControlPlaneWorld,
} from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  startGrpcClient,
  startGrpcServer,
  type GrpcClient,
  type GrpcClientKind,
  type GrpcOutcome,
  type GrpcServerProcess,
} from './grpc-xds-world.ts';

const serviceOf = (one: number, two: number): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: echo}
spec:
  hosts: [echo.test]
  ports: [{number: 80, name: grpc, protocol: GRPC}]
  resolution: STATIC
  endpoints:
    - {address: 127.0.0.1, ports: {grpc: ${one}}, labels: {version: v1}}
    - {address: 127.0.0.1, ports: {grpc: ${two}}, labels: {version: v2}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo}
spec:
  host: echo.test
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
`;
const routes = (v1: number, v2: number, attempts: number): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo}
spec:
  hosts: [echo.test]
  http:
    - retries: {attempts: ${attempts}, retryOn: unavailable}
      route:
        - {destination: {host: echo.test, subset: v1}, weight: ${v1}}
        - {destination: {host: echo.test, subset: v2}, weight: ${v2}}
`;

const KINDS: readonly GrpcClientKind[] = ['grpc-go', 'grpc-js-xds'];
for (const kind of KINDS)
  describe(`${kind} under weft control-plane`, () => {
    let plane: ControlPlaneWorld;
    let ca: CertificateAuthority;
    let client: GrpcClient;
    let servers: readonly GrpcServerProcess[] = [];

    /** Until ten calls end as they should. */
    const settles = (what: string, holds: (outcome: GrpcOutcome) => boolean): Promise<GrpcOutcome> =>
      eventually(what, async () => {
        const outcome = await client.call(10);
        return holds(outcome) ? outcome : undefined;
      });

    before(async () => {
      ca = new CertificateAuthority();
      servers = await Promise.all(['one', 'two'].map((name) => startGrpcServer(name)));
      const xdsPort = await freePort();
      plane = await startControlPlane(['--xds-port', String(xdsPort)]);
      plane.write('echo.yaml', serviceOf(servers[0]?.port ?? 0, servers[1]?.port ?? 0));
      const node = 'sidecar~127.0.0.1~caller.default~default.svc.cluster.local';
      client = await startGrpcClient(kind, 'xds:///echo.test:80', { node, xdsPort, ca, own: ca.issue('caller') });
    });
    after(async () => {
      await client?.stop();
      for (const server of servers) await server.process.stop('SIGKILL');
      await plane?.stop();
      ca?.remove();
    });

    it('finds a service by its host and port', async () => {
      const { servers: answered } = await settles('both answer', (outcome) => outcome.servers['one'] === 5);
      assert.deepEqual(answered, { one: 5, two: 5 });
    });

    it('splits as the routes say', async () => {
      plane.write('routes.yaml', routes(75, 25, 0));
      await eventually('three in four', async () => {
        const { servers: answered, errors } = await client.call(400);
        assert.deepEqual(errors, {});
        // Five standard deviations of 400 draws.
        return Math.abs((answered['one'] ?? 0) - 300) < 44 || undefined;
      });
      plane.write('routes.yaml', routes(0, 100, 0));
      await settles('the second version answers', (outcome) => outcome.servers['two'] === 10);
    });

    it('tries again as the routes say', async () => {
      assert.deepEqual((await client.call(1, 2)).servers, {});
      plane.write('routes.yaml', routes(0, 100, 2));
      await eventually('two failures are borne', async () => (await client.call(1, 2)).servers['two']);
      assert.deepEqual((await client.call(5, 3)).servers, {});
    });
  });
