// npm run scale: one endpoint changes in a mesh of 100, 1,000 and 10,000 services; how long until every proxy acknowledged it,
// what crossed the wire, and what the server holds. `xds`: the server alone, with resources made up, in virtual time over streams
// in memory and over real gRPC streams. `control-plane`: the whole of it, from documents on disk on. `proxy`: what one sidecar has of the mesh.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ControlPlaneFigures, Figures } from './figures.ts';
import type { Scale } from './mesh.ts';
import { CONTROL_PLANE_TABLE, rowOf, writeTable, XDS_TABLE, type Table } from './tables.ts';

const USAGE = `Usage: npm run scale -- [xds|control-plane|proxy] [--services 100,1000,10000] [--proxies N] [--scopes all,10]
                     [--protocols sotw,delta] [--kinds virtual,real] [--patience SECONDS] [--write]
xds (the default) measures the xDS server, control-plane the whole control plane, proxy a captured sidecar's memory (root).
A row may take --patience seconds (240). --write puts the rows into the table of docs/scale.md`;
const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, '../../docs/scale.md');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    services: { type: 'string', default: '100,1000,10000' },
    proxies: { type: 'string', default: '1000' },
    scopes: { type: 'string', default: 'all,10' },
    protocols: { type: 'string', default: 'sotw,delta' },
    kinds: { type: 'string', default: 'virtual,real' },
    patience: { type: 'string', default: '240' },
    write: { type: 'boolean', default: false },
    one: { type: 'string' },
  },
});
const [what = 'xds'] = positionals;
if (values.help || !['xds', 'control-plane', 'proxy'].includes(what)) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}
if (values.one !== undefined) await runOne(values.one);
else if (what === 'proxy')
  await (await import('./proxy-memory.ts')).printProxyMemory(values.services.split(',').map(Number));
else if (what === 'control-plane') runAll<ControlPlaneFigures>(CONTROL_PLANE_TABLE);
else runAll<Figures>(XDS_TABLE);

/** One run in a process of its own, so that none leaves its heap to the next. */
async function runOne(text: string): Promise<void> {
  const { kind, scale } = JSON.parse(text) as { kind: string; scale: Scale };
  process.stdout.write(JSON.stringify(await figuresOf(kind, scale)));
  process.exit(0);
}

async function figuresOf(kind: string, scale: Scale): Promise<Figures | ControlPlaneFigures> {
  if (what === 'control-plane' && kind === 'real')
    return (await import('./control-plane-run.ts')).controlPlaneRun(scale);
  if (what === 'control-plane') return (await import('./control-plane-virtual.ts')).controlPlaneVirtual(scale);
  if (kind === 'real') return (await import('./real-run.ts')).realRun(scale);
  return (await import('./virtual-run.ts')).virtualRun(scale);
}

function runAll<F extends object>(table: Table<F>): void {
  const rows: string[] = [];
  for (const line of table.head) process.stdout.write(`${line}\n`);
  for (const kind of values.kinds.split(','))
    for (const scope of values.scopes.split(','))
      for (const protocol of values.protocols.split(','))
        for (const services of values.services.split(',').map(Number)) {
          const proxies = Number(values.proxies);
          const scale = { services, proxies, scope: scope === 'all' ? 'all' : Number(scope), protocol } as Scale;
          const row = rowOf(table, { scale, kind }, measure<F>(kind, scale));
          rows.push(row);
          process.stdout.write(`${row}\n`);
          if (values.write) writeTable(page, table, rows);
        }
}

function measure<F>(kind: string, scale: Scale): F | string {
  const patienceMs = Number(values.patience) * 1000;
  const flags = ['--expose-gc', '--conditions=@weft/source', '--max-old-space-size=6144'];
  const args = [...flags, join(here, 'main.ts'), what, '--one', JSON.stringify({ kind, scale })];
  try {
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: patienceMs })) as F;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    process.stderr.write(`${message.split('\n')[0] ?? ''}\n`);
    return code === 'ETIMEDOUT' ? `not in ${values.patience} s` : 'failed';
  }
}
