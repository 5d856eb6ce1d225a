import { verify, type KeyObject } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { derChildren, derElements, dottedOid, SEQUENCE, type DerElement } from './der.ts';

/** Hashes of the signature algorithms that certificates and lists are signed with; null: the algorithm has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};
const INTEGER = 0x02;

/** A certificate revocation list (RFC 5280 section 5.1). */
interface RevocationList {
  /** The issuer's name in DER. */
  readonly issuer: Uint8Array;
  /** Hex. */
  readonly revoked: ReadonlySet<string>;
  readonly signedPart: Uint8Array;
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

/**
 * Revocation lists that are looked at here, certificate by certificate, for what OpenSSL through Node cannot be told: to look
 * at the leaf only, or not at dates.
 */
export class RevocationLists {
  private readonly lists: readonly RevocationList[];

  /** PEM. Throws where it holds no list. */
  constructor(pem: string) {
    const texts = pem.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? [];
    this.lists = texts.map((text) => parseList(Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')));
    if (this.lists.length === 0) throw new Error('crl holds no revocation list in PEM');
  }

  /** Why `certificate`, issued by `issuer`, will not do, in OpenSSL's words; undefined where it does. */
  fault(certificate: Certificate, issuer: Certificate): string | undefined {
    const name = issuerName(certificate.x509.raw);
    const list = this.lists.find(
      (candidate) => Buffer.compare(candidate.issuer, name) === 0 && isSignedBy(candidate, issuer.x509.publicKey),
    );
    if (list === undefined) return 'unable to get certificate CRL';
    return list.revoked.has(certificate.serialNumber.padStart(2, '0')) ? 'certificate revoked' : undefined;
  }
}

function parseList(der: Uint8Array): RevocationList {
  const [body, algorithm, signature] = derChildren(der);
  const fields = body === undefined ? [] : (derElements(body.content) ?? []);
  // The version is optional: with it, everything is one further.
  const at = fields[0]?.tag === INTEGER ? 1 : 0;
  const issuer = fields[at + 1];
  if (body === undefined || algorithm === undefined || signature === undefined || issuer === undefined)
    throw new Error('crl holds a revocation list that cannot be read');
  const [oid] = derElements(algorithm.content) ?? [];
  // The times are no sequences: the first one behind the issuer is the list of entries.
  const entries = fields.slice(at + 2).find(({ tag }) => tag === SEQUENCE);
  return {
    issuer: issuer.whole,
    revoked: new Set((entries === undefined ? [] : (derElements(entries.content) ?? [])).map(serialOf)),
    signedPart: body.whole,
    algorithm: oid === undefined ? '' : dottedOid(oid.content),
    // A BIT STRING begins with the number of bits that are not used.
    signature: signature.content.subarray(1),
  };
}

function serialOf(entry: DerElement): string {
  const [serial] = derElements(entry.content) ?? [];
  return Buffer.from(serial?.content ?? [])
    .toString('hex')
    .replace(/^00(?=.)/, '');
}

/** The issuer's name: version, serial number, algorithm, issuer. */
function issuerName(certificate: Uint8Array): Uint8Array {
  const [body] = derChildren(certificate);
  const fields = body === undefined ? [] : (derElements(body.content) ?? []);
  return fields[fields[0]?.tag === 0xa0 ? 3 : 2]?.whole ?? new Uint8Array();
}

function isSignedBy({ algorithm, signedPart, signature }: RevocationList, key: KeyObject): boolean {
  const hash = HASHES[algorithm];
  return hash !== undefined && verify(hash, signedPart, key, signature);
}
