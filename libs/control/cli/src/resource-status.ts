import { documentKinds, type StatusRow } from '@weft/control-debug';
import { nearest } from '@weft/core-config-text';
import { CliError, EXIT } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { print } from './output.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

export const resourceStatus: Verb = {
  spec: {
    name: 'status',
    takes: ['[KIND|NAME]'],
    summary: 'tell what becomes of each resource: effective where, shadowed, not attached',
    options: { ...COMMON_OPTIONS, namespace: { value: 'NAME', short: 'n', help: 'only resources of this namespace' } },
    examples: ['weft status', 'weft status virtualservice', 'weft status videos-api -n default'],
  },
  run: async (line, io) => {
    const all = await controlPlane(io, line).get<readonly StatusRow[]>('/debug/status');
    const [wanted = ''] = line.args;
    const namespace = line.text('namespace');
    const here = all.filter((row) => namespace === '' || row.namespace === namespace);
    const rows = here.filter(({ kind, name }) => wanted === '' || isKind(kind, wanted) || name === wanted);
    const where = namespace === '' ? '' : ` in the namespace ${namespace}`;
    if (rows.length === 0 && wanted !== '' && !documentKinds().some((kind) => isKind(kind, wanted)))
      throw unknown(
        wanted,
        where,
        here.map(({ name }) => name),
      );
    print(io, line, rows, () => {
      if (rows.length === 0) return `The control plane has no resources${wanted && ' of this kind'}${where}.\n`;
      const cells = rows.map(({ kind, namespace: ns, name, status, place = '' }) => [kind, ns, name, place, status]);
      return table(['KIND', 'NAMESPACE', 'NAME', 'PLACE', 'STATUS'], cells, 3);
    });
    return EXIT.done;
  },
};

/** As kubectl takes them: in any case, one or many. */
function isKind(kind: string, word: string): boolean {
  const one = kind.toLowerCase();
  return [one, `${one}s`, `${one}es`, one.replace(/y$/, 'ies')].includes(word.toLowerCase());
}

function unknown(wanted: string, where: string, names: readonly string[]): CliError {
  const kinds = documentKinds();
  const suggestion = nearest(wanted, [...names, ...kinds, ...kinds.map((kind) => kind.toLowerCase())]);
  const hint = suggestion === undefined ? 'weft status lists what there is' : `did you mean ${suggestion}?`;
  return new CliError(`${wanted} is no kind, and no resource${where} has this name`, EXIT.no, hint);
}
