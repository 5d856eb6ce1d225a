import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startSource, type RunningProcess } from '@weft/testing-harness';

export interface DemoProcess {
  readonly name: string;
  readonly pid: number | null;
  readonly agent: number | null;
  readonly restarts: number;
  readonly ports: readonly { readonly port: number }[];
  readonly admin: string | null;
}

/** The parts of /status.json that the tests look at. */
export interface DemoStatus {
  readonly redis: string;
  readonly settings: Readonly<Record<string, boolean | number>>;
  readonly processes: readonly DemoProcess[];
  readonly edges: readonly { readonly id: string; readonly total: Readonly<Record<string, number>> }[];
}

/** A demo that was started as a user starts it, on ports that the system chose. */
export interface RunningDemo {
  readonly process: RunningProcess;
  readonly gatewayPort: number;
  /** `http://127.0.0.1:…`: the status page. */
  readonly control: string;
  readonly stateDir: string;
  /** Runs `weft demo <args>` for this demo; gives back what it printed. */
  run(...args: string[]): Promise<string>;
  status(): Promise<DemoStatus>;
  /** Ends it if it still runs, and removes its files. */
  end(): Promise<void>;
}

const MAIN = 'apps/cli/src/main.ts';

export async function startDemo(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningDemo> {
  const stateDir = mkdtempSync(join(tmpdir(), 'weft-demo-'));
  const process = await startSource({
    main: MAIN,
    args: ['demo', 'start', '--auto-ports', '--state-dir', stateDir, ...args],
    env: { REDIS_URL: '', ZIPKIN_URL: '', ...env },
    ready: /^Try:/m,
    readyWithinMs: 60_000,
  });
  const { control, gateway } = JSON.parse(readFileSync(join(stateDir, 'running.json'), 'utf8')) as Record<
    string,
    string
  >;
  return {
    process,
    control: control ?? '',
    gatewayPort: Number(new URL(gateway ?? '').port),
    stateDir,
    run: (...words) => runWeft(['demo', ...words, '--state-dir', stateDir]),
    status: async () => (await (await fetch(`${control}/status.json`)).json()) as DemoStatus,
    async end() {
      await process.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Runs a command of weft to its end. Rejects when it fails. */
export async function runWeft(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const command = await startSource({ main: MAIN, args, env, ready: /(?:)/ });
  const { code } = await command.exited;
  if (code !== 0) throw new Error(`weft ${args.join(' ')} ended with ${code}:\n${command.output}`);
  return command.output;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended but was not collected by its parent yet counts as ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Asks again and again until the answer is yes. Rejects after `withinMs`. */
export async function until(what: string, test: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await test())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(50);
  }
}
