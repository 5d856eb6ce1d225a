// Proxies that take clusters and listeners from weft control-plane by REST-JSON, the rest over a stream.
import {
  call,
  eventually,
  envoyProgram,
  freePort,
  http2Upstream,
  loopback,
  startControlPlane,
  startEnvoy,
  startWeft,
  type ControlPlaneWorld,
  type RunningProxy,
} from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startNamedUpstream, type NamedUpstream } from './named-upstream.ts';

const NODE = 'sidecar~127.0.0.1~caller.default~default.svc.cluster.local';

const service = (port: number): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: web}
spec:
  hosts: [web.test]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: ${port}}}]
`;

const cluster = (name: string, port: number, more: object = {}): object => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }] },
  ...more,
});

/** By REST come clusters and listeners; endpoints and routes as these say: over ADS. */
function bootstrap(ports: { debug: number; xds: number; local: number }): object {
  const byRest = {
    resource_api_version: 'V3',
    api_config_source: {
      api_type: 'REST',
      transport_api_version: 'V3',
      cluster_names: ['rest_xds'],
      refresh_delay: '0.1s',
      request_timeout: '1s',
    },
  };
  return {
    node: {
      id: NODE,
      cluster: 'caller.default',
      metadata: {
        NAMESPACE: 'default',
        INTERCEPTION_MODE: 'NONE',
        UPSTREAMS: [{ host: 'web.test', port: 80, localPort: ports.local }],
      },
    },
    dynamic_resources: {
      cds_config: byRest,
      lds_config: byRest,
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
    },
    static_resources: { clusters: [cluster('rest_xds', ports.debug), cluster('xds', ports.xds, http2Upstream())] },
  };
}

for (const kind of ['envoy', 'weft'] as const)
  describe(`${kind} by REST`, () => {
    let plane: ControlPlaneWorld;
    let proxy: RunningProxy;
    let upstreams: readonly NamedUpstream[] = [];
    let local = 0;

    before(async () => {
      const [xds, first, second] = [
        await freePort(),
        await startNamedUpstream('first'),
        await startNamedUpstream('second'),
      ];
      local = await freePort();
      upstreams = [first, second];
      plane = await startControlPlane(['--xds-port', String(xds), '--debounce-after', '10ms']);
      plane.write('web.yaml', service(first.port));
      const start = { bootstrap: bootstrap({ debug: plane.debugPort, xds, local }) };
      proxy = kind === 'envoy' ? await startEnvoy(await envoyProgram(), start) : await startWeft(start);
    });
    after(async () => {
      await proxy?.stop();
      await plane?.stop();
      for (const upstream of upstreams) upstream.stop();
    });

    const answered = (by: string): Promise<true> =>
      eventually(`${by} answers`, async () => {
        const { status, body } = await call({ port: local, headers: { host: 'web.test' } });
        return (status === 200 && body === by) || undefined;
      });

    it('serves what it polled', async () => {
      await answered('first');
    });

    it('takes what changes, and says that it has it', async () => {
      plane.write('web.yaml', service(upstreams[1]?.port ?? 0));
      await answered('second');
      await eventually('the control plane knows', async () => {
        const { body } = await call({ port: plane.debugPort, path: '/debug/syncz' });
        const [sync] = JSON.parse(body) as { types: Record<string, { status: string }> }[];
        return (sync?.types['CDS']?.status === 'SYNCED' && sync.types['LDS']?.status === 'SYNCED') || undefined;
      });
    });

    it('drops what is gone', async () => {
      rmSync(join(plane.configDir, 'web.yaml'));
      await eventually('nothing of it is left', async () => {
        const { status } = await call({ port: local, headers: { host: 'web.test' } });
        return status === 503 || undefined;
      });
    });

    it('gets no secrets this way', async () => {
      const answer = await fetch(`http://127.0.0.1:${plane.debugPort}/v3/discovery:secrets`, {
        method: 'POST',
        body: JSON.stringify({ node: { id: NODE }, resource_names: ['kubernetes://web'] }),
      });
      assert.equal(answer.status, 403);
    });
  });
