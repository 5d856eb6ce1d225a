import type { AuthorityView } from '@weft/control-debug';
import { EXIT, type CliIo } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { print } from './output.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

export const authorityStatus: Verb = {
  spec: {
    name: 'ca status',
    takes: [],
    summary: 'tell the roots of the mesh, what is under way with them, and what expires',
    about: [
      'announced: in the trust bundle, and signs nothing yet. signing: signs. retiring: signs no more, and is trusted until the last',
      'certificate under it has expired. Exits with 1 where a root that stays, or the intermediate, expires within 30 days.',
    ],
    options: COMMON_OPTIONS,
  },
  run: async (line, io) => {
    const view = await controlPlane(io, line).get<AuthorityView>('/debug/caz');
    print(io, line, view, () => statusText(view));
    return view.expiring.length === 0 ? EXIT.done : EXIT.no;
  },
};

export const authorityRotate: Verb = {
  spec: {
    name: 'ca rotate',
    takes: [],
    summary: 'begin to exchange the root now',
    about: [
      'The new root is in the trust bundle at once and signs when everybody has it; the old one is removed when nobody shows a',
      'certificate under it any more. Nothing breaks meanwhile. Only for roots that the control plane made, one exchange at a time,',
      "and on the control plane's own machine. Asks first; --yes does not ask.",
    ],
    options: { ...COMMON_OPTIONS, yes: { short: 'y', help: 'do not ask' } },
    examples: ['weft ca rotate', 'weft ca rotate --yes'],
  },
  run: async (line, io) => {
    const client = controlPlane(io, line);
    if (!line.has('yes') && !(await agreed(io))) return EXIT.no;
    const view = await client.post<AuthorityView>('/debug/ca/rotate', { 'x-weft-rotate': 'yes' });
    print(io, line, view, () => `The exchange of the root has begun.\n${rotationText(view)}`);
    return EXIT.done;
  },
};

async function agreed(io: CliIo): Promise<boolean> {
  if (io.confirm === undefined) {
    io.stderr(
      'weft ca rotate: nothing was begun: there is no terminal to ask on\nweft ca rotate --yes does not ask.\n',
    );
    return false;
  }
  if (await io.confirm('Begin to exchange the root? [y/N] ')) return true;
  io.stdout('Nothing was begun.\n');
  return false;
}

function statusText(view: AuthorityView): string {
  const { trustDomain, certificateTtlSeconds, roots, signer, expiring } = view;
  const rows = roots.map(({ id, phase, given, notAfter, until }) => [
    id,
    phase,
    given ? 'given' : 'own',
    seconds(notAfter),
    until === undefined ? '-' : `${phase === 'announced' ? 'signs from' : 'removed after'} ${seconds(until)}`,
  ]);
  const signs =
    signer.intermediates === 0
      ? 'The root itself signs'
      : `An intermediate signs, which expires at ${seconds(signer.notAfter)}`;
  const bundle = roots.length === 1 ? 'one root' : `${roots.length} roots`;
  return [
    `Trust domain ${trustDomain}; the trust bundle holds ${bundle}.\n`,
    `${signs}; certificates of workloads live ${span(certificateTtlSeconds)}.\n\n`,
    table(['ROOT', 'PHASE', 'MADE', 'EXPIRES', 'NEXT'], rows, 3),
    `\n${rotationText(view)}`,
    ...expiring.map((sentence) => `× ${sentence}\n`),
  ].join('');
}

function rotationText({ rotation }: AuthorityView): string {
  if (rotation === undefined) return 'No exchange of the root is under way.\n';
  const { step, from, to, until } = rotation;
  const when = until === undefined ? '' : ` from ${seconds(until)}`;
  return step === 'announced'
    ? `From ${from} to ${to}: the new root is in the trust bundle, and signs${when === '' ? ' when its files are exchanged' : when}.\n`
    : `From ${from} to ${to}: the new root signs; the old one is removed${until === undefined ? '' : ` after ${seconds(until)}`}.\n`;
}

function seconds(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}

/** `24h`, `1h30m`, `12s`. */
function span(total: number): string {
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return `${h > 0 ? `${h}h` : ''}${m > 0 ? `${m}m` : ''}${s > 0 || total === 0 ? `${s}s` : ''}`;
}
