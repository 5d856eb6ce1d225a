import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';

export interface Program {
  /** How messages and the table call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to the demo's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its output goes; what is there stays. */
  readonly log: string;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Wait {
  /** Milliseconds. */
  readonly withinMs: number;
  /** Only what is printed after the call counts. */
  readonly fromNow?: boolean;
}

const TAIL_LIMIT = 16_384;
const LAST_LINES = 12;

/** One process of the demo, and its log file. */
export class Child {
  readonly program: Program;
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #log: WriteStream;
  readonly #listeners = new Set<(text: string) => void>();
  #tail = '';
  #alive = true;

  /** Starts it in a process group of its own: Ctrl-C reaches the demo alone, which then ends the others in order. */
  constructor(program: Program) {
    const { command, args, cwd, env, log } = program;
    this.program = program;
    this.#log = createWriteStream(log, { flags: 'a' });
    // A log that cannot be written is a pity; the process it belongs to runs all the same.
    this.#log.on('error', () => undefined);
    this.#process = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#process.once('error', (error) => {
      this.#take(`${error.message}\n`);
      if (this.#process.pid === undefined) this.#end({ code: 127, signal: null }, resolve);
    });
    // Not 'exit': with 'close' the last output is in.
    this.#process.once('close', (code, signal) => this.#end({ code, signal }, resolve));
  }

  /** 0 when it could not be started at all. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The last lines of its output. */
  get lastLines(): readonly string[] {
    return this.#tail.trimEnd().split('\n').slice(-LAST_LINES);
  }

  /** Waits for output. Rejects when the process ends before it, or the time is over. */
  async waitFor(pattern: RegExp, { withinMs, fromNow = false }: Wait): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const late = `${this.program.name} did not print /${pattern.source}/ within ${withinMs / 1000} s`;
    const deadline = setTimeout(() => reject(new Error(late)), withinMs);
    let text = fromNow ? '' : this.#tail;
    const look = (more: string): void => {
      text = (text + more).slice(-TAIL_LIMIT);
      if (pattern.test(text)) resolve(undefined);
    };
    this.#listeners.add(look);
    look('');
    void this.ended.then(() => reject(new Error(`${this.program.name} has ended`)));
    try {
      await promise;
    } finally {
      clearTimeout(deadline);
      this.#listeners.delete(look);
    }
  }

  /** Asks it to end, kills it when it has not after `withinMs`. */
  async stop(withinMs: number): Promise<Ending> {
    if (this.#alive) this.#process.kill('SIGTERM');
    const deadline = setTimeout(() => this.#alive && this.#process.kill('SIGKILL'), withinMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(deadline);
    }
  }

  #take(text: string): void {
    this.#log.write(text);
    this.#tail = (this.#tail + text).slice(-TAIL_LIMIT);
    for (const listener of this.#listeners) listener(text);
  }

  #end(ending: Ending, resolve: (ending: Ending) => void): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#log.end();
    resolve(ending);
  }
}

/** `with exit code 1`, `by SIGKILL` */
export function endingText({ code, signal }: Ending): string {
  return signal === null ? `with exit code ${code ?? 0}` : `by ${signal}`;
}
