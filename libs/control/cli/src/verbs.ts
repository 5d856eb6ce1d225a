import { runAnalyze, type Message } from '@weft/control-analyze';
import type { AnalysisRow } from '@weft/control-debug';
import { nearest } from '@weft/core-config-text';
import { authorityRotate, authorityStatus } from './authority.ts';
import { authzWhy } from './authz-why.ts';
import { check } from './check.ts';
import { EXIT, type CliIo } from './cli-io.ts';
import { HttpClient } from './control-plane-client.ts';
import { describe } from './describe.ts';
import { edgesVerb } from './edges.ts';
import { proxyConfig } from './proxy-config.ts';
import { proxyStatus } from './proxy-status.ts';
import { resourceStatus } from './resource-status.ts';
import { endingInWords, runVerb, type Verb } from './verb.ts';
import { diff, rollback, versions } from './versions.ts';

/** A verb of the command line, as `weft --help` lists it. */
export interface ListedVerb {
  readonly summary: string;
  readonly group: 'mesh' | 'documents';
  readonly run: (args: readonly string[], io: CliIo) => Promise<number>;
}

const listed = (verb: Verb, group: ListedVerb['group']): ListedVerb => ({
  summary: verb.spec.summary,
  group,
  run: (args, io) => runVerb(verb, args, io),
});

/** The verbs that ask, in the order of their help. */
export const VERBS: Readonly<Record<string, ListedVerb>> = {
  check: listed(check, 'mesh'),
  'proxy-status': listed(proxyStatus, 'mesh'),
  'proxy-config': listed(proxyConfig, 'mesh'),
  describe: listed(describe, 'mesh'),
  edges: listed(edgesVerb, 'mesh'),
  authz: {
    summary: 'authz why SRC DST METHOD PATH: whether it is let in, and which rule decides',
    group: 'mesh',
    run: authz,
  },
  ca: { summary: 'ca status, ca rotate: the roots of the mesh, and their exchange', group: 'mesh', run: authority },
  status: listed(resourceStatus, 'documents'),
  analyze: {
    summary: 'tell what is wrong with documents before they are used',
    group: 'documents',
    run: analyze,
  },
  versions: listed(versions, 'documents'),
  diff: listed(diff, 'documents'),
  rollback: listed(rollback, 'documents'),
};

/** Of files on this machine, or of what a control plane has. */
async function analyze(args: readonly string[], io: CliIo): Promise<number> {
  const ask = async (url: string): Promise<readonly Message[]> => {
    const rows = await new HttpClient(io, url, 'the control plane').get<readonly AnalysisRow[]>('/debug/analysis');
    return rows.map(({ message: text, origin, ...row }) => ({
      ...row,
      text,
      ...(origin === undefined ? {} : { ref: origin }),
    }));
  };
  return endingInWords('analyze', io, () => runAnalyze(args, io, ask));
}

/** `weft authz why …`: `why` is the one thing that is asked of it. */
async function authz(args: readonly string[], io: CliIo): Promise<number> {
  const [what, ...rest] = args;
  if (what === 'why' || what === '--help' || what === '-h') return runVerb(authzWhy, what === 'why' ? rest : args, io);
  const hint = what !== undefined && nearest(what, ['why']) !== undefined ? '; did you mean "why"?' : '';
  io.stderr(`weft authz: ${what === undefined ? 'why missing' : `there is no "authz ${what}"`}${hint}\n`);
  io.stderr('Usage: weft authz why SRC DST METHOD PATH\n');
  return EXIT.misuse;
}

const AUTHORITY: Readonly<Record<string, Verb>> = { status: authorityStatus, rotate: authorityRotate };

/** `weft ca status`, `weft ca rotate`. */
async function authority(args: readonly string[], io: CliIo): Promise<number> {
  const [what = '', ...rest] = args;
  const verb = AUTHORITY[what];
  if (verb !== undefined) return runVerb(verb, rest, io);
  if (what === '--help' || what === '-h') {
    for (const { spec } of Object.values(AUTHORITY)) io.stdout(`weft ${spec.name}: ${spec.summary}\n`);
    return EXIT.done;
  }
  const near = nearest(what, Object.keys(AUTHORITY));
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  io.stderr(`weft ca: ${what === '' ? 'status or rotate missing' : `there is no "ca ${what}"`}${hint}\n`);
  io.stderr('Usage: weft ca status|rotate\n');
  return EXIT.misuse;
}
