import { certificateFacts } from '@weft/net-x509';
import type { GivenAuthority } from './given-authority.ts';
import { CLOCK_SKEW_MS, type Root } from './root.ts';
import { rootId } from './root-store.ts';

/**
 * The roots with those of the user's files among them. Where a root of ours signed so far, and its leaves live, the given one
 * is announced first; where the old key is gone, it signs at once.
 */
export function adoptGiven(roots: readonly Root[], given: GivenAuthority, nowMs: number): readonly Root[] {
  const listed = given.roots.map(rootId);
  const [above = ''] = listed;
  const signing = roots.find(({ phase }) => phase === 'signing');
  const wait = waitOf(roots, above, signing, nowMs);
  const own = roots
    // A given root that signed nothing, and is in the files no more, was only ever in the bundle.
    .filter((root) => !listed.includes(root.id) && !(root.given && root.lastLeafMs === 0))
    .map((root) => (wait === undefined && root.phase !== 'retiring' ? retired(root) : root));
  const added = given.roots.map((certificate): Root => {
    const id = rootId(certificate);
    const known = roots.find((root) => root.id === id);
    const signs = id === above && wait === undefined;
    return {
      id,
      certificate,
      // Those beside it are in the bundle as long as they are in the file: that is how a given root is announced.
      phase: signs ? 'signing' : 'announced',
      signsFromMs: id === above ? wait : undefined,
      notAfterMs: certificateFacts(certificate)?.notAfterMs ?? 0,
      lastLeafMs: known?.lastLeafMs ?? 0,
      given: true,
    };
  });
  return [...own, ...added];
}

/** Undefined: no need to wait, or no way to. */
function waitOf(roots: readonly Root[], above: string, signing: Root | undefined, nowMs: number): number | undefined {
  if (signing === undefined || signing.id === above || signing.given) return undefined;
  const known = roots.find(({ id }) => id === above);
  if (known?.signsFromMs !== undefined) return known.signsFromMs > nowMs ? known.signsFromMs : undefined;
  const lastLeafMs = Math.max(...roots.map((root) => root.lastLeafMs));
  return lastLeafMs + CLOCK_SKEW_MS > nowMs && lastLeafMs > 0 ? lastLeafMs + CLOCK_SKEW_MS : undefined;
}

function retired(root: Root): Root {
  return { ...root, phase: 'retiring', signsFromMs: undefined };
}
