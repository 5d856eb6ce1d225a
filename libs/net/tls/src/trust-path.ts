import type { Certificate } from './certificate.ts';

/** Longer chains are refused whatever is configured (OpenSSL's limit). */
const MAX_DEPTH = 100;

/**
 * How many intermediate certificates lie between the first of `chain` and an anchor, by names and signatures alone: dates and
 * revocation are others' matter. Undefined where no path leads to an anchor.
 */
export function intermediatesTo(chain: readonly Certificate[], anchors: readonly Certificate[]): number | undefined {
  let current: Certificate | undefined = chain[0];
  const left = new Set(chain.slice(1));
  for (let depth = 0; current !== undefined && depth <= MAX_DEPTH; depth += 1) {
    const x509: Certificate['x509'] = current.x509;
    // The anchor itself was sent: it is no intermediate.
    if (anchors.some((anchor) => anchor.sha256Fingerprint === current?.sha256Fingerprint))
      return Math.max(0, depth - 1);
    if (anchors.some((anchor) => issued(anchor, x509))) return depth;
    current = [...left].find((candidate) => issued(candidate, x509));
    if (current !== undefined) left.delete(current);
  }
  return undefined;
}

function issued(issuer: Certificate, certificate: Certificate['x509']): boolean {
  return issuer.x509.ca && certificate.checkIssued(issuer.x509) && certificate.verify(issuer.x509.publicKey);
}
