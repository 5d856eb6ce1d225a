// What sidecars of both kinds tell weft control-plane of themselves, and the runtime that it gives them.
import {
  call,
  eventually,
  envoyProgram,
  freePort,
  startControlPlane,
  startSource,
  type ControlPlaneWorld,
  type RunningProcess,
} from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';

const SERVICE = `
  require('node:http').createServer((request, response) => response.end('hello')).listen(Number(process.argv.at(-1)), '127.0.0.1');
`;
const ready = /weft run: \S+ is (spiffe:\S+?)(?:; .*)?\nweft run: sidecar (\S+) is ready/;

const meshConfig = (values: Readonly<Record<string, string>>): string => `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |-
    defaultConfig:
      runtimeValues: ${JSON.stringify(values)}
`;

for (const kind of ['weft', 'envoy'] as const)
  describe(`${kind} reports to the control plane`, () => {
    let plane: ControlPlaneWorld;
    let sidecar: RunningProcess;
    let inbound = 0;

    const debug = async <T>(path: string): Promise<T> => {
      const { status, body } = await call({ port: plane.debugPort, path });
      assert.equal(status, 200, body);
      return JSON.parse(body) as T;
    };
    const admin = (): number => Number(new URL(ready.exec(sidecar.output)?.[2] ?? '').port);
    const runtime = async (key: string): Promise<string | undefined> => {
      const { body } = await call({ port: admin(), path: '/runtime' });
      return (JSON.parse(body) as { entries: Record<string, { final_value: string }> }).entries[key]?.final_value;
    };

    before(async () => {
      const service = 'control-plane';
      plane = await startControlPlane(['--access-log-service', service, '--metrics-service', service]);
      const port = await freePort();
      inbound = await freePort();
      const flags = ['--name', 'web-1', '--service', 'web', '--port', `80:${port}`, '--protocol', 'HTTP'];
      const mine = ['--inbound-port', String(inbound), '--config-dir', plane.configDir, '--drain-time', '0'];
      const proxy = kind === 'envoy' ? ['--envoy', await envoyProgram()] : [];
      const program = ['--', process.execPath, '-e', SERVICE, String(port)];
      const args = [...flags, ...mine, ...proxy, ...program];
      sidecar = await startSource({ main: 'apps/workload/src/main.ts', args, ready });
    });
    after(async () => {
      await sidecar?.stop();
      await plane?.stop();
    });

    it('sends its access log', async () => {
      let calls = 0;
      const path = await eventually('the call is answered', async () => {
        const here = `/told-${(calls += 1)}`;
        return (await call({ port: inbound, path: here })).status === 200 ? here : undefined;
      });
      const entry = await eventually('the call is told', async () => {
        interface Logged {
          readonly log_name: string;
          readonly entry: { readonly request?: { readonly path?: string }; readonly response?: object };
        }
        const { calls: told } = await debug<{ calls: readonly Logged[] }>(
          '/debug/accesslogz?proxyID=web-1.default&limit=5',
        );
        return told.find(({ entry: { request } }) => request?.path === path);
      });
      assert.equal(entry.log_name, 'http_envoy_accesslog');
      assert.deepEqual(entry.entry.response && (entry.entry.response as { response_code: number }).response_code, 200);
    });

    it('sends its stats', async () => {
      const name = 'cluster_manager.cluster_added';
      const samples = await eventually('the stats are told', async () => {
        interface Stat {
          readonly name: string;
          readonly samples: readonly { readonly value: number }[];
        }
        const { metrics } = await debug<{ metrics: readonly Stat[] }>(
          `/debug/metricsz?proxyID=web-1.default&filter=${name}`,
        );
        return metrics.find((one) => one.name === name)?.samples;
      });
      assert.ok((samples[0]?.value ?? 0) >= 3, JSON.stringify(samples));
    });

    it('takes layers of the runtime while it runs', async () => {
      plane.write('mesh.yaml', meshConfig({ 'health_check.min_interval': '7', 'weft.test.flag': 'true' }));
      await eventually('the values are there', async () => {
        const values = [await runtime('health_check.min_interval'), await runtime('weft.test.flag')];
        return (values[0] === '7' && values[1] === 'true') || undefined;
      });
      plane.write('mesh.yaml', meshConfig({ 'health_check.min_interval': '8' }));
      await eventually('the values are others', async () => {
        const values = [await runtime('health_check.min_interval'), await runtime('weft.test.flag')];
        return (values[0] === '8' && values[1] === undefined) || undefined;
      });
    });
  });

for (const kind of ['weft', 'envoy'] as const)
  test(`${kind} begins with what MeshConfig says of stats and spans`, async (t) => {
    const stats = createServer();
    const called = new Promise<void>((resolve) => stats.on('connection', (socket) => (socket.destroy(), resolve())));
    await new Promise<void>((resolve) => stats.listen(0, '127.0.0.1', resolve));
    t.after(() => stats.close());
    const plane = await startControlPlane();
    const { port } = stats.address() as AddressInfo;
    const statsd = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => statsd.close());
    const counted = new Promise<void>((resolve) =>
      statsd.on('message', (datagram) => datagram.includes('envoy.cluster_manager.cluster_added:') && resolve()),
    );
    await once(statsd, 'listening');
    const telling = `{statsdUdpAddress: "localhost:${statsd.address().port}", envoyMetricsService: {address: "127.0.0.1:${port}"}, tracing: {zipkin: {address: "127.0.0.1:9"}}}`;
    plane.write(
      'mesh.yaml',
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: 'defaultConfig: ${telling}'}\n`,
    );
    await eventually('it is in force', async () => {
      const place = await readFile(join(plane.configDir, '.weft-state/control-plane.json'), 'utf8');
      return place.includes(`127.0.0.1:${port}`) || undefined;
    });
    const proxy = kind === 'envoy' ? ['--envoy', await envoyProgram()] : [];
    const flags = ['--name', 'told', '--config-dir', plane.configDir, '--drain-time', '0', ...proxy];
    const program = ['--', process.execPath, '-e', 'setInterval(() => undefined, 1000)'];
    const sidecar = await startSource({ main: 'apps/workload/src/main.ts', args: [...flags, ...program], ready });
    t.after(async () => {
      await sidecar.stop();
      await plane.stop();
    });
    const admin = Number(new URL(ready.exec(sidecar.output)?.[2] ?? '').port);
    const { body } = await call({ port: admin, path: '/config_dump' });
    assert.match(body, /"collector_cluster": ?"zipkin"/);
    assert.match(body, /"cluster_name": ?"envoy_metrics_service"/);
    await Promise.all([called, counted]);
  });
