import { textAt, unifiedDiff, type ProxySync, type SyncType, type TypeSync } from '@weft/control-debug';
import { CliError, EXIT, type CliIo } from './cli-io.ts';
import type { CommandLine } from './command-line.ts';
import { controlPlane, HttpClient } from './control-plane-client.ts';
import { readDump, type ConfigDump } from './config-dump.ts';
import { OUTPUT_OPTION, print } from './output.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

/** istioctl's columns; `-o wide` adds those that few proxies want. */
const COLUMNS: readonly SyncType[] = ['CDS', 'LDS', 'EDS', 'RDS'];
const WIDE_COLUMNS: readonly SyncType[] = [...COLUMNS, 'ECDS'];
const NOT_SENT = 'NOT SENT';

export const proxyStatus: Verb = {
  spec: {
    name: 'proxy-status',
    takes: ['[PROXY]'],
    summary: 'tell for each proxy whether it has what the control plane wants it to have',
    about: [
      'SYNCED: acknowledged. NOT SENT: the proxy asked for nothing of the type. STALE: sent and not answered yet.',
      'STALE (Never Acknowledged): that, and nothing of the type was ever acknowledged. NACKED: refused; its words stand below',
      'the table, and the proxy keeps what it had. HELD BACK: not sent for now, since it names a cluster that the proxy refused;',
      'what and why stands below. With a PROXY (NAME, NAME.NAMESPACE or a node id): each type with versions and',
      "times; with --admin also what differs between the control plane's configuration and the proxy's own.",
    ],
    options: {
      ...COMMON_OPTIONS,
      output: { ...OUTPUT_OPTION, help: 'table, wide, json or yaml', oneOf: ['table', 'wide', 'json', 'yaml'] },
      namespace: { value: 'NAME', short: 'n', help: 'only proxies of this namespace' },
      admin: { value: 'URL', help: "the proxy's admin server, to compare with" },
    },
    examples: ['weft proxy-status', 'weft proxy-status videos-api-1.default --admin http://127.0.0.1:15000'],
  },
  run: async (line, io) => {
    const everybody = await controlPlane(io, line).get<readonly ProxySync[]>('/debug/syncz');
    const namespace = line.text('namespace');
    const all = everybody.filter(({ name }) => namespace === '' || name.endsWith(`.${namespace}`));
    const [wanted] = line.args;
    if (wanted !== undefined) return one(line, io, chosen(all, wanted));
    print(io, line, all, () => tableOf(all, line.text('output') === 'wide' ? WIDE_COLUMNS : COLUMNS));
    return EXIT.done;
  },
};

function tableOf(all: readonly ProxySync[], columns: readonly SyncType[]): string {
  if (all.length === 0) return 'No proxy is connected.\n';
  const rows = all.map(({ name, types, controlPlane: plane, version }) => [
    name,
    ...columns.map((type) => types[type]?.status ?? NOT_SENT),
    plane,
    version,
  ]);
  return table(['NAME', ...columns, 'ISTIOD', 'VERSION'], rows) + refusals(all);
}

