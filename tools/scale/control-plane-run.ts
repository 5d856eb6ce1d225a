import { TokenAuthority } from '@weft/control-ca';
import { ControlPlane, parseControlPlaneOptions, type ControlPlaneAddresses } from '@weft/control-server';
import { createRuntime, type Runtime } from '@weft/core-runtime';
import { SERVER_METRIC } from '@weft/xds-server';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { addressOf, concernedBy, serviceFile } from './control-plane-mesh.ts';
import { heapBytes, percentile, type ControlPlaneFigures } from './figures.ts';
import { Fleet } from './fleet-process.ts';
import type { Scale } from './mesh.ts';

const ROUNDS = 10;
const PATIENCE_MS = 60_000;
const TRUST_DOMAIN = 'cluster.local';

/** Shorter than the lease of a registration. */
const RENEW_MS = 5000;

/** A change, begun; which service it is of, and how to keep it in force while nothing else happens. */
type Change = (round: number) => {
  readonly service: number;
  readonly done: Promise<unknown>;
  readonly renew?: () => Promise<unknown>;
};

/**
 * One scale of the whole control plane: documents in a folder, a thousand proxies over gRPC in another process, and changes
 * as people and programs make them. Acknowledgements are timed where the server takes them.
 */
export async function controlPlaneRun(scale: Scale): Promise<ControlPlaneFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-scale-'));
  const runtime = createRuntime('error', (line) => process.stderr.write(line));
  const emptyBytes = await heapBytes();
  for (let at = 0; at < scale.services; at += 1) write(folder, at, serviceFile(scale, at, addressOf(11, at)));
  const { controlPlane, addresses } = await open(folder, runtime);
  const acknowledged = acknowledgements(controlPlane);
  const idleBytes = await heapBytes();
  const began = performance.now();
  const turns = monitorEventLoopDelay({ resolution: 10 });
  turns.enable();
  const fleet = new Fleet('control-plane', addresses.xds, scale);
  try {
    await fleet.heard('ready');
    const startMs = performance.now() - began;
    turns.disable();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const heldBytes = await heapBytes();
    const before = await fleet.wireBytes();
    const file = await timed(scale, acknowledged, editing(folder, scale));
    const wireBytes = ((await fleet.wireBytes()) - before) / ROUNDS;
    const registration = await timed(scale, acknowledged, registering(addresses, folder, runtime));
    return {
      concerned: file.concerned,
      file: spread(file.times),
      registration: spread(registration.times),
      wireBytes,
      startMs,
      longestTurnMs: turns.max / 1e6,
      meshBytes: idleBytes - emptyBytes,
      memoryBytes: heldBytes - idleBytes,
    };
  } finally {
    fleet.stop();
    await controlPlane.stop();
    rmSync(folder, { recursive: true });
  }
}

async function open(
  folder: string,
  runtime: Runtime,
): Promise<{ controlPlane: ControlPlane; addresses: ControlPlaneAddresses }> {
  const controlPlane = await openControlPlane(folder, runtime);
  const addresses = await controlPlane.start();
  if (controlPlane.mesh.objects.faults.length > 0) throw new Error(JSON.stringify(controlPlane.mesh.objects.faults[0]));
  return { controlPlane, addresses };
}

/** Not started: without ports. */
export function openControlPlane(folder: string, runtime: Runtime): Promise<ControlPlane> {
  const parsed = parseControlPlaneOptions([
    ...['--scope=mesh', '--config-dir', folder, '--state-dir', join(folder, '.state'), '--trust-domain', TRUST_DOMAIN],
    ...['--xds-port=0', '--secure-port=0', '--metrics-port=0', '--debug-port=0'],
  ]);
  if (parsed.kind !== 'options') throw new Error(JSON.stringify(parsed));
  return ControlPlane.open(parsed.options, runtime);
}

/** When each proxy had acknowledged everything. */
export function acknowledgements({ metrics }: ControlPlane, nowMs = (): number => performance.now()): number[] {
  const times: number[] = [];
  const observe = metrics.observe.bind(metrics);
  metrics.observe = (name, value, labels): void => {
    if (name === SERVER_METRIC.convergence) times.push(nowMs());
    observe(name, value, labels);
  };
  return times;
}

async function timed(
  scale: Scale,
  acknowledged: number[],
  change: Change,
): Promise<{ readonly times: number[]; readonly concerned: number }> {
  const times: number[] = [];
  let concerned = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    acknowledged.length = 0;
    const beganMs = performance.now();
    const { service, done, renew } = change(round);
    await done;
    let renewedMs = beganMs;
    concerned = concernedBy(scale, service);
    while (acknowledged.length < concerned) {
      if (performance.now() - beganMs > PATIENCE_MS)
        throw new Error(`${String(acknowledged.length)} of ${String(concerned)} acknowledged round ${String(round)}`);
      if (renew !== undefined && performance.now() - renewedMs > RENEW_MS) {
        renewedMs = performance.now();
        await renew();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    times.push(...acknowledged.map((atMs) => atMs - beganMs));
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (acknowledged.length > concerned)
      throw new Error(
        `round ${String(round)}: ${String(acknowledged.length)} proxies were told, and it concerns ${String(concerned)}: ${acknowledged
          .slice(concerned - 3)
          .map((atMs) => Math.round(atMs - beganMs))
          .join(' ')}`,
      );
  }
  return { times, concerned };
}

/** Somebody edits the address of one WorkloadEntry. */
function editing(folder: string, scale: Scale): Change {
  return (round) => {
    const service = (round * 37) % scale.services;
    write(folder, service, serviceFile(scale, service, addressOf(12, round)));
    return { service, done: Promise.resolve() };
  };
}

/** A workload registers, each time from another address. */
function registering({ debug }: ControlPlaneAddresses, folder: string, runtime: Runtime): Change {
  const service = 11;
  const name = 'registered';
  const identity = { trustDomain: TRUST_DOMAIN, namespace: 'default', serviceAccount: 'default' };
  const labels = { app: `service-${String(service)}` };
  const token = TokenAuthority.open(join(folder, '.state'), TRUST_DOMAIN, runtime).issue({ identity, name, labels });
  return (round) => {
    const body = JSON.stringify({
      addresses: [addressOf(13, round)],
      ports: [{ port: 8080 }],
      labels,
      healthy: true,
    });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const url = `http://${debug}/v1/workloads/default/${name}`;
    const put = async (): Promise<void> => {
      const response = await fetch(url, { method: 'PUT', headers, body });
      if (!response.ok) throw new Error(await response.text());
    };
    return { service, done: put(), renew: put };
  };
}

export function spread(times: readonly number[]): { readonly p50Ms: number; readonly p99Ms: number } {
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

/** As an editor does: nobody reads half a file. */
function write(folder: string, service: number, text: string): void {
  const file = join(folder, `service-${String(service)}.yaml`);
  writeFileSync(`${folder}/.new`, text);
  renameSync(`${folder}/.new`, file);
}
