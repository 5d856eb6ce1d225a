// What drives the proxies: wrk, h2load, iperf3, and ten thousand connections that say nothing.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

/** What a load saw. */
export interface Load {
  /** Requests answered; for bytes through tcp_proxy: MiB. */
  readonly units: number;
  readonly errors: number;
  readonly seconds: number;
  /** Milliseconds; NaN where the load does not know. */
  readonly p99Ms: number;
}

const UNIT_MS: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };

/** HTTP/1.1 as fast as it goes, over `connections`. */
export async function wrk(target: { url: string; connections: number; seconds: number }): Promise<Load> {
  const { url, connections, seconds } = target;
  const text = await output('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url]);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const [, p99 = 'NaN', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  const socketErrors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    units: number(/(\d+) requests in/),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + socketErrors.reduce((sum, count) => sum + Number(count), 0),
    seconds,
    p99Ms: Number(p99) * (UNIT_MS[unit] ?? 1),
  };
}

export interface H2loadTarget {
  readonly url: string;
  readonly connections: number;
  readonly streams: number;
  readonly seconds: number;
  readonly args?: readonly string[];
  /** A folder for the log of times, from which the 99th percentile comes. */
  readonly logFolder?: string;
}

/** HTTP/2 (or HTTP/1.1 with `--h1`), with several streams on each connection. */
export async function h2load(target: H2loadTarget): Promise<Load> {
  const { url, connections, streams, seconds, args = [], logFolder } = target;
  const log = logFolder === undefined ? undefined : join(logFolder, 'h2load.log');
  if (log !== undefined) rmSync(log, { force: true });
  const logging = log === undefined ? [] : [`--log-file=${log}`];
  const text = await output('h2load', [
    '-t1',
    `-c${connections}`,
    `-m${streams}`,
    `-D${seconds}`,
    '-w24',
    '-W26',
    ...logging,
    ...args,
    url,
  ]);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const failed = number(/, (\d+) failed/) + number(/, (\d+) errored/) + number(/(\d+) 4xx/) + number(/(\d+) 5xx/);
  return { units: number(/(\d+) succeeded/), errors: failed, seconds, p99Ms: log === undefined ? NaN : p99Of(log) };
}

function p99Of(log: string): number {
  const times = readFileSync(log, 'utf8').trim().split('\n').map((line) => Number(line.split('\t')[2])); // prettier-ignore
  times.sort((a, b) => a - b);
  return (times[Math.floor(times.length * 0.99)] ?? NaN) / 1000;
}

/** `gibibytes` through a proxy, towards the client. */
export async function iperf(port: number, gibibytes: number): Promise<Load> {
  const text = await output('iperf3', ['-c', '127.0.0.1', '-p', String(port), '-n', `${gibibytes}G`, '-R', '-J']);
  const report = JSON.parse(text) as { end?: { sum_received?: { bytes: number; seconds: number } } };
  const { bytes = 0, seconds = 0 } = report.end?.sum_received ?? {};
  return { units: bytes / 2 ** 20, errors: bytes >= gibibytes * 2 ** 30 * 0.999 ? 0 : 1, seconds, p99Ms: NaN };
}

/** Connections that are opened and stay silent, until `close`. */
export async function idleConnections(port: number, count: number): Promise<{ readonly open: number; close(): void }> {
  const sockets: Socket[] = [];
  // In small groups, so that no accept queue overflows.
  for (let begun = 0; begun < count; begun += 200)
    await Promise.all(
      Array.from({ length: 200 }, () => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        return new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      }),
    );
  return {
    open: sockets.filter((socket) => !socket.destroyed).length,
    close: () => sockets.forEach((s) => s.destroy()),
  };
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}