/** The proxies' own words, what waits for it, and what they are spared. */
function refusals(all: readonly ProxySync[]): string {
  const found = all.flatMap(({ name, types }) =>
    Object.entries(types).flatMap(([type, { error, sentAt = '' }]) =>
      error === undefined
        ? []
        : [`\n${name} refused ${type}${sentAt === '' ? '' : ` of ${sentAt}`}:\n${indent(error)}\n`],
    ),
  );
  const held = all.flatMap(({ name, types }) =>
    Object.entries(types).flatMap(([type, { heldBack = [] }]) =>
      heldBack.map((one) => `\n${name} is not sent ${type} ${one.name} for now:\n${indent(one.reason)}\n`),
    ),
  );
  const withheld = all.flatMap(({ name, withheld: parts }) =>
    parts.length === 0 ? [] : [`\n${name} is not told what it would refuse:\n${parts.map(indent).join('\n')}\n`],
  );
  return [...found, ...held, ...withheld].join('');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

/** As the control plane finds proxies: by id, name.namespace, name, or the beginning of one. */
function chosen(all: readonly ProxySync[], wanted: string): ProxySync {
  const text = wanted.includes('/') ? wanted.split('/').toReversed().join('.') : wanted;
  const tests: readonly ((one: ProxySync) => boolean)[] = [
    ({ id, name }) => id === wanted || name === text,
    ({ name }) => name.split('.')[0] === text,
    ({ name }) => name.startsWith(text),
  ];
  for (const test of tests) {
    const matching = all.filter(test);
    if (matching.length > 1)
      throw new CliError(
        `"${wanted}" may be any of ${matching.map(({ name }) => name).join(', ')}`,
        EXIT.no,
        'say which',
      );
    if (matching[0] !== undefined) return matching[0];
  }
  const names = all.map(({ name }) => name);
  const hint = names.length === 0 ? 'no proxy is connected at all' : `connected are ${names.slice(0, 10).join(', ')}`;
  throw new CliError(`no proxy "${wanted}" is connected`, EXIT.no, hint);
}

async function one(line: CommandLine, io: CliIo, proxy: ProxySync): Promise<number> {
  const admin = line.text('admin');
  if (admin === '') {
    print(io, line, proxy, () => detail(proxy) + refusals([proxy]));
    return EXIT.done;
  }
  const wanted = readDump(await controlPlane(io, line).get('/debug/config_dump', { proxyID: proxy.id }));
  const has = readDump(await new HttpClient(io, admin, 'the proxy').get('/config_dump', { include_eds: '' }));
  const differences = compare(wanted, has);
  print(io, line, { proxy, differences }, () => detail(proxy) + refusals([proxy]) + differencesText(differences));
  return differences.some(({ diff }) => diff !== '') ? EXIT.no : EXIT.done;
}

function detail({ name, id, peerAddress, protocol, connectedAt, version, types }: ProxySync): string {
  // The types of the table are told in any case, others where the proxy asked for them.
  const told: Readonly<Partial<Record<SyncType, TypeSync | undefined>>> = {
    ...Object.fromEntries(COLUMNS.map((type) => [type, undefined])),
    ...types,
  };
  const rows = Object.entries(told).map(([type, sync]) => [
    type,
    sync?.status ?? NOT_SENT,
    sync?.versionSent ?? '-',
    sync?.versionAcknowledged ?? '-',
    String(sync?.acknowledgedResources ?? 0),
    sync?.acknowledgedAt ?? '-',
  ]);
  return [
    `${name}: ${version}, connected from ${peerAddress} since ${connectedAt} (${protocol})\n`,
    `node ${id}\n\n`,
    table(['TYPE', 'STATUS', 'SENT', 'ACKNOWLEDGED', 'RESOURCES', 'LAST ACKNOWLEDGED'], rows, 3),
  ].join('');
}

interface Difference {
  readonly type: string;
  readonly diff: string;
}

const COMPARED = { Clusters: 'clusters', Listeners: 'listeners', Routes: 'routes', Endpoints: 'endpoints' } as const;

/** What the proxy has from its bootstrap is its own affair, and so are the endpoints of clusters that have addresses of their own. */
function compare(wanted: ConfigDump, has: ConfigDump): Difference[] {
  const discovered = new Set(
    has.clusters.filter(({ resource }) => textAt(resource, 'type') === 'EDS').map(({ name }) => name),
  );
  return Object.entries(COMPARED).map(([type, list]) => {
    const given = has[list].filter(({ dynamic, name }) => dynamic && (list !== 'endpoints' || discovered.has(name)));
    return { type, diff: unifiedDiff(textOf(wanted[list]), textOf(given)) };
  });
}

function textOf(entries: ConfigDump['clusters']): string {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map(({ name, resource }) => `${name}\n${JSON.stringify(canonical(resource), undefined, 2)}\n`).join('');
}

/** What proxies add to what they were told: the health that they found, defaults. */
const OWN_WORDS: ReadonlySet<string> = new Set(['health_status', 'health_check_config', 'policy']);

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Names in order, and without what says nothing: proxies print defaults in their own way. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, canonical(inner)] as const)
    .filter(
      ([name, inner]) => !OWN_WORDS.has(name) && inner !== false && inner !== '' && inner !== 0 && !isEmpty(inner),
    );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function differencesText(differences: readonly Difference[]): string {
  return differences
    .map(({ type, diff }) =>
      diff === '' ? `\n${type} match\n` : `\n--- Control plane ${type}\n+++ Proxy ${type}\n${diff}`,
    )
    .join('');
}
