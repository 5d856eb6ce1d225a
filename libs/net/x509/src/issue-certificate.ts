import type { KeyObject } from 'node:crypto';
import { x509 } from './engine.ts';
import { signingAlgorithm, webKey, type KeyPair } from './keys.ts';

/** From and until when, in milliseconds since the epoch; certificates hold whole seconds. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Who signs: a certificate and its key. */
export interface Issuer {
  /** PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
}

export interface LeafWishes extends Validity {
  readonly publicKey: KeyObject;
  readonly uris: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** Hexadecimal. */
  readonly serial: string;
}

export interface AuthorityWishes extends Validity {
  readonly keys: KeyPair;
  readonly organization: string;
  readonly commonName: string;
  readonly uri: string;
  /** Hexadecimal. */
  readonly serial: string;
}

/**
 * A certificate for both ends of mTLS, in PEM. It has no subject, so its names are critical.
 * Source: SPIFFE X.509-SVID 3 to 5; RFC 5280 4.2.1.6.
 */
export async function issueLeaf(wishes: LeafWishes, issuer: Issuer): Promise<string> {
  const { publicKey, uris, dnsNames = [], addresses = [] } = wishes;
  const issuing = new x509.X509Certificate(issuer.certificate);
  const names: x509.JsonGeneralName[] = [
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const encipherment = publicKey.asymmetricKeyType === 'rsa' ? keyEncipherment : 0;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: wishes.serial,
    subject: '',
    issuer: issuing.subjectName,
    notBefore: new Date(wishes.notBeforeMs),
    notAfter: new Date(wishes.notAfterMs),
    signingKey: webKey(issuer.key),
    signingAlgorithm: signingAlgorithm(issuer.key),
    publicKey: webKey(publicKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(digitalSignature | encipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(names, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuing.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** A certificate that signs others, signed by itself or by `issuer`, in PEM. */
export async function issueAuthority(wishes: AuthorityWishes, issuer?: Issuer): Promise<string> {
  const { keys, organization, commonName, uri } = wishes;
  const subject = [{ O: [organization] }, { CN: [commonName] }];
  const issuing = issuer === undefined ? undefined : new x509.X509Certificate(issuer.certificate);
  const signer = issuer?.key ?? keys.privateKey;
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const publicKey = webKey(keys.publicKey);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: wishes.serial,
    subject,
    issuer: issuing?.subjectName ?? subject,
    notBefore: new Date(wishes.notBeforeMs),
    notAfter: new Date(wishes.notAfterMs),
    signingKey: webKey(signer),
    signingAlgorithm: signingAlgorithm(signer),
    publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(issuing === undefined ? [] : [await x509.AuthorityKeyIdentifierExtension.create(issuing.publicKey)]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
