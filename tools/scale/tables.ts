import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import type { ControlPlaneFigures, Figures } from './figures.ts';
import type { Scale } from './mesh.ts';

/** A form of table: its name in the page's comments, its head, and a row of each run. */
export interface Table<F> {
  readonly marker: string;
  readonly head: readonly string[];
  cells(figures: F): readonly string[];
}

export const XDS_TABLE: Table<Figures> = {
  marker: 'table',
  head: [
    '| streams | protocol | each proxy has | services | proxies | concerned | p50 | p99 | wire, one change | start-up | memory | load |',
    '|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
  ],
  cells: (figures) => [
    number(figures.concerned),
    milliseconds(figures.p50Ms),
    milliseconds(figures.p99Ms),
    bytes(figures.wireBytes),
    seconds(figures.startMs),
    bytes(figures.memoryBytes),
  ],
};

export const CONTROL_PLANE_TABLE: Table<ControlPlaneFigures> = {
  marker: 'control plane',
  head: [
    '| streams | protocol | each proxy has | services | proxies | concerned | file p50 | file p99 | registration p50 | registration p99 | wire, one change | start-up | longest turn | mesh | memory | load |',
    '|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
  ],
  cells: ({ concerned, file, registration, wireBytes, startMs, longestTurnMs, meshBytes, memoryBytes }) => [
    number(concerned),
    ...[file, registration].flatMap(({ p50Ms, p99Ms }) => [milliseconds(p50Ms), milliseconds(p99Ms)]),
    bytes(wireBytes),
    seconds(startMs),
    milliseconds(longestTurnMs),
    bytes(meshBytes),
    bytes(memoryBytes),
  ],
};

/** `figures` is a text where the run failed. */
export function rowOf<F extends object>(
  table: Table<F>,
  { scale, kind }: { readonly scale: Scale; readonly kind: string },
  figures: F | string,
): string {
  const has = scale.scope === 'all' ? 'every service' : `${String(scale.scope)} services`;
  const start = [
    kind === 'real' ? 'gRPC' : 'memory',
    scale.protocol,
    has,
    number(scale.services),
    number(scale.proxies),
  ];
  const columns = (table.head[0]?.split('|').length ?? 0) - 3 - start.length;
  const cells = typeof figures === 'string' ? [figures, ...Array<string>(columns - 1).fill('')] : table.cells(figures);
  return `| ${[...start, ...cells, (loadavg()[0] ?? 0).toFixed(1)].join(' | ')} |`;
}

/** Which row it is: streams, protocol, what each proxy has, services, proxies. */
function keyOf(row: string): string {
  return row.split('|').slice(1, 6).join('|');
}

const ORDER: readonly (readonly string[])[] = [
  ['memory', 'gRPC'],
  ['every service', '10 services'],
  ['sotw', 'delta'],
];

/** By streams, what each proxy has, protocol, services. */
function byPlace(a: string, b: string): number {
  const place = (row: string): number[] => {
    const [streams = '', protocol = '', has = '', services = ''] = keyOf(row)
      .split('|')
      .map((cell) => cell.trim());
    const at = [streams, has, protocol].map((cell, i) => ORDER[i]?.indexOf(cell) ?? 0);
    return [...at, Number(services.replaceAll(',', ''))];
  };
  const [left, right] = [place(a), place(b)];
  return left.map((at, i) => at - (right[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** Puts rows into a table between `<!-- marker -->` and `<!-- marker end -->`, in the places of those for the same scale. */
export function writeTable(
  page: string,
  { marker, head }: Pick<Table<never>, 'marker' | 'head'>,
  rows: readonly string[],
): void {
  const [open, close] = [`<!-- ${marker} -->\n`, `<!-- ${marker} end -->\n`];
  const text = readFileSync(page, 'utf8');
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`${page} has no place for the table "${marker}"`);
  const before = text
    .slice(start, end)
    .split('\n')
    .filter((line) => /^\| (memory|gRPC) /.test(line));
  const same = before.filter((line) => line.split('|').length === (head[0] ?? '').split('|').length);
  const all = new Map([...same, ...rows].map((row) => [keyOf(row), row]));
  const count = cpus().length;
  const machine = `Measured on ${String(count)} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}. **load** is the machine's at the end of a row: how many processes, this row's one or two among them, wanted a core.`;
  const table = [machine, '', ...head, ...[...all.values()].sort(byPlace), ''].join('\n');
  writeFileSync(page, `${text.slice(0, start)}${open}\n${table}\n${text.slice(end)}`);
}

function milliseconds(value: number): string {
  return `${number(Math.round(value))} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function bytes(value: number): string {
  if (value < 1e5) return `${(value / 1e3).toFixed(1)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}
