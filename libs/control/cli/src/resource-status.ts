import type { StatusRow } from '@weft/control-debug';
import { EXIT } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { print } from './output.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

export const resourceStatus: Verb = {
  spec: {
    name: 'status',
    takes: ['[KIND|NAME]'],
    summary: 'tell for each resource what becomes of it: effective where, shadowed by whom, not attached and why',
    options: { ...COMMON_OPTIONS, namespace: { value: 'NAME', short: 'n', help: 'only resources of this namespace' } },
    examples: ['weft status', 'weft status virtualservice', 'weft status videos-api -n default'],
  },
  run: async (line, io) => {
    const all = await controlPlane(io, line).get<readonly StatusRow[]>('/debug/status');
    const wanted = (line.args[0] ?? '').toLowerCase();
    const namespace = line.text('namespace');
    const rows = all.filter(
      (row) =>
        (wanted === '' ||
          row.kind.toLowerCase() === wanted.replace(/s$/, '') ||
          row.kind.toLowerCase() === wanted ||
          row.name === wanted) &&
        (namespace === '' || row.namespace === namespace),
    );
    print(io, line, rows, () => {
      if (rows.length === 0)
        return all.length === 0 ? 'The control plane has no resources.\n' : 'No resource is of that kind or name.\n';
      const cells = rows.map(({ kind, namespace: ns, name, status, place = '' }) => [kind, ns, name, place, status]);
      return table(['KIND', 'NAMESPACE', 'NAME', 'PLACE', 'STATUS'], cells, 3);
    });
    return EXIT.done;
  },
};
