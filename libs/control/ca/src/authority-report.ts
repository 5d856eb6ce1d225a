import type { IssuedLeaf } from './issued-leaves.ts';
import type { Root, SigningKey } from './root.ts';

const DAY_MS = 86_400_000;
/** What expires within this is told as a fault. */
export const EXPIRES_SOON_MS = 30 * DAY_MS;

/** One root of the trust bundle. */
export interface RootReport extends Omit<Root, 'certificate'> {
  /** Announced: when it begins to sign. Retiring: when it is removed. */
  readonly untilMs?: number;
}

/** An exchange of the root, and how far it is. */
export interface RotationReport {
  /** `announced`: the new root is in the bundle and signs nothing yet. `retiring`: it signs, and the old one is still trusted. */
  readonly step: 'announced' | 'retiring';
  readonly from: string;
  readonly to: string;
  /** When the step ends. A step that has no time ends when the files of the given root change. */
  readonly untilMs?: number;
}

/** What people ask of an authority; no key is in it. Times are milliseconds since the epoch. */
export interface AuthorityReport {
  readonly trustDomain: string;
  readonly nowMs: number;
  /** How long certificates of workloads live where nobody asks for another time. */
  readonly leafLifeMs: number;
  /** Those of the trust bundle; the one that signs is the first. */
  readonly roots: readonly RootReport[];
  /** What signs the leaves; `intermediates` 0: the root itself. */
  readonly signer: { readonly notAfterMs: number; readonly intermediates: number };
  readonly rotation?: RotationReport;
  /** Of roots that stay, and of the signer: which expire within 30 days, as sentences. */
  readonly expiring: readonly string[];
  readonly leaves: readonly IssuedLeaf[];
}

export interface ReportedState {
  readonly trustDomain: string;
  readonly nowMs: number;
  readonly leafLifeMs: number;
  readonly clockSkewMs: number;
  readonly roots: readonly Root[];
  readonly signing: SigningKey | undefined;
  readonly leaves: readonly IssuedLeaf[];
}

export function authorityReport(state: ReportedState): AuthorityReport {
  const { trustDomain, nowMs, leafLifeMs, clockSkewMs, signing, leaves } = state;
  const roots = state.roots.map((root) => rootReport(root, clockSkewMs));
  const signer = { notAfterMs: signing?.notAfterMs ?? 0, intermediates: signing?.chain.length ?? 0 };
  const rotation = rotationOf(roots);
  return {
    trustDomain,
    nowMs,
    leafLifeMs,
    roots: [...roots].sort((a, b) => Number(b.phase === 'signing') - Number(a.phase === 'signing')),
    signer,
    ...(rotation === undefined ? {} : { rotation }),
    expiring: expiring(roots, signer, nowMs),
    leaves,
  };
}

function rootReport({ certificate: _, ...root }: Root, clockSkewMs: number): RootReport {
  const { phase, signsFromMs, lastLeafMs } = root;
  if (phase === 'announced') return signsFromMs === undefined ? root : { ...root, untilMs: signsFromMs };
  return phase === 'retiring' ? { ...root, untilMs: lastLeafMs + clockSkewMs } : root;
}

/** Given roots that are only announced beside the one that signs are a bundle, not an exchange under way. */
export function rotationOf(roots: readonly RootReport[]): RotationReport | undefined {
  const signing = roots.find(({ phase }) => phase === 'signing');
  const announced = roots.find(({ phase, signsFromMs }) => phase === 'announced' && signsFromMs !== undefined);
  const retiring = roots.find(({ phase }) => phase === 'retiring');
  if (signing === undefined) return undefined;
  const found = announced ?? retiring;
  if (found === undefined) return undefined;
  const [from, to] = announced === undefined ? [found.id, signing.id] : [signing.id, found.id];
  const until = found.untilMs === undefined ? {} : { untilMs: found.untilMs };
  return { step: announced === undefined ? 'retiring' : 'announced', from, to, ...until };
}

function expiring(roots: readonly RootReport[], signer: AuthorityReport['signer'], nowMs: number): string[] {
  const soon = (notAfterMs: number): boolean => notAfterMs - nowMs < EXPIRES_SOON_MS;
  const when = (notAfterMs: number): string =>
    notAfterMs <= nowMs ? 'has expired' : `expires in ${Math.floor((notAfterMs - nowMs) / DAY_MS)} days`;
  const staying = roots.filter(({ phase, notAfterMs }) => phase !== 'retiring' && soon(notAfterMs));
  return [
    ...staying.map(({ id, notAfterMs }) => `the root ${id} ${when(notAfterMs)}`),
    ...(signer.intermediates > 0 && soon(signer.notAfterMs)
      ? [`the intermediate that signs ${when(signer.notAfterMs)}`]
      : []),
  ];
}
