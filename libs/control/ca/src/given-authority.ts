import { certificateFacts, isSignedBy, keyFault, keyFits, readPrivateKey, splitCertificates } from '@weft/net-x509';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { SigningKey } from './root.ts';
import { CaStateError } from './root-store.ts';
import { readState } from './state-files.ts';

/** An intermediate authority of the user's own. Source: Istio's secret `cacerts`. */
export interface GivenAuthority {
  readonly signing: SigningKey;
  /** PEM, one each: the one above `signing` first. */
  readonly roots: readonly string[];
}

const FILES = ['root-cert.pem', 'ca-cert.pem', 'ca-key.pem', 'cert-chain.pem'] as const;

/** Reads the four files of a folder. Throws with every fault of them. */
export function readGivenAuthority(folder: string): GivenAuthority {
  const texts = FILES.map((name) => readState(join(folder, name)));
  const missing = FILES.filter((_, at) => texts[at] === undefined);
  if (missing.length > 0) throw new CaStateError(`${folder} lacks ${missing.join(', ')}`);
  const [rootText = '', caText = '', keyText = '', chainText = ''] = texts as string[];
  const roots = splitCertificates(rootText);
  const [certificate] = splitCertificates(caText);
  const key = readPrivateKey(keyText);
  const path = certificate === undefined ? undefined : pathToRoot(certificate, splitCertificates(chainText), roots);
  const faults = [
    ...(roots.length === 0 ? ['root-cert.pem holds no certificate'] : []),
    ...issuerFaults(certificate, key),
    ...(certificate !== undefined && roots.length > 0 && path === undefined
      ? ['ca-cert.pem and cert-chain.pem do not lead to a root of root-cert.pem']
      : []),
  ];
  if (certificate === undefined || key === undefined || path === undefined || faults.length > 0)
    throw new CaStateError(`the authority of ${folder} cannot be used: ${faults.join('; ')}`);
  const { root, links } = path;
  const ends = [...links, root].map((link) => certificateFacts(link)?.notAfterMs ?? 0);
  return {
    signing: { certificate, key, chain: links, notAfterMs: Math.min(...ends) },
    roots: [root, ...roots.filter((other) => other !== root)],
  };
}

function issuerFaults(certificate: string | undefined, key: KeyObject | undefined): string[] {
  const facts = certificate === undefined ? undefined : certificateFacts(certificate);
  const weak = facts === undefined ? undefined : keyFault(facts.publicKey);
  return [
    ...(facts === undefined ? ['ca-cert.pem holds no certificate'] : []),
    ...(facts?.authority === false ? ['ca-cert.pem may not sign others: it is no authority (CA:FALSE)'] : []),
    ...(weak === undefined ? [] : [`ca-cert.pem is too weak: ${weak}`]),
    ...(key === undefined ? ['ca-key.pem holds no private key that can be read (is it encrypted?)'] : []),
    ...(certificate !== undefined && key !== undefined && !keyFits(certificate, key)
      ? ['ca-key.pem is not the key of ca-cert.pem']
      : []),
  ];
}

interface PathToRoot {
  readonly root: string;
  /** From the issuer up to the one below the root; empty when the issuer is the root. */
  readonly links: readonly string[];
}

/** In which order cert-chain.pem is, and whether it repeats the issuer or the root, is of no matter. */
function pathToRoot(issuer: string, chain: readonly string[], roots: readonly string[]): PathToRoot | undefined {
  const links: string[] = [];
  let top = issuer;
  while (!roots.includes(top)) {
    links.push(top);
    const child = top;
    const parent = [...roots, ...chain].find((link) => !links.includes(link) && isSignedBy(child, link));
    if (parent === undefined) return undefined;
    top = parent;
  }
  return { root: top, links };
}
