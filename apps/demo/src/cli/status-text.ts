import type { EdgeFigures } from '../figures/edge-figures.ts';
import { documentLine } from '../mesh/document-status.ts';
import { settingsText } from '../settings.ts';
import type { Status } from '../status.ts';
import { columns } from './table.ts';

/** The one table that the demo prints when it is ready. */
export function startText(status: Status, readyInMs: number): string {
  return [
    '',
    `The video catalog runs through Weft, ready in ${(readyInMs / 1000).toFixed(1)} s.`,
    '',
    ...addressLines(status),
    '',
    ...processLines(status),
    '',
    'Try:  npx weft demo set flaky=on retries=off   npx weft demo set split=50   npx weft demo set canary=on',
    '      npx weft demo status   npx weft demo measure   npx weft demo stop (or Ctrl-C here)',
    'in a second terminal, or the buttons of the status page.',
    '',
  ].join('\n');
}

export function statusText(status: Status): string {
  const documents = documentLines(status);
  const parts = [addressLines(status), processLines(status), ...(documents.length === 0 ? [] : [documents])];
  return [...parts.flatMap((lines) => [...lines, '']), ...edgeLines(status), ...FIGURES, ''].join('\n');
}

const FIGURES = [
  '  CALLS, FAILED and RETRIES are since the start; rates, SUCCESS and times are of the last seconds',
  '  (of all, when these were quiet).',
];

/** What somebody has added to the mesh, and what is at fault in it. */
function documentLines({ documents, meshFolder }: Status): string[] {
  const lines = documents.filter(({ isAdded, isFault }) => isAdded || isFault).map((one) => `  ${documentLine(one)}`);
  return lines.length === 0 ? [] : [`  Added to ${meshFolder}, or at fault there:`, ...lines];
}

function addressLines(status: Status): string[] {
  const rows = [
    ['page', status.page],
    ['API', status.api],
    ['status', status.statusPage],
    ['Redis', status.redis],
    ['proxies', status.proxy],
    ...(status.zipkin === null ? [] : [['traces', status.zipkin]]),
    ['switches', settingsText(status.settings)],
    ...status.remarks.map((remark) => ['', remark]),
  ];
  return columns(rows).map((line) => `  ${line}`);
}

function processLines({ processes }: Status): string[] {
  const rows = processes.map(({ name, pid, alive, restarts, ports, admin }) => [
    name,
    pid === null ? '-' : String(pid),
    alive ? ports.map(({ what, port }) => `${what} ${port}`).join(', ') : 'not running',
    `${admin ?? ''}${restarts > 0 ? ` (started again ${restarts}×)` : ''}`,
  ]);
  return columns([['WHAT', 'PID', 'PORTS', 'ADMIN'], ...rows]).map((line) => `  ${line}`);
}

function edgeLines({ edges }: Status): string[] {
  const head = ['EDGE', 'CALLS', 'FAILED', 'CALLS/S', 'SUCCESS', 'RETRIES', 'RETRIES/S', 'P50', 'P99'];
  return columns([head, ...edges.map(edgeRow)], [1, 2, 3, 4, 5, 6, 7, 8]).map((line) => `  ${line}`);
}

function edgeRow({ from, to, total, perSecond, successPercent, p50Ms, p99Ms, kind }: EdgeFigures): string[] {
  const ms = (value: number | null): string =>
    value === null ? '-' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  return [
    `${from} → ${to}${kind === 'redis' ? ' (commands)' : ''}`,
    String(total.calls),
    String(total.failures),
    perSecond.calls.toFixed(1),
    successPercent === null ? '-' : `${successPercent.toFixed(1)} %`,
    String(total.retries),
    perSecond.retries.toFixed(1),
    ms(p50Ms),
    ms(p99Ms),
  ];
}
