import { listenersOn } from './port-holder.ts';

/** Which process listens on which port: programs and sidecars are children of `weft run`, and known to it alone. */
export class ListenerPids {
  #pids = new Map<number, number>();

  /** Undefined: nobody, or the system does not tell. */
  of(port: number): number | undefined {
    const pid = this.#pids.get(port);
    return pid !== undefined && isAlive(pid) ? pid : undefined;
  }

  /** Looks again, where one of these ports has no process that lives. */
  refresh(ports: readonly number[]): void {
    if (ports.some((port) => this.of(port) === undefined)) this.#pids = new Map(listenersOn(ports));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
