import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { startSource, WORKSPACE, type RunningProcess } from '@weft/testing-harness';

const execute = promisify(execFile);

/** Runs a program to its end, in a network namespace where one is named; what it printed. Rejects when it fails. */
export async function inside(namespace: string, command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute('ip', ['netns', 'exec', namespace, command, ...args], { timeout: 30_000 });
  return stdout;
}

/** `weft capture …` in a namespace: its exit code, and all that it said. */
export async function capture(namespace: string, ...args: readonly string[]): Promise<{ code: number; said: string }> {
  const weft = ['--conditions=@weft/source', join(WORKSPACE, 'apps/capture/src/main.ts'), ...args];
  return execute('ip', ['netns', 'exec', namespace, process.execPath, ...weft], { cwd: WORKSPACE }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, said: stdout + stderr }),
  );
}

export async function namespaces(): Promise<readonly string[]> {
  const { stdout } = await execute('ip', ['netns', 'list']);
  return stdout.split('\n').flatMap((line) => /^\S+/.exec(line)?.[0] ?? []);
}

export async function processesIn(namespace: string): Promise<readonly string[]> {
  const { stdout } = await execute('ip', ['netns', 'pids', namespace]);
  return stdout.split('\n').filter((pid) => pid !== '');
}

/** The rules of the table nat, without counters. */
export async function rulesOf(namespace: string): Promise<string> {
  const saved = await inside(namespace, 'iptables-save', '-t', 'nat');
  return saved.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
}

/** How many connections a rule has taken: each counts once in the table nat. */
export async function taken(namespace: string, rule: RegExp): Promise<number> {
  const saved = await inside(namespace, 'iptables-save', '-c', '-t', 'nat');
  const line = saved.split('\n').find((text) => rule.test(text)) ?? '';
  return Number(/^\[(\d+):/.exec(line)?.[1] ?? Number.NaN);
}

/** A captured workload that runs. */
export interface Captured {
  readonly process: RunningProcess;
  readonly address: string;
  readonly namespace: string;
}

const READY = / arrives at (10\.94\.(\d+)\.(\d+)):\d+\nweft run: sidecar \S+ is ready/;

export async function startCaptured(args: readonly string[]): Promise<Captured> {
  const started = await startSource({ main: 'apps/workload/src/main.ts', args: ['--capture', ...args], ready: READY });
  const [, address = '', high = '', low = ''] = READY.exec(started.output) ?? [];
  return { process: started, address, namespace: `weft-${Number(high) * 256 + Number(low)}` };
}
