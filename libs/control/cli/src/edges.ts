import type { Edge } from '@weft/control-debug';
import { nearest } from '@weft/core-config-text';
import { CliError, EXIT } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { OUTPUT_OPTION, print } from './output.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

/** By what ends are told apart. */
const BY: Readonly<Record<string, 'app' | 'workload'>> = {
  deployment: 'app',
  deployments: 'app',
  deploy: 'app',
  service: 'app',
  services: 'app',
  workload: 'workload',
  workloads: 'workload',
  pod: 'workload',
  pods: 'workload',
};

export const edgesVerb: Verb = {
  spec: {
    name: 'edges',
    takes: ['[deployment|workload]'],
    summary: 'tell who calls whom, and whether both ends prove who they are',
    about: [
      'An edge is there where a proxy reported calls, or where it declared or dialled what it calls. √: mutual TLS; ×: not, and why.',
      'Edges of a proxy that declared nothing and reports nothing are what it may call: they are marked.',
    ],
    options: {
      ...COMMON_OPTIONS,
      output: { ...OUTPUT_OPTION, help: 'table, wide, json or yaml', oneOf: ['table', 'wide', 'json', 'yaml'] },
      namespace: { value: 'NAME', short: 'n', help: 'only edges that begin or end in this namespace' },
    },
    examples: ['weft edges', 'weft edges workload -o wide', 'weft edges -n default deployment'],
  },
  run: async (line, io) => {
    const [wanted = 'deployment'] = line.args;
    const by = BY[wanted];
    if (by === undefined) {
      const suggestion = nearest(wanted, Object.keys(BY));
      throw new CliError(
        `there are no edges of "${wanted}"`,
        EXIT.misuse,
        suggestion === undefined ? 'deployment or workload' : `did you mean ${suggestion}?`,
      );
    }
    const all = await controlPlane(io, line).get<readonly Edge[]>('/debug/edges', by === 'workload' ? { by } : {});
    const namespace = line.text('namespace');
    const inNamespace = ({ source, destination }: Edge): boolean =>
      source.namespace === namespace || destination.namespace === namespace;
    const edges = namespace === '' ? all : all.filter(inNamespace);
    print(io, line, edges, () =>
      edgeTable(edges, { wide: line.text('output') === 'wide', workloads: by === 'workload', namespace }),
    );
    return EXIT.done;
  },
};

function edgeTable(
  edges: readonly Edge[],
  { wide, workloads, namespace }: { readonly wide: boolean; readonly workloads: boolean; readonly namespace: string },
): string {
  if (edges.length === 0)
    return `There are no edges${namespace === '' ? ': no proxy is connected that calls anything' : ` in namespace ${namespace}`}.\n`;
  const nameOf = ({ name, workload }: Edge['source']): string => (workloads && workload !== '' ? workload : name);
  const guessed = edges.some(({ basis }) => basis === 'visibility');
  const rows = edges.map(({ source, destination, secured, reason, basis }) => [
    nameOf(source),
    `${nameOf(destination)}${basis === 'visibility' ? ' *' : ''}`,
    source.namespace,
    destination.namespace,
    ...(wide ? [shortIdentity(source.identity), shortIdentity(destination.identity)] : []),
    secured ? '√' : `× ${reason}`,
  ]);
  const head = ['SRC', 'DST', 'SRC_NS', 'DST_NS', ...(wide ? ['CLIENT_ID', 'SERVER_ID'] : []), 'SECURED'];
  const note = '\n* may be called: the proxy declared no upstreams and reports no calls.\n';
  return table(head, rows, 3) + (guessed ? note : '');
}

/** `sa.namespace`, as Linkerd writes identities; others whole. */
function shortIdentity(identity: string): string {
  const parts = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/(.+)$/.exec(identity);
  if (parts === null) return identity === '' ? '-' : identity;
  return `${parts[2] ?? ''}.${parts[1] ?? ''}`;
}
