import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Child, endingText, type Ending, type Program } from './child.ts';
import type { WatchmanMessage } from './watchman.ts';

export interface SupervisorEvents {
  /** A line for the person in front of the demo. */
  say(line: string): void;
  /** A process has ended too often: the demo cannot go on. */
  giveUp(reason: string): void;
}

/** What to do besides starting it, when a process has to be started again. */
export type AfterRestart = (child: Child) => Promise<void>;

const RESTARTS = 3;
const WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 8_000;

interface Slot {
  child: Child;
  readonly restarts: number[];
  readonly afterRestart: AfterRestart | undefined;
}

/** Keeps the demo's processes running, and ends them all: in order when it is asked to, and whatever happens to itself. */
export class Supervisor {
  readonly #events: SupervisorEvents;
  readonly #slots = new Map<string, Slot>();
  readonly #watchman: ChildProcess;
  #stopping = false;
  #started = false;

  constructor(events: SupervisorEvents) {
    this.#events = events;
    const file = join(import.meta.dirname, 'watchman.ts');
    this.#watchman = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
    });
    this.#watchman.unref();
    this.#watchman.channel?.unref();
    this.#watchman.on('error', () =>
      events.say('without a watchman: kill -9 of the demo would leave its processes behind'),
    );
  }

  /** From now on a process that ends is started again; before, its end is left to whoever waits for it. */
  keepRunning(): void {
    this.#started = true;
  }

  start(program: Program, afterRestart?: AfterRestart): Child {
    if (this.#stopping) throw new Error(`${program.name} is not started: everything ends`);
    const child = this.#spawn(program);
    this.#slots.set(program.name, { child, restarts: [], afterRestart });
    return child;
  }

  child(name: string): Child | undefined {
    return this.#slots.get(name)?.child;
  }

  get children(): readonly Child[] {
    return [...this.#slots.values()].map(({ child }) => child);
  }

  /** Counts how often each process had to be started again. */
  restartsOf(name: string): number {
    return this.#slots.get(name)?.restarts.length ?? 0;
  }

  /** A file that goes when the demo goes. */
  removeAtEnd(path: string): void {
    this.#tellWatchman({ kind: 'file', path });
  }

  /** Ends the processes, group after group: those of a group together. */
  async stop(groups: readonly (readonly string[])[]): Promise<void> {
    this.#stopping = true;
    for (const names of groups)
      await Promise.all(names.map((name) => this.#slots.get(name)?.child.stop(STOP_WITHIN_MS)));
    // Whatever was in no group.
    await Promise.all(this.children.map((child) => child.stop(STOP_WITHIN_MS)));
    if (this.#watchman.connected) this.#watchman.disconnect();
  }

  #spawn(program: Program): Child {
    const child = new Child(program);
    if (child.pid !== 0) this.#tellWatchman({ kind: 'add', pid: child.pid });
    void child.ended.then((ending) => {
      this.#tellWatchman({ kind: 'remove', pid: child.pid });
      if (!this.#stopping && this.#started) void this.#restart(program.name, child, ending);
    });
    return child;
  }

  async #restart(name: string, ended: Child, ending: Ending): Promise<void> {
    const slot = this.#slots.get(name);
    if (slot === undefined || slot.child !== ended) return;
    const now = performance.now();
    const recent = slot.restarts.filter((at) => now - at < WITHIN_MS);
    this.#events.say(`${name} has ended ${endingText(ending)}. Its last lines (${ended.program.log}):`);
    for (const line of ended.lastLines) this.#events.say(`    ${line}`);
    if (recent.length >= RESTARTS) {
      this.#events.giveUp(`${name} ended ${RESTARTS + 1} times within a minute`);
      return;
    }
    slot.restarts.push(now);
    slot.child = this.#spawn(ended.program);
    this.#events.say(`${name} is started again (process ${slot.child.pid})`);
    try {
      await slot.afterRestart?.(slot.child);
    } catch (error) {
      this.#events.say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #tellWatchman(message: WatchmanMessage): void {
    if (this.#watchman.connected) this.#watchman.send(message, () => undefined);
  }
}
