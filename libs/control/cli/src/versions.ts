import type { DocumentChange } from '@weft/control-debug';
import { CliError, EXIT, type CliIo } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { print } from './output.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

interface VersionRow {
  readonly version: number;
  readonly at: string;
  readonly note: string;
  readonly files: number;
  readonly changes: readonly string[];
}

interface VersionDiff {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly DocumentChange[];
}

export const versions: Verb = {
  spec: {
    name: 'versions',
    takes: [],
    summary: 'list the kept versions of the documents, newest first',
    options: COMMON_OPTIONS,
  },
  run: async (line, io) => {
    const all = await controlPlane(io, line).get<readonly VersionRow[]>('/debug/versionz');
    print(io, line, all, () => versionTable(all));
    return EXIT.done;
  },
};

function versionTable(all: readonly VersionRow[]): string {
  if (all.length === 0) return 'No version is kept yet.\n';
  const rows = all.map(({ version, at, files, note, changes }, i) => {
    const what = [...(note === '' ? [] : [note]), ...shortened(changes)].join(', ');
    return [
      String(version),
      at.replace(/\.\d+Z$/, 'Z'),
      String(files),
      what === '' ? (i === all.length - 1 ? 'the first that is kept' : 'comments or order alone') : what,
    ];
  });
  return table(['VERSION', 'SINCE', 'FILES', 'CHANGES'], rows, 3);
}

const SHOWN = 3;

function shortened(changes: readonly string[]): readonly string[] {
  return changes.length <= SHOWN ? changes : [...changes.slice(0, SHOWN), `${changes.length - SHOWN} more`];
}

export const diff: Verb = {
  spec: {
    name: 'diff',
    takes: ['[A]', '[B]'],
    summary: 'tell what differs between two kept versions, document by document',
    about: [
      'Without B: between A and the newest. Without both: what the newest changed. What Secrets hold is not shown.',
      'Ends with 1 where anything differs.',
    ],
    options: COMMON_OPTIONS,
    examples: ['weft diff', 'weft diff 3', 'weft diff 3 5'],
  },
  run: async (line, io) => {
    const client = controlPlane(io, line);
    const [a, b = 'newest'] = line.args;
    const from = a ?? (await client.get<readonly VersionRow[]>('/debug/versionz'))[1]?.version.toString();
    if (from === undefined)
      throw new CliError('there is nothing to compare: fewer than two versions are kept', EXIT.no);
    const found = await client.get<VersionDiff>(`/debug/versionz/${encodeURIComponent(b)}`, { against: from });
    print(io, line, found, () => diffText(found));
    return found.changes.length === 0 ? EXIT.done : EXIT.no;
  },
};

function diffText({ from, to, changes }: VersionDiff): string {
  if (changes.length === 0) return `Versions ${from} and ${to} hold the same documents.\n`;
  return changesText(changes, `version ${from}`, `version ${to}`);
}

function changesText(changes: readonly DocumentChange[], before: string, after: string): string {
  return changes
    .map(({ change, document, file, diff: text }) => {
      const left = change === 'added' ? '/dev/null' : `${document} (${before})`;
      const right = change === 'removed' ? '/dev/null' : `${document} (${after})`;
      return `${change} ${document} in ${file}\n--- ${left}\n+++ ${right}\n${text}`;
    })
    .join('\n');
}

export const rollback: Verb = {
  spec: {
    name: 'rollback',
    takes: ['N'],
    summary: 'put the documents of a kept version back into the configuration folder',
    about: [
      'Shows what changes and asks first; --yes does not ask. All files of the version are written, or none. Where files were',
      'changed that are in no version yet it refuses, since they would be lost; --force gives them up.',
    ],
    options: {
      ...COMMON_OPTIONS,
      yes: { short: 'y', help: 'do not ask' },
      force: { help: 'give up edits that are in no version yet' },
    },
    examples: ['weft versions', 'weft rollback 4', 'weft rollback 4 --yes'],
  },
  run: async (line, io) => {
    const client = controlPlane(io, line);
    const [wanted = ''] = line.args;
    if (!/^\d+$/.test(wanted)) throw new CliError(`"${wanted}" is no version`, EXIT.misuse, 'weft versions lists them');
    if (!line.has('yes')) {
      const found = await client.get<VersionDiff>(`/debug/versionz/${wanted}`, { against: 'newest' });
      io.stdout(changesText(found.changes, `version ${found.from}, newest`, `version ${found.to}`));
      const answer = await agreed(io, found.changes.length, wanted);
      if (answer !== undefined) return answer;
    }
    const query: Readonly<Record<string, string>> = line.has('force') ? { force: 'true' } : {};
    const done = await client.post<{ readonly version: number; readonly changes: readonly DocumentChange[] }>(
      `/debug/rollback/${wanted}`,
      { 'x-weft-rollback': 'yes' },
      query,
    );
    print(io, line, done, () =>
      done.changes.length === 0
        ? `The documents are those of version ${wanted} already.\n`
        : `${count(done.changes.length)} put back as in version ${wanted}; this is version ${done.version} now.\n`,
    );
    return EXIT.done;
  },
};

function count(documents: number): string {
  return documents === 1 ? '1 document was' : `${documents} documents were`;
}

/** Undefined: go on. */
async function agreed(io: CliIo, changes: number, wanted: string): Promise<number | undefined> {
  if (changes === 0) {
    io.stdout(`The documents are those of version ${wanted} already.\n`);
    return EXIT.done;
  }
  if (io.confirm === undefined)
    throw new CliError(
      'nothing was changed: there is no terminal to ask on',
      EXIT.no,
      `weft rollback ${wanted} --yes does not ask`,
    );
  if (await io.confirm(`Put ${changes === 1 ? 'this document' : `these ${changes} documents`} back? [y/N] `))
    return undefined;
  io.stdout('Nothing was changed.\n');
  return EXIT.no;
}
