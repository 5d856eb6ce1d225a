import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { after, type Timers } from '@weft/core-runtime';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

export interface ChildOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its output goes here, behind what is there; undefined: where ours goes, and it reads what we could. */
  readonly log: string | undefined;
  /** In a process group of its own: signals of the terminal reach only us. */
  readonly apart: boolean;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it did not even start. */
  readonly fault: string | undefined;
}

/** One process that was started. */
export class Child {
  readonly ended: Promise<Ending>;
  private readonly process: ChildProcess;
  private running = true;

  constructor({ command, args }: Program, { env, log, apart }: ChildOptions) {
    const output = log === undefined ? ('inherit' as const) : openSync(log, 'a', 0o600);
    this.process = spawn(command, args, {
      env: { ...env },
      stdio: [log === undefined ? 'inherit' : 'ignore', output, output],
      detached: apart,
    });
    if (typeof output === 'number') closeSync(output);
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending): void => {
        this.running = false;
        resolve(ending);
      };
      this.process.once('exit', (code, signal) => end({ code, signal, fault: undefined }));
      this.process.once('error', ({ message }) => {
        // A signal that could not be sent is an error too; the process goes on.
        if (this.process.pid === undefined) end({ code: 127, signal: null, fault: message });
      });
    });
  }

  get alive(): boolean {
    return this.running;
  }

  /** Undefined: it could not be started. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.process.kill(signal);
  }

  /** Asks it to end, and kills it when it has not after `withinMs`. */
  async stop(withinMs: number, timers: Timers): Promise<Ending> {
    this.kill('SIGTERM');
    const deadline = after(timers, withinMs, () => this.kill('SIGKILL'));
    const ending = await this.ended;
    deadline.cancel();
    return ending;
  }
}

const SETPRIV = '/usr/bin/setpriv';

/** The same program, asked to end by the system when we are killed and cannot do it ourselves; where that is not to be had, as it is. */
export function endingWithUs(program: Program): Program {
  if (!existsSync(SETPRIV)) return program;
  return { command: SETPRIV, args: ['--pdeathsig', 'TERM', '--', program.command, ...program.args] };
}

/** As a shell tells it: the code, or 128 and the signal. */
export function exitCodeOf({ code, signal }: Ending): number {
  return signal === null ? (code ?? 0) : 128 + constants.signals[signal];
}

/** `with exit code 1`, `by SIGKILL` */
export function endingText({ code, signal, fault }: Ending): string {
  if (fault !== undefined) return `before it began (${fault})`;
  return signal === null ? `with exit code ${code ?? 0}` : `by ${signal}`;
}
