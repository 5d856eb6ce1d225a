import { X509Certificate, constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { CertificateValidation, TlsParams } from '@weft/model-tls';
import { Certificate, parseCertificates } from './certificate.ts';
import type { CertificateMaterial, TlsMaterial } from './material.ts';
import { mustStaple, parseOcspResponse, type OcspResponse } from './ocsp-response.ts';
import { judgesRevocation } from './peer-rules.ts';

/** The TLS 1.3 suites, which no configuration chooses, the cheapest first. */
const TLS13_SUITES = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/** The options that both sides have in common. */
export function secureContextOptions(
  params: TlsParams,
  material: TlsMaterial,
  certificate: CertificateMaterial | undefined,
): SecureContextOptions {
  const { trustedCa, crl } = material;
  return {
    minVersion: params.minVersion,
    maxVersion: params.maxVersion,
    ciphers: ciphersOf(params),
    ecdhCurve: params.curves.join(':'),
    ...(params.signatureAlgorithms.length === 0 ? {} : { sigalgs: params.signatureAlgorithms.join(':') }),
    // As in Envoy, an intermediate certificate in trusted_ca is enough.
    ...(trustedCa === undefined ? {} : { ca: trustedCa, allowPartialTrustChain: true }),
    ...(crl === undefined || trustedCa === undefined ? {} : { crl }),
    ...(certificate === undefined ? {} : keyOptions(certificate)),
  };
}

/** Less what PeerRules judges by itself. */
export function libraryMaterial(validation: CertificateValidation | undefined, material: TlsMaterial): TlsMaterial {
  return validation !== undefined && judgesRevocation(validation) ? { ...material, crl: undefined } : material;
}

/** One certificate with the context that shows it. */
export interface CertifiedContext {
  readonly material: CertificateMaterial;
  readonly secure: SecureContext;
  readonly leaf: Certificate;
  readonly chain: readonly Certificate[];
  /** Of a key on an elliptic curve, by OpenSSL's name; undefined for RSA. */
  readonly curve: string | undefined;
  /** Undefined: there is none to staple. */
  readonly ocsp: OcspResponse | undefined;
  /** The certificate is worth nothing without one. */
  readonly mustStaple: boolean;
}

/** Throws a sentence where the certificate and its key cannot be used together. */
export function createCertifiedContext(material: CertificateMaterial, options: SecureContextOptions): CertifiedContext {
  let secure: SecureContext;
  try {
    secure = createSecureContext(options);
  } catch (error) {
    throw new Error(`the certificate of ${material.path} cannot be used: ${explainKeyError(error as Error)}`, {
      cause: error,
    });
  }
  const chain = certificatesOf(material, secure);
  const [leaf] = chain;
  if (leaf === undefined)
    throw new Error(`the certificate of ${material.path} cannot be used: it holds no certificate in PEM`);
  const { publicKey } = leaf.x509;
  const curve = publicKey.asymmetricKeyType === 'ec' ? publicKey.asymmetricKeyDetails?.namedCurve : undefined;
  const ocsp = material.ocspStaple && parseOcspResponse(material.ocspStaple);
  return { material, secure, leaf, chain, curve, ocsp, mustStaple: mustStaple(leaf.x509.raw) };
}

/** A context of no certificate of its own. */
export function createBareContext(options: SecureContextOptions): SecureContext {
  return createSecureContext(options);
}

/** What sessions of one configuration are good for: one of another must not be resumed with it. At most 32 characters. */
export function sessionScope(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

export const PRIORITIZE_CHACHA: number = constants.SSL_OP_PRIORITIZE_CHACHA;
export const NO_TICKET: number = constants.SSL_OP_NO_TICKET;

function ciphersOf(params: TlsParams): string {
  const suites = params.minVersion === 'TLSv1.3' ? [] : params.cipherSuites;
  // OpenSSL refuses at its usual level what TLS 1.0 and 1.1 are made of.
  const old = params.minVersion === 'TLSv1' || params.minVersion === 'TLSv1.1' ? ['@SECLEVEL=0'] : [];
  return [TLS13_SUITES, ...suites, ...old].join(':');
}

function keyOptions(material: CertificateMaterial): SecureContextOptions {
  const { chain, key, pkcs12, password } = material;
  const passphrase = password === undefined ? {} : { passphrase: password };
  if (pkcs12 !== undefined) return { pfx: pkcs12, ...passphrase };
  return { ...(chain === undefined ? {} : { cert: chain }), ...(key === undefined ? {} : { key }), ...passphrase };
}

/** The certificate itself, of PEM or of a PKCS #12 bundle; undefined where there is none. */
export function leafOf(material: CertificateMaterial): Certificate | undefined {
  if (material.chain !== undefined) return parseCertificates(material.chain)[0];
  return certificatesOf(material, createSecureContext(keyOptions(material)))[0];
}

function certificatesOf(material: CertificateMaterial, secure: SecureContext): Certificate[] {
  if (material.chain !== undefined) return parseCertificates(material.chain);
  // A PKCS #12 bundle is opened by the library alone, which gives back the leaf.
  const { context } = secure as { context: { getCertificate?(): Buffer | null } };
  const der = context.getCertificate?.();
  return der === undefined || der === null ? [] : [new Certificate(new X509Certificate(der))];
}

function explainKeyError(error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the private key is not the key of the certificate';
  if (code === 'ERR_OSSL_PEM_NO_START_LINE') return 'it is not PEM';
  if (code === 'ERR_OSSL_BAD_DECRYPT' || code === 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED')
    return 'the key is encrypted, and the password does not open it';
  if (code === 'ERR_SSL_EE_KEY_TOO_SMALL') return 'the key is too small';
  return error.message;
}
