import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Clock ticks of /proc/PID/stat per second: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time of processes in seconds, all their threads: what they spent themselves, and what the kernel spent for them. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

export function cpuTime(processes: readonly ChildProcess[]): CpuTime {
  let [user, system] = [0, 0];
  for (const { pid } of processes) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    user += Number(fields[11]) / TICKS_PER_SECOND;
    system += Number(fields[12]) / TICKS_PER_SECOND;
  }
  return { user, system };
}

/** Resident memory in MiB, added up. */
export function rssMb(processes: readonly ChildProcess[]): number {
  let kib = 0;
  for (const { pid } of processes)
    kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return kib / 1024;
}

/** Resolves when something accepts connections on the port. */
export async function listening(port: number, peer: ChildProcess, everyMs = 50): Promise<void> {
  for (;;) {
    if (peer.exitCode !== null)
      throw new Error(`the peer on port ${port} ended with ${peer.exitCode} before it listened`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await wait(everyMs);
  }
}

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
