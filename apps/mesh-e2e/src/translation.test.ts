// What the control plane makes of resources is taken by Envoy, and by Weft in its strict mode: every golden output as a static
// bootstrap, its route configurations in place and its endpoints in their clusters.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { findEnvoy, runWeft, WORKSPACE } from '@weft/testing-harness';
import { parse } from 'yaml';

const run = promisify(execFile);
const DATA = join(WORKSPACE, 'libs/control/translate/testdata');
const scratch = mkdtempSync(join(tmpdir(), 'weft-translation-'));
after(() => rmSync(scratch, { recursive: true }));

type Json = Readonly<Record<string, unknown>>;
interface Golden {
  readonly clusters: readonly Json[];
  readonly endpoints: readonly Json[];
  readonly listeners: readonly Json[];
  readonly routes: readonly Json[];
}

const outputs = readdirSync(DATA).flatMap((folder) =>
  readdirSync(join(DATA, folder))
    .filter((file) => file.endsWith('.out.yaml'))
    .map((file) => join(folder, file)),
);

function bootstrapOf(golden: Golden): Json {
  const routes = new Map(golden.routes.map((one) => [one['name'], one]));
  const endpoints = new Map(golden.endpoints.map((one) => [one['cluster_name'], one]));
  const inPlace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inPlace);
    if (typeof value !== 'object' || value === null) return value;
    const { rds, ...rest } = value as Json;
    const entries = Object.entries(rest).map(([key, inner]) => [key, inPlace(inner)]);
    const table = rds === undefined ? [] : [['route_config', routes.get((rds as Json)['route_config_name'])]];
    return Object.fromEntries([...entries, ...table]) as Json;
  };
  const clusters = golden.clusters.map(({ eds_config: _, ...cluster }) => {
    if (cluster['type'] !== 'EDS') return cluster;
    const { eds_cluster_config: __, ...rest } = cluster;
    return { ...rest, type: 'STATIC', load_assignment: endpoints.get(cluster['name']) };
  });
  return {
    node: { id: 'sidecar~10.0.0.9~test.default~default.svc.cluster.local', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
      },
    },
    static_resources: {
      listeners: golden.listeners.map(inPlace),
      clusters: [...clusters, agentCluster()],
    },
  };
}

/** The cluster of every sidecar's bootstrap that secrets come from. */
function agentCluster(): Json {
  const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    name: 'sds-grpc',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      [OPTIONS]: {
        '@type': `type.googleapis.com/${OPTIONS}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: 'sds-grpc',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: '/tmp/agent.sock' } } } }] }],
    },
  };
}

function write(output: string): string {
  const golden = parse(readFileSync(join(DATA, output), 'utf8')) as Golden;
  const file = join(scratch, `${output.replaceAll('/', '_')}.json`);
  writeFileSync(file, JSON.stringify(bootstrapOf(golden)));
  return file;
}

test('Envoy takes every translation', async (t) => {
  const envoy = await findEnvoy();
  if ('reason' in envoy) {
    t.skip(envoy.reason);
    return;
  }
  for (const output of outputs) {
    const args = ['--mode', 'validate', '--use-dynamic-base-id', '-l', 'error', '-c', write(output)];
    const fault: string = await run(envoy.binary, args).then(
      () => '',
      (error: unknown) => (error as { readonly stderr: string }).stderr,
    );
    assert.equal(fault, '', output);
  }
});

test('Weft takes every translation, and implements all of it', async () => {
  for (const output of outputs) {
    const { code, err } = await runWeft(['--mode', 'validate', '--strict', '-c', write(output)]);
    assert.equal(code, 0, `${output}\n${err}`);
  }
});
