import { der, hex, pem } from '@weft/core-bytes/testing';
import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A certificate and its key in PEM, made by tests for themselves: none is kept in the repository. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateWishes {
  readonly commonName?: string;
  /** Subject alternative names: `DNS:a.test`, `URI:spiffe://a`, `EMAIL:a@b`, `IP:127.0.0.1`, `1.2.3.4:text` for an other name. */
  readonly names?: readonly string[];
  /** Signed by itself without. */
  readonly issuer?: IssuedCertificate;
  /** Default false. */
  readonly ca?: boolean;
  readonly keyType?: 'ec' | 'rsa';
  /** UTCTime. Default 2000 to 2049. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly serial?: number;
  /** Bits from the left: 0x80 digitalSignature, 0x20 keyEncipherment, 0x04 keyCertSign, 0x02 cRLSign. */
  readonly keyUsage?: number;
}

let lastSerial = 1;

/** RFC 5280. */
export function issueCertificate(wishes: CertificateWishes = {}): IssuedCertificate {
  const { keyType = 'ec', issuer, names = [], ca = false } = wishes;
  const pair =
    keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const subject = nameOf(wishes.commonName);
  lastSerial += 1;
  const signer = issuer === undefined ? pair.privateKey : issuer.key;
  const { notBefore = '000101000000Z', notAfter = '491231235959Z', serial = lastSerial, keyUsage } = wishes;
  const extensions = [
    ...(names.length === 0 ? [] : [extension('0603551d11', der(0x30, ...names.map(generalName)))]),
    ...(ca ? [extension('0603551d13', der(0x30, hex('0101ff')), true)] : []),
    ...(keyUsage === undefined ? [] : [extension('0603551d0f', der(0x03, Buffer.from([0, keyUsage])), true)]),
  ];
  const body = der(
    0x30,
    der(0xa0, hex('020102')),
    integer(serial),
    algorithmOf(signer),
    issuer === undefined ? subject : subjectOf(issuer.cert),
    der(0x30, der(0x17, Buffer.from(notBefore)), der(0x17, Buffer.from(notAfter))),
    subject,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der(0xa3, der(0x30, ...extensions))]),
  );
  return {
    cert: signed('CERTIFICATE', body, signer),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** A revocation list of `issuer` that names these serial numbers. */
export function issueCrl(issuer: IssuedCertificate, revoked: readonly number[]): string {
  const entries = revoked.map((serial) => der(0x30, integer(serial), der(0x17, Buffer.from('200101000000Z'))));
  const body = der(
    0x30,
    hex('020101'),
    algorithmOf(issuer.key),
    subjectOf(issuer.cert),
    der(0x17, Buffer.from('200101000000Z')),
    der(0x17, Buffer.from('491231235959Z')),
    ...(entries.length === 0 ? [] : [der(0x30, ...entries)]),
    der(0xa0, der(0x30, extension('0603551d14', hex('020101')))),
  );
  return signed('X509 CRL', body, issuer.key);
}

/** The SHA-256 of a certificate's public key info, as verify_certificate_spki wants it. */
export function spkiHashOf(cert: string): string {
  const key = createPublicKey(cert).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

function nameOf(commonName: string | undefined): Buffer {
  if (commonName === undefined) return der(0x30);
  return der(0x30, der(0x31, der(0x30, hex('0603550403'), der(0x0c, Buffer.from(commonName)))));
}

/** The subject's bytes, cut out of a certificate made here: version, serial, algorithm, issuer, validity, subject. */
function subjectOf(cert: string): Buffer {
  let at = Buffer.from(cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  for (let level = 0; level < 2; level += 1) at = at.subarray(elementAt(at).start);
  for (let skip = 0; skip < 5; skip += 1) at = at.subarray(elementAt(at).end);
  return at.subarray(0, elementAt(at).end);
}

function elementAt(bytes: Buffer): { start: number; end: number } {
  const first = bytes[1] ?? 0;
  const digits = first > 0x7f ? first & 0x7f : 0;
  const start = 2 + digits;
  return { start, end: start + (digits === 0 ? first : bytes.readUIntBE(2, digits)) };
}

function generalName(text: string): Buffer {
  const colon = text.indexOf(':');
  const [kind, value] = [text.slice(0, colon), text.slice(colon + 1)];
  if (kind === 'DNS') return der(0x82, Buffer.from(value, 'latin1'));
  if (kind === 'URI') return der(0x86, Buffer.from(value, 'latin1'));
  if (kind === 'EMAIL') return der(0x81, Buffer.from(value, 'latin1'));
  if (kind === 'IP') return der(0x87, Buffer.from(value.split('.').map(Number)));
  return der(0xa0, objectIdentifier(kind), der(0xa0, der(0x0c, Buffer.from(value))));
}

function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return der(0x30, hex(oid), ...(critical ? [hex('0101ff')] : []), der(0x04, value));
}

function algorithmOf(key: KeyObject | string): Buffer {
  return isRsa(key) ? der(0x30, hex('06092a864886f70d01010b'), hex('0500')) : der(0x30, hex('06082a8648ce3d040302'));
}

function isRsa(key: KeyObject | string): boolean {
  return createPublicKey(key as string).asymmetricKeyType === 'rsa';
}

function signed(label: string, body: Buffer, key: KeyObject | string): string {
  const signature = der(0x03, hex('00'), sign('sha256', body, key));
  return pem(label, der(0x30, body, algorithmOf(key), signature));
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  let start = 0;
  while (start < 4 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start += 1;
  return der(0x02, bytes.subarray(start));
}
