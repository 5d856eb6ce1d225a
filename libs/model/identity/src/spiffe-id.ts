import type { Parsed } from './parsed.ts';
import { parseTrustDomain } from './trust-domain.ts';

/** Who somebody is, as certificates say it. Source: SPIFFE-ID 2. */
export interface SpiffeId {
  readonly trustDomain: string;
  /** Begins with `/`; `''` names the trust domain itself. */
  readonly path: string;
}

const SCHEME = 'spiffe://';
const MAX_ID = 2048;
const SEGMENT = /^[a-zA-Z0-9._-]+$/;

export function formatSpiffeId({ trustDomain, path }: SpiffeId): string {
  return `${SCHEME}${trustDomain}${path}`;
}

/**
 * Strict: the exact scheme, no percent escapes, no query, fragment, port or user, no empty or relative path segment.
 * Source: SPIFFE-ID 2.1 to 2.3.
 */
export function parseSpiffeId(text: string): Parsed<SpiffeId> {
  if (text.length > MAX_ID) return refuse(`the SPIFFE id has ${text.length} characters; ${MAX_ID} are allowed`);
  if (!text.startsWith(SCHEME)) return refuse(`"${text}" is not a SPIFFE id: it does not begin with ${SCHEME}`);
  const rest = text.slice(SCHEME.length);
  const slash = rest.indexOf('/');
  const trustDomain = parseTrustDomain(slash === -1 ? rest : rest.slice(0, slash));
  if (!trustDomain.ok) return trustDomain;
  const path = slash === -1 ? '' : rest.slice(slash);
  for (const segment of path.split('/').slice(1)) {
    const fault = segmentFault(segment);
    if (fault !== undefined) return refuse(`"${text}" is not a SPIFFE id: ${fault}`);
  }
  return { ok: true, value: { trustDomain: trustDomain.value, path } };
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'a segment of its path is empty';
  if (segment === '.' || segment === '..') return 'its path has a relative segment';
  if (!SEGMENT.test(segment)) return `"${segment}" holds something else than letters, digits, ".", "-" and "_"`;
  return undefined;
}

function refuse(fault: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault };
}
