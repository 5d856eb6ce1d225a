import { spawnSync } from 'node:child_process';

export interface CommandResult {
  /** 127: there is no such command. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command to its end; `input` goes to its standard input. */
export type RunCommand = (command: string, args: readonly string[], input?: string) => CommandResult;

const TIMEOUT_MS = 60_000;

export const runCommand: RunCommand = (command, args, input = '') => {
  const done = spawnSync(command, [...args], { input, encoding: 'utf8', timeout: TIMEOUT_MS });
  const missing = (done.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  return {
    code: missing ? 127 : (done.status ?? 1),
    out: done.stdout ?? '',
    err: done.error === undefined ? done.stderr : done.error.message,
  };
};

/** The same commands inside of a network namespace. */
export function inNamespace(name: string, run: RunCommand): RunCommand {
  return (command, args, input) => run('ip', ['netns', 'exec', name, command, ...args], input);
}

/** Runs a command that must succeed. Throws an Error with the command and what it said. */
export function mustRun(run: RunCommand, command: string, args: readonly string[], input?: string): string {
  const { code, out, err } = run(command, args, input);
  if (code === 0) return out;
  throw new Error(`${command} ${args.join(' ')} failed with ${code}: ${(err || out).trim()}`);
}
