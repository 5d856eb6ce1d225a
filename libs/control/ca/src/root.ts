import type { KeyObject } from 'node:crypto';

/**
 * What a root does:
 *
 *   announced -> signing    when every leaf that was signed before the announcement has expired or been renewed, so that
 *                           everybody trusts the new root before the first leaf under it is shown
 *   signing   -> retiring   when the announced root begins to sign
 *   retiring  -> (removed)  when the last leaf that it signed has expired
 *
 * One root signs at any time; at most one is announced; all are in the trust bundle.
 */
export type RootPhase = 'announced' | 'signing' | 'retiring';

/** A root as it is kept, without its key. Times are milliseconds since the epoch. */
export interface Root {
  /** Names its files: the beginning of the certificate's fingerprint. */
  readonly id: string;
  readonly phase: RootPhase;
  /** PEM. */
  readonly certificate: string;
  readonly notAfterMs: number;
  /** Announced roots: when they begin to sign. */
  readonly signsFromMs: number | undefined;
  /** No leaf under this root lives longer; 0: it signed none. */
  readonly lastLeafMs: number;
  /** Of the user's files (`root-cert.pem`), and not made here: its key is not ours. */
  readonly given: boolean;
}

/** What signs leaves: the root itself, or an intermediate under it. */
export interface SigningKey {
  /** PEM; the leaf's issuer. */
  readonly certificate: string;
  readonly key: KeyObject;
  /** PEM, from the issuer up to the certificate below the root; empty when the root itself signs. */
  readonly chain: readonly string[];
  readonly notAfterMs: number;
}

/** Peers' clocks may differ by as much. Source: Istio's ClockSkewGracePeriod is two minutes, each way. */
export const CLOCK_SKEW_MS = 120_000;

/** What becomes of the roots as time passes: the next state, the same object when nothing is due. */
export function advanceRoots(roots: readonly Root[], nowMs: number, skewMs = CLOCK_SKEW_MS): readonly Root[] {
  const announced = roots.find(({ phase, signsFromMs = Infinity }) => phase === 'announced' && signsFromMs <= nowMs);
  const moved = announced === undefined ? roots : roots.map((root) => handOver(root, announced));
  const kept = moved.filter(({ phase, lastLeafMs }) => phase !== 'retiring' || lastLeafMs + skewMs > nowMs);
  return kept.length === moved.length ? moved : kept;
}

function handOver(root: Root, announced: Root): Root {
  if (root === announced) return { ...root, phase: 'signing', signsFromMs: undefined };
  return root.phase === 'signing' ? { ...root, phase: 'retiring' } : root;
}

/** Adds a new root to the bundle; it signs when the last leaf given out without it has expired. */
export function announceRoot(
  roots: readonly Root[],
  root: Omit<Root, 'phase' | 'signsFromMs'>,
  skewMs = CLOCK_SKEW_MS,
): readonly Root[] {
  const lastLeafMs = Math.max(0, ...roots.map((known) => known.lastLeafMs));
  const signsFromMs = lastLeafMs === 0 ? 0 : lastLeafMs + skewMs;
  return [...roots, { ...root, phase: 'announced', signsFromMs }];
}

/** When `advanceRoots` next has something to do; Infinity: nothing is under way. */
export function nextChangeMs(roots: readonly Root[], skewMs = CLOCK_SKEW_MS): number {
  const times = roots.map(({ phase, signsFromMs = Infinity, lastLeafMs }) =>
    phase === 'announced' ? signsFromMs : phase === 'retiring' ? lastLeafMs + skewMs : Infinity,
  );
  return Math.min(Infinity, ...times);
}
