// npm run bench: what Weft costs against Envoy and others, in one run, in turns, one core each. Ratios to Envoy are medians
// over the rounds; single figures say little on a shared machine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CertificateAuthority, findEnvoy } from '@weft/testing-harness';
import { ensurePrograms, findProgram } from '../setup/system-packages.mjs';
import { median } from './measure.ts';
import { envoy, haproxy, nginx, nodeHttp, weft, type Peer } from './peers.ts';
import { SCENARIOS, type Sample, type Scenario, type World } from './scenarios.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const names = SCENARIOS.map(({ name }) => name).join(',');
const USAGE = `Usage: npm run bench -- [--scenarios ${names}|all] [--peers weft,envoy,nginx,haproxy,node:http]
                     [--rounds N] [--seconds N] [--warm-up SECONDS] [--connections N] [--write]
--write puts the tables into docs/performance.md`;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const flags = readFlags();
const scenarios = chosen('scenario', flags.scenarios, SCENARIOS);

const missing: string[] = ensurePrograms(['nginx', 'wrk', 'h2load', 'haproxy', 'iperf3', 'openssl'], say);
const found = await findEnvoy();
if ('reason' in found) missing.push(found.reason);
const bundled = spawnSync('npm', ['run', '--silent', 'build'], { cwd: join(root, 'apps/proxy'), encoding: 'utf8' });
if (bundled.status !== 0) missing.push(`the proxy does not bundle: ${bundled.stderr}`);
if (missing.length > 0) {
  for (const line of missing) say(line);
  process.exit(1);
}
const program = (name: string): string => findProgram(name) as string;
const peers = new Map<string, Peer>(
  [
    weft(root),
    envoy('binary' in found ? found.binary : ''),
    nginx(program('nginx')),
    haproxy(program('haproxy')),
    nodeHttp(here),
  ].map((peer) => [peer.name, peer]),
);

const ca = new CertificateAuthority('Weft bench');
const world: World = {
  folder: mkdtempSync(join(tmpdir(), 'weft-bench-')),
  nginx: program('nginx'),
  seconds: Number(flags.seconds),
  warmUpSeconds: Number(flags['warm-up']),
  connections: Number(flags.connections),
  ca,
  leaf: ca.issue('localhost'),
};
try {
  const tables: string[] = [];
  for (const scenario of scenarios) tables.push(await runScenario(scenario));
  if (flags.write) writeTables(tables);
} finally {
  rmSync(world.folder, { recursive: true, force: true });
  ca.remove();
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        scenarios: { type: 'string', default: 'http1' },
        peers: { type: 'string', default: 'weft,envoy,nginx,haproxy,node:http' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '5' },
        'warm-up': { type: 'string', default: '10' },
        connections: { type: 'string', default: '50' },
        write: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return values;
    say(USAGE);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exit(2);
  }
}

function chosen<T extends { readonly name: string }>(kind: string, list: string, all: readonly T[]): readonly T[] {
  if (list === 'all') return all;
  return list.split(',').map((name) => {
    const one = all.find((each) => each.name === name);
    if (one !== undefined) return one;
    process.stderr.write(
      `bench: no ${kind} "${name}"; there are ${all.map((each) => each.name).join(', ')}, and all\n`,
    );
    process.exit(2);
  });
}

async function runScenario(scenario: Scenario): Promise<string> {
  say(`\n${scenario.title}`);
  const wanted = new Set(flags.peers.split(','));
  const taking = scenario.peers.filter((name) => wanted.has(name)).map((name) => peers.get(name) as Peer);
  const samples = new Map<string, Sample[]>(taking.map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(flags.rounds); round += 1)
    for (const peer of taking) {
      const sample = await scenario.measure(peer, world);
      samples.get(peer.name)?.push(sample);
      const rate = Number.isNaN(sample.perSecond) ? '' : `${sample.perSecond.toFixed(0)}/s  `;
      say(
        `round ${round}  ${peer.name.padEnd(10)} ${sample.figure.toFixed(1).padStart(8)} ${scenario.figure}  ${rate}errors ${sample.errors}`,
      );
    }
  const table = tableOf(scenario, samples);
  say(`\n${table}`);
  return table;
}

function tableOf(scenario: Scenario, samples: ReadonlyMap<string, readonly Sample[]>): string {
  const base = samples.get('envoy');
  const cell = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));
  const rows = [...samples].map(([name, list]) => {
    const of = (pick: (sample: Sample) => number): number => median(list.map(pick));
    const ratio = base && median(list.map((sample, i) => sample.figure / (base[i] as Sample).figure));
    return `| ${name} | ${cell(
      of((s) => s.figure),
      1,
    )} | ${cell(ratio ?? NaN, 2)} | ${cell(
      of((s) => s.system),
      1,
    )} | ${cell(
      of((s) => s.perSecond),
      0,
    )} | ${cell(
      of((s) => s.p99Ms),
      1,
    )} | ${cell(
      of((s) => s.rssMb),
      0,
    )} |`;
  });
  return [
    `### ${scenario.title}`,
    '',
    `Aim: at most ${scenario.target} of Envoy. Medians of ${flags.rounds} rounds in turns.`,
    '',
    `| proxy | ${scenario.figure} | of Envoy | of it kernel | per second | p99 ms | RSS MiB |`,
    '|---|--:|--:|--:|--:|--:|--:|',
    ...rows,
    '',
  ].join('\n');
}

/** Tables of scenarios that were not run stay as they are. */
function writeTables(tables: readonly string[]): void {
  const file = join(root, 'docs/performance.md');
  const [head = '', rest = ''] = readFileSync(file, 'utf8').split('<!-- tables -->');
  const sections = new Map(
    rest
      .split(/^(?=### )/m)
      .slice(1)
      .map(titled),
  );
  for (const table of tables) sections.set(...titled(table));
  const machine = `Measured on ${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}.`;
  const inOrder = SCENARIOS.flatMap(({ title }) => sections.get(title) ?? []);
  writeFileSync(file, `${head}<!-- tables -->\n\n${machine}\n\n${inOrder.join('\n')}`);
}

function titled(section: string): [title: string, section: string] {
  const text = `${section.trim()}\n`;
  return [/^### (.*)$/m.exec(text)?.[1] ?? '', text];
}
