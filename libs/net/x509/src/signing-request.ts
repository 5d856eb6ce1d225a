import { createPublicKey, type KeyObject } from 'node:crypto';
import { x509 } from './engine.ts';
import { keyFault, signingAlgorithm, webKey, type KeyPair } from './keys.ts';

/** What a certificate signing request (PKCS #10) asks for, once its signature has been checked. */
export interface SigningRequest {
  readonly publicKey: KeyObject;
  /** Subject alternative names, by their kinds. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** How many names it has of kinds other than URI and DNS. */
  readonly otherNames: number;
}

export type ReadSigningRequest =
  { readonly ok: true; readonly value: SigningRequest } | { readonly ok: false; readonly fault: string };

const MAX_PEM = 16_384;
const SUBJECT_ALT_NAME = '2.5.29.17';
const GOOD_HASHES = ['SHA-256', 'SHA-384', 'SHA-512'];

/** A request in PEM, with these URIs as its names. */
export async function createSigningRequest(keys: KeyPair, uris: readonly string[]): Promise<string> {
  const names = new x509.SubjectAlternativeNameExtension(
    uris.map((value) => ({ type: 'url' as const, value })),
    true,
  );
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: { publicKey: webKey(keys.publicKey), privateKey: webKey(keys.privateKey) },
    signingAlgorithm: signingAlgorithm(keys.privateKey),
    extensions: uris.length === 0 ? [] : [names],
  });
  return `${request.toString('pem')}\n`;
}

/** Reads a request that a stranger sent: form, key, and the proof that the sender has the private key. */
export async function readSigningRequest(pem: string): Promise<ReadSigningRequest> {
  if (pem.length > MAX_PEM) return refuse(`it has ${pem.length} characters; ${MAX_PEM} are allowed`);
  if (!/^-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(pem.trimStart())) return refuse('it is not PEM');
  try {
    return await readParsed(new x509.Pkcs10CertificateRequest(pem.trim()));
  } catch {
    return refuse('it is not a PKCS #10 request');
  }
}

async function readParsed(request: x509.Pkcs10CertificateRequest): Promise<ReadSigningRequest> {
  const publicKey = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  const weak = keyFault(publicKey);
  if (weak !== undefined) return refuse(weak);
  const { name: hash } = request.signatureAlgorithm.hash;
  if (!GOOD_HASHES.includes(hash)) return refuse(`it is signed with ${hash}`);
  if (!(await request.verify())) return refuse('its signature is not made with its key');
  const named = request.extensions.find(({ type }) => type === SUBJECT_ALT_NAME);
  const names = named === undefined ? [] : new x509.SubjectAlternativeNameExtension(named.rawData).names.items;
  const ofType = (type: string): string[] => names.filter((name) => name.type === type).map(({ value }) => value);
  const [uris, dnsNames] = [ofType('url'), ofType('dns')];
  return {
    ok: true,
    value: { publicKey, uris, dnsNames, otherNames: names.length - uris.length - dnsNames.length },
  };
}

function refuse(fault: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault };
}
