// npm run scale -- proxy: what one captured sidecar has of a mesh that its workload declared nothing of, with everything told
// from the start (--scope mesh) and on demand (--scope declared), before and after it called ten services. Needs root.
import { findEnvoy, residentBytes, startControlPlane, startSource, WORKSPACE } from '@weft/testing-harness';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const ADMIN = 15_000;
const CALLED = 10;
const SETTLE_MS = 3000;
const READY = / arrives at 10\.94\.(\d+)\.(\d+):\d+\nweft run: sidecar \S+ is ready/;
const PROGRAM = `require('node:http').createServer((_, response) => response.end('ok')).listen(9999)`;

export interface ProxyMemoryFigures {
  readonly sidecar: 'Weft' | 'Envoy';
  readonly scope: 'mesh' | 'declared';
  readonly services: number;
  readonly called: number;
  /** Clusters of services. */
  readonly clusters: number;
  /** Of /config_dump with endpoints. */
  readonly configBytes: number;
  readonly residentBytes: number;
}

/** Every service has an HTTP port; each has an endpoint of its own at the machine. */
function serviceEntry(at: number): string {
  const place = `${String(at >> 8)}.${String(at & 255)}`;
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: service-${String(at)}}
spec:
  hosts: [service-${String(at)}.mesh.example]
  addresses: [240.241.${place}]
  ports: [{number: 8080, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 10.200.${place}}]
`;
}

/** A line for each step of one sidecar in one mesh. */
export async function proxyMemory(
  sidecar: ProxyMemoryFigures['sidecar'],
  scope: ProxyMemoryFigures['scope'],
  services: number,
): Promise<ProxyMemoryFigures[]> {
  const plane = await startControlPlane([`--scope=${scope}`]);
  const folder = mkdtempSync(join(tmpdir(), 'weft-scale-'));
  try {
    writeFileSync(
      join(folder, 'all.yaml'),
      Array.from({ length: services }, (_, at) => serviceEntry(at)).join('---\n'),
    );
    plane.write('all.yaml', readFileSync(join(folder, 'all.yaml'), 'utf8'));
    const envoy = sidecar === 'Envoy' ? await findEnvoy() : undefined;
    if (envoy !== undefined && 'reason' in envoy) throw new Error(envoy.reason);
    const run = await startSource({
      main: 'apps/workload/src/main.ts',
      args: [
        ...['--name', 'caller', '--capture', '--config-dir', plane.configDir, '--port', '9999', '--protocol', 'HTTP'],
        ...[
          '--drain-time',
          '0',
          '--admin-port',
          String(ADMIN),
          ...(envoy === undefined ? [] : ['--envoy', envoy.binary]),
        ],
        ...['--', process.execPath, '-e', PROGRAM],
      ],
      ready: READY,
    });
    try {
      const [, high = '', low = ''] = READY.exec(run.output) ?? [];
      const network = `weft-${String(Number(high) * 256 + Number(low))}`;
      const figures = async (called: number) => ({ sidecar, scope, services, called, ...(await look(network)) });
      await settle();
      const begun = await figures(0);
      for (let at = 0; at < CALLED; at += 1) {
        const place = `240.241.${String(at >> 8)}.${String(at & 255)}`;
        const host = `Host: service-${String(at)}.mesh.example`;
        // Nobody is there: the call has the service told all the same.
        await inside(network, 'curl', '-s', '-m', '1', '-o', '/dev/null', '-H', host, `http://${place}:8080/`).catch(
          () => '',
        );
      }
      await settle();
      return [begun, await figures(CALLED)];
    } finally {
      await run.stop();
    }
  } finally {
    await plane.stop();
    rmSync(folder, { recursive: true });
  }
}

async function look(network: string): Promise<Pick<ProxyMemoryFigures, 'clusters' | 'configBytes' | 'residentBytes'>> {
  const clusters = await inside(network, 'curl', '-s', `http://127.0.0.1:${String(ADMIN)}/clusters`);
  const names = new Set(clusters.split('\n').map((line) => line.split('::')[0] ?? ''));
  const dump = await inside(network, 'curl', '-s', `http://127.0.0.1:${String(ADMIN)}/config_dump?include_eds`);
  const pids = await inside(network, 'sh', '-c', `ss -lntpH 'sport = :${String(ADMIN)}'`);
  return {
    clusters: [...names].filter((name) => name.startsWith('outbound|')).length,
    configBytes: Buffer.byteLength(dump),
    residentBytes: residentBytes(Number(/pid=(\d+)/.exec(pids)?.[1])),
  };
}

async function inside(network: string, ...args: readonly string[]): Promise<string> {
  const options = { timeout: 30_000, maxBuffer: 1 << 28, cwd: WORKSPACE };
  return (await execute('ip', ['netns', 'exec', network, ...args], options)).stdout;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

const MEGABYTE = 1_000_000;

/** The table of docs/scale.md, to standard output. */
export async function printProxyMemory(services: readonly number[]): Promise<void> {
  const line = (...cells: readonly (string | number)[]): void =>
    void process.stdout.write(`| ${cells.join(' | ')} |\n`);
  line('sidecar', 'scope', 'services', 'called', 'clusters of services', 'configuration', 'resident memory');
  line('---', '---', '--:', '--:', '--:', '--:', '--:');
  for (const sidecar of ['Weft', 'Envoy'] as const)
    for (const count of services)
      for (const scope of ['mesh', 'declared'] as const)
        for (const one of await proxyMemory(sidecar, scope, count))
          line(
            sidecar,
            scope,
            count.toLocaleString('en'),
            one.called,
            one.clusters.toLocaleString('en'),
            `${(one.configBytes / MEGABYTE).toFixed(2)} MB`,
            `${(one.residentBytes / MEGABYTE).toFixed(0)} MB`,
          );
}
