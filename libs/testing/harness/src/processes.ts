import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';

/** The workspace's root folder. */
export const WORKSPACE = join(import.meta.dirname, '../../../..');

export interface ProcessOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The process counts as started once its output matches. */
  readonly ready: RegExp;
  /** How long it may take until then, in milliseconds. Default 30 seconds. */
  readonly readyWithinMs?: number;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const OUTPUT_LIMIT = 1 << 20;
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 20_000;

/** Processes that must not outlive the tests, however these end. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that a test started, and that it has to stop. */
export class RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  #output = '';
  readonly #watchers = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    this.exited = promise;
    const take = (chunk: string): void => {
      this.#output = (this.#output + chunk).slice(-OUTPUT_LIMIT);
      this.#notify();
    };
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
    child.once('error', (error) => take(`${error.message}\n`));
    // 'close' and not 'exit': the last output is in by then.
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
      this.#notify();
    });
  }

  /** Standard output and standard error together, the last MiB of it. */
  get output(): string {
    return this.#output;
  }

  get alive(): boolean {
    return running.has(this.#child);
  }

  /** Waits until the output matches. Rejects when the process ends before that, or the time is over. */
  waitFor(pattern: RegExp, withinMs: number = READY_WITHIN_MS): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.#output);
      if (match !== null) resolve(match);
      else if (!this.alive) reject(new Error(`it ended without printing ${pattern}:\n${this.#output}`));
    };
    const deadline = setTimeout(
      () => reject(new Error(`it did not print ${pattern} within ${withinMs} ms:\n${this.#output}`)),
      withinMs,
    );
    this.#watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(deadline);
      this.#watchers.delete(look);
    });
  }

  /** Sends the signal and waits for the end; a process that is deaf to it for 20 seconds is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessExit> {
    if (!this.alive) return this.exited;
    this.#child.kill(signal);
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(deadline);
    }
  }

  #notify(): void {
    for (const look of this.#watchers) look();
  }
}

/** Starts a process and waits until it says that it is ready. A process that does not is stopped. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { command, args = [], env = {}, cwd = WORKSPACE, ready, readyWithinMs } = options;
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const started = new RunningProcess(child);
  try {
    await started.waitFor(ready, readyWithinMs);
  } catch (error) {
    await started.stop('SIGKILL');
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${[command, ...args].join(' ')}: ${reason}`, { cause: error });
  }
  return started;
}

export interface SourceProgram extends Omit<ProcessOptions, 'command'> {
  /** A TypeScript file, from the workspace's root, e.g. `apps/videos-api/src/main.ts`. */
  readonly main: string;
}

/** Starts a program of this workspace from its sources, on the Node that runs the tests. */
export function startSource({ main, args = [], ...options }: SourceProgram): Promise<RunningProcess> {
  return startProcess({
    cwd: join(WORKSPACE, dirname(dirname(main))),
    ...options,
    command: process.execPath,
    args: ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning', join(WORKSPACE, main), ...args],
    // The runner's own variable would make a child of it report as a test file. Sources are compiled once for all.
    env: { NODE_TEST_CONTEXT: '', NODE_COMPILE_CACHE: join(WORKSPACE, '.weft/compiled'), ...options.env },
  });
}
