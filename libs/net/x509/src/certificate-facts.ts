import { X509Certificate, type KeyObject } from 'node:crypto';
import { x509 } from './engine.ts';

/** What is asked of a certificate that somebody shows or gives. */
export interface CertificateFacts {
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly subject: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** May sign others. */
  readonly authority: boolean;
  /** SHA-256 of the certificate, hexadecimal, lower case. */
  readonly fingerprint: string;
  readonly publicKey: KeyObject;
}

const SUBJECT_ALT_NAME = '2.5.29.17';

/** From PEM or DER; of several in PEM the first. Undefined: it is no certificate. */
export function certificateFacts(certificate: string | Uint8Array): CertificateFacts | undefined {
  try {
    const read = new X509Certificate(certificate);
    // Node renders names as one text, which has to be taken apart again; the library gives them one by one.
    const parsed = new x509.X509Certificate(new Uint8Array(read.raw));
    const named = parsed.extensions.find(({ type }) => type === SUBJECT_ALT_NAME);
    const names = named === undefined ? [] : new x509.SubjectAlternativeNameExtension(named.rawData).names.items;
    return {
      serial: read.serialNumber.toLowerCase(),
      subject: read.subject ?? '',
      notBeforeMs: read.validFromDate.getTime(),
      notAfterMs: read.validToDate.getTime(),
      uris: names.filter(({ type }) => type === 'url').map(({ value }) => value),
      dnsNames: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
      authority: read.ca,
      fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(),
      publicKey: read.publicKey,
    };
  } catch {
    return undefined;
  }
}

/** Whether `issuer` signed `certificate`: names and signature; dates are not looked at. Both PEM or DER. */
export function isSignedBy(certificate: string | Uint8Array, issuer: string | Uint8Array): boolean {
  try {
    const [child, parent] = [new X509Certificate(certificate), new X509Certificate(issuer)];
    return child.checkIssued(parent) && child.verify(parent.publicKey);
  } catch {
    return false;
  }
}

/** Whether the key is the certificate's. */
export function keyFits(certificate: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(key);
  } catch {
    return false;
  }
}
