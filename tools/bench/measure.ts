import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Clock ticks of /proc/PID/stat per second: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface Sample {
  readonly requests: number;
  readonly errors: number;
  /** CPU time of the proxy's process, user and system, in microseconds per request. */
  readonly cpuUs: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

/** Drives `connections` keep-alive connections against a started proxy, and reads what its process spent on them. */
export async function measure(
  peer: ChildProcess,
  port: number,
  load: { connections: number; seconds: number; wrk: string },
): Promise<Sample> {
  const pid = peer.pid as number;
  await wrk(load.wrk, port, { ...load, seconds: 1 });
  const before = cpuSeconds(pid);
  const result = await wrk(load.wrk, port, load);
  const spent = cpuSeconds(pid) - before;
  return { ...result, cpuUs: (spent * 1e6) / result.requests, rssMb: rssMb(pid) };
}

/** Resolves when something accepts connections on the port. */
export async function listening(port: number, peer: ChildProcess): Promise<void> {
  for (;;) {
    if (peer.exitCode !== null)
      throw new Error(`the peer on port ${port} ended with ${peer.exitCode} before it listened`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await wait(50);
  }
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

async function wrk(binary: string, port: number, load: { connections: number; seconds: number }) {
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--latency', `http://127.0.0.1:${port}/`];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const [, p99 = '0', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  const socketErrors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    requests: number(/(\d+) requests in/),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + socketErrors.reduce((sum, count) => sum + Number(count), 0),
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p99Ms: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? 1),
  };
}
