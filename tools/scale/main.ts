// npm run scale: one endpoint changes in a mesh of 100, 1,000 and 10,000 services; how long until every proxy acknowledged it,
// what crossed the wire, and what the server holds. In virtual time over streams in memory, and over real gRPC streams.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Figures } from './figures.ts';
import type { Scale } from './mesh.ts';

const USAGE = `Usage: npm run scale -- [--services 100,1000,10000] [--proxies N] [--scopes all,10] [--protocols sotw,delta]
                     [--kinds virtual,real] [--write]
--write puts the table into docs/scale.md`;
const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, '../../docs/scale.md');

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    services: { type: 'string', default: '100,1000,10000' },
    proxies: { type: 'string', default: '1000' },
    scopes: { type: 'string', default: 'all,10' },
    protocols: { type: 'string', default: 'sotw,delta' },
    kinds: { type: 'string', default: 'virtual,real' },
    write: { type: 'boolean', default: false },
    one: { type: 'string' },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if (values.one !== undefined) await runOne(values.one);
else runAll();

/** One run in a process of its own, so that none leaves its heap to the next. */
async function runOne(text: string): Promise<void> {
  const { kind, scale } = JSON.parse(text) as { kind: string; scale: Scale };
  const figures =
    kind === 'real'
      ? await (await import('./real-run.ts')).realRun(scale)
      : await (await import('./virtual-run.ts')).virtualRun(scale);
  process.stdout.write(JSON.stringify(figures));
  process.exit(0);
}

function runAll(): void {
  const head = [
    '| streams | protocol | each proxy has | services | proxies | concerned | p50 | p99 | wire, one change | start-up | memory |',
    '|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|',
  ];
  const rows = [...head];
  for (const line of head) process.stdout.write(`${line}\n`);
  for (const kind of values.kinds.split(','))
    for (const scope of values.scopes.split(','))
      for (const protocol of values.protocols.split(','))
        for (const services of values.services.split(',').map(Number)) {
          const proxies = Number(values.proxies);
          const scale = { services, proxies, scope: scope === 'all' ? 'all' : Number(scope), protocol } as Scale;
          const row = rowOf(kind, scale, measure(kind, scale));
          rows.push(row);
          process.stdout.write(`${row}\n`);
        }
  if (values.write) writeTable(rows);
}

function measure(kind: string, scale: Scale): Figures | string {
  const flags = ['--expose-gc', '--conditions=@weft/source', '--max-old-space-size=6144'];
  const args = [...flags, join(here, 'main.ts'), '--one', JSON.stringify({ kind, scale })];
  try {
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 300_000 })) as Figures;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

function rowOf(kind: string, scale: Scale, figures: Figures | string): string {
  const has = scale.scope === 'all' ? 'every service' : `${String(scale.scope)} services`;
  const start = [
    kind === 'real' ? 'gRPC' : 'memory',
    scale.protocol,
    has,
    number(scale.services),
    number(scale.proxies),
  ];
  const rest =
    typeof figures === 'string'
      ? ['failed', '', '', '', '', '']
      : [
          number(figures.concerned),
          `${number(Math.round(figures.p50Ms))} ms`,
          `${number(Math.round(figures.p99Ms))} ms`,
          bytes(figures.wireBytes),
          `${(figures.startMs / 1000).toFixed(1)} s`,
          bytes(figures.memoryBytes),
        ];
  if (typeof figures === 'string') process.stderr.write(`${figures}\n`);
  return `| ${[...start, ...rest].join(' | ')} |`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function bytes(value: number): string {
  if (value < 1e5) return `${(value / 1e3).toFixed(1)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}

function writeTable(rows: readonly string[]): void {
  const text = readFileSync(page, 'utf8');
  const [before = '', , after = ''] = text.split(/<!-- table(?: end)? -->\n/);
  const machine = `Measured on ${String(cpus().length)} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}.`;
  writeFileSync(page, `${before}<!-- table -->\n\n${machine}\n\n${rows.join('\n')}\n\n<!-- table end -->\n${after}`);
}
