import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-port.ts';
import { call } from './http-call.ts';
import { startSource, type RunningProcess } from './processes.ts';

/** The real control plane over a folder of its own. */
export interface ControlPlaneWorld {
  readonly configDir: string;
  /** The port of registrations and dumps. */
  readonly debugPort: number;
  process: RunningProcess;
  /** Writes a document; proxies are told when it is read. */
  write(name: string, yaml: string): void;
  /** Who is registered, by name. */
  registered(): Promise<ReadonlyMap<string, { readonly healthy: boolean }>>;
  /** Kills it; `start` brings it back on the same ports. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startControlPlane(flags: readonly string[] = []): Promise<ControlPlaneWorld> {
  const configDir = mkdtempSync(join(tmpdir(), 'weft-mesh-'));
  const [secure = 0, debug = 0] = await freePorts(2);
  const ports = ['--xds-port', '0', '--metrics-port', '0', '--secure-port', `${secure}`, '--debug-port', `${debug}`];
  const launch = (): Promise<RunningProcess> =>
    startSource({
      main: 'apps/control-plane/src/main.ts',
      args: ['--config-dir', configDir, ...ports, ...flags],
      ready: /Serving \d+ documents/,
    });
  const world: ControlPlaneWorld = {
    configDir,
    debugPort: debug,
    process: await launch(),
    write: (name, yaml) => writeFileSync(join(configDir, name), yaml),
    registered: async () => {
      const { body } = await call({ port: debug, path: '/v1/workloads' });
      const { workloads } = JSON.parse(body) as { workloads: readonly { name: string; healthy: boolean }[] };
      return new Map(workloads.map((workload) => [workload.name, workload]));
    },
    kill: async () => void (await world.process.stop('SIGKILL')),
    start: async () => {
      world.process = await launch();
    },
    stop: async () => {
      await world.process.stop();
      rmSync(configDir, { recursive: true });
    },
  };
  return world;
}
