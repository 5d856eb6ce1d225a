import type { Certificate } from './certificate.ts';

/** Longer chains are refused whatever is configured (OpenSSL's limit). */
const MAX_DEPTH = 100;

/**
 * The way from the first of `chain` to an anchor, both included, by names and signatures alone: dates and revocation are
 * others' matter. Undefined where no way leads to one.
 */
export function pathTo(chain: readonly Certificate[], anchors: readonly Certificate[]): Certificate[] | undefined {
  const path: Certificate[] = [];
  const left = new Set(chain.slice(1));
  let current: Certificate | undefined = chain[0];
  while (current !== undefined && path.length <= MAX_DEPTH) {
    const at: Certificate = current;
    path.push(at);
    // The anchor itself was sent.
    if (anchors.some((anchor) => anchor.sha256Fingerprint === at.sha256Fingerprint)) return path;
    const anchor = anchors.find((candidate) => issued(candidate, at));
    if (anchor !== undefined) return [...path, anchor];
    current = [...left].find((candidate) => issued(candidate, at));
    if (current !== undefined) left.delete(current);
  }
  return undefined;
}

function issued(issuer: Certificate, { x509 }: Certificate): boolean {
  return issuer.x509.ca && x509.checkIssued(issuer.x509) && x509.verify(issuer.x509.publicKey);
}
