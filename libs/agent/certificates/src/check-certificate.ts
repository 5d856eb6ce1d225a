import { certificateFacts, isSignedBy, keyFits, type KeyPair } from '@weft/net-x509';
import type { SignedCertificate } from './certificate-signer.ts';

/** What is wrong with what an authority gave: it is looked at before the proxy gets it. Undefined: nothing. */
export function certificateFault(
  { chain, roots }: SignedCertificate,
  { keys, uri, nowMs }: { readonly keys: KeyPair; readonly uri: string; readonly nowMs: number },
): string | undefined {
  const [leaf = '', ...above] = chain;
  const facts = certificateFacts(leaf);
  if (facts === undefined) return 'the authority gave something that is no certificate';
  if (!keyFits(leaf, keys.privateKey)) return 'the authority gave a certificate for another key';
  if (!facts.uris.includes(uri)) return `the authority gave a certificate for ${facts.uris.join(', ')}, not for ${uri}`;
  if (facts.notAfterMs <= nowMs) return 'the authority gave a certificate that has expired: do the clocks agree?';
  if (facts.notBeforeMs > nowMs) return 'the authority gave a certificate from the future: do the clocks agree?';
  const links = [leaf, ...above];
  const broken = links.some((link, at) => at + 1 < links.length && !isSignedBy(link, links[at + 1] ?? ''));
  const top = links.at(-1) ?? '';
  if (broken || !roots.some((root) => root === top || isSignedBy(top, root)))
    return 'the authority gave a certificate that none of its roots signed';
  return undefined;
}
