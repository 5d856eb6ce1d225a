// npm run conformance: what Weft does with the tests of others and with ours, and what Envoy does with the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CertificateAuthority, findEnvoy, startEnvoy, startWeft } from '@weft/testing-harness';
import type { Check, Peer, Report, World } from './check.ts';
import { bulk } from './checks/bulk.ts';
import { downgrade } from './checks/downgrade.ts';
import { grpc } from './checks/grpc.ts';
import { h2spec } from './checks/h2spec.ts';
import { http1 } from './checks/http1.ts';
import { idle } from './checks/idle.ts';
import { ordering } from './checks/ordering.ts';
import { outage } from './checks/outage.ts';
import { soak } from './checks/soak.ts';

const CHECKS: readonly Check[] = [h2spec, http1, downgrade, grpc, bulk, idle, soak, ordering, outage];
const names = CHECKS.map(({ name }) => name).join('|');
const USAGE = `Usage: npm run conformance -- ${names}|all … [--peers weft,envoy]
                           [--gib N] [--connections N] [--minutes N] [--changes N] [--seconds N] [--write]
--gib: the size of each body of bulk (1); --connections: those of idle (10000); --minutes: how long soak takes (15)
--changes: of endpoints in ordering (1000); --seconds: how long the control plane is away in outage (60)
--write puts the tables into docs/conformance.md`;
const DOCUMENT = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'docs/conformance.md');
/** Some hold all that came. */
const MOST_OF_A_FAULT = 300;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { chosen, flags, peerNames, write } = readArguments();
const ca = new CertificateAuthority();
const world: World = { ca, flags, say };
let failed = false;
try {
  const peers = await peersOf(peerNames);
  for (const check of chosen) {
    say(`\n${check.title}`);
    const reports = new Map<string, Report>();
    for (const peer of peers) reports.set(peer.name, await runOne(check, peer));
    const table = tableOf(reports);
    say(`\n${table}`);
    if (write) writeTable(check, table);
  }
} finally {
  ca.remove();
}
process.exit(failed ? 1 : 0);

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        peers: { type: 'string', default: 'weft,envoy' },
        gib: { type: 'string', default: '1' },
        connections: { type: 'string', default: '10000' },
        minutes: { type: 'string', default: '15' },
        changes: { type: 'string', default: '1000' },
        seconds: { type: 'string', default: '60' },
        write: { type: 'boolean', default: false },
      },
    });
    if (values.help || positionals.length === 0) {
      if (!values.help) throw new Error('no check is named');
      say(USAGE);
      process.exit(0);
    }
    const find = (name: string): Check => {
      const check = CHECKS.find((each) => each.name === name);
      if (check === undefined)
        throw new Error(`no check "${name}"; there are ${CHECKS.map((each) => each.name).join(', ')}, and all`);
      return check;
    };
    return {
      chosen: positionals.includes('all') ? CHECKS : positionals.map(find),
      flags: {
        minutes: Number(values.minutes),
        gibibytes: Number(values.gib),
        connections: Number(values.connections),
        changes: Number(values.changes),
        seconds: Number(values.seconds),
      },
      peerNames: values.peers.split(','),
      write: values.write,
    };
  } catch (error) {
    process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exit(2);
  }
}

async function peersOf(wanted: readonly string[]): Promise<Peer[]> {
  const peers: Peer[] = [];
  if (wanted.includes('weft')) peers.push({ name: 'weft', start: (bootstrap) => startWeft({ bootstrap }) });
  if (!wanted.includes('envoy')) return peers;
  const envoy = await findEnvoy();
  if ('reason' in envoy) say(`${envoy.reason}; the figures are without it`);
  else peers.push({ name: 'envoy', start: (bootstrap) => startEnvoy(envoy.binary, { bootstrap }) });
  return peers;
}

async function runOne(check: Check, peer: Peer): Promise<Report> {
  say(` ${peer.name}`);
  const report = await check.run(peer, world);
  for (const fault of report.faults) say(`  ${fault.slice(0, MOST_OF_A_FAULT)}`);
  if (peer.name === 'weft' && report.faults.length > 0) failed = true;
  return report;
}

function tableOf(reports: ReadonlyMap<string, Report>): string {
  const labels = [...new Set([...reports.values()].flatMap(({ rows }) => [...rows.keys()]))];
  return [
    `| | ${[...reports.keys()].join(' | ')} |`,
    `|---|${'--:|'.repeat(reports.size)}`,
    ...labels.map(
      (label) => `| ${label} | ${[...reports.values()].map(({ rows }) => rows.get(label) ?? '–').join(' | ')} |`,
    ),
  ].join('\n');
}

/** Between the check's own marks. */
function writeTable({ name }: Check, table: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = text.indexOf(from);
  const end = text.indexOf(to);
  if (start < 0 || end < start) throw new Error(`docs/conformance.md has no place for ${name}`);
  const date = `Measured on ${new Date().toISOString().slice(0, 10)}.`;
  writeFileSync(DOCUMENT, `${text.slice(0, start)}${from}\n\n${table}\n\n${date}\n\n${text.slice(end)}`);
}
