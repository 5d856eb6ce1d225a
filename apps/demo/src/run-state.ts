import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './mesh/file-writer.ts';

/** What other commands must know about the demo that runs. */
export interface RunState {
  readonly pid: number;
  /** Where the status page, /status.json and the switches are: `http://127.0.0.1:8088`. */
  readonly control: string;
  readonly gateway: string;
  /** The debug port of its control plane: the verbs of `weft` name it where they ask at another address. */
  readonly controlPlane: string;
}

export function runStateFile(stateDir: string): string {
  return join(stateDir, 'running.json');
}

export function writeRunState(stateDir: string, state: RunState): void {
  replaceFile(runStateFile(stateDir), `${JSON.stringify(state, null, 2)}\n`);
}

export function removeRunState(stateDir: string): void {
  rmSync(runStateFile(stateDir), { force: true });
}

/** The demo that runs with this state folder; undefined without one. What one has left behind does not count. */
export function readRunState(stateDir: string): RunState | undefined {
  try {
    const state = JSON.parse(readFileSync(runStateFile(stateDir), 'utf8')) as RunState;
    process.kill(state.pid, 0);
    return state;
  } catch {
    return undefined;
  }
}
