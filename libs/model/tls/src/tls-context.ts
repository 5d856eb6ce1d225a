import type { CidrRange } from '@weft/model-match';
import type { CertificateValidation } from './certificate-validation.ts';
import type { SecretReference } from './secret.ts';
import type { TlsCertificate } from './tls-certificate.ts';
import type { TlsParams } from './tls-params.ts';

/** What both sides of TLS have in common. Source: CommonTlsContext. */
export interface CommonTls {
  readonly params: TlsParams;
  readonly certificates: readonly TlsCertificate[];
  /** Excludes `certificates`. */
  readonly certificateSecrets: readonly SecretReference[];
  /** Undefined: nothing is verified. With `validationSecret`, what the secret adds to. */
  readonly validation: CertificateValidation | undefined;
  readonly validationSecret: SecretReference | undefined;
  /** Best first; empty: none. */
  readonly alpnProtocols: readonly string[];
  readonly keyLog: TlsKeyLog | undefined;
}

/** Session secrets for tools that read captured traffic. Source: TlsKeyLog. */
export interface TlsKeyLog {
  readonly path: string;
  /** Empty: every address. */
  readonly local: readonly CidrRange[];
  readonly remote: readonly CidrRange[];
}

/** The names that connections may wait for. */
export function secretReferences(tls: CommonTls): readonly SecretReference[] {
  return tls.validationSecret === undefined
    ? tls.certificateSecrets
    : [...tls.certificateSecrets, tls.validationSecret];
}

/** A default validation context with what the secret sets; lists are joined. Source: CombinedCertificateValidationContext. */
export function combineValidation(
  base: CertificateValidation | undefined,
  more: CertificateValidation,
): CertificateValidation {
  if (base === undefined) return more;
  return {
    trustedCa: more.trustedCa ?? base.trustedCa,
    crl: more.crl ?? base.crl,
    onlyLeafCrl: more.onlyLeafCrl || base.onlyLeafCrl,
    subjectAltNames: [...base.subjectAltNames, ...more.subjectAltNames],
    certificateHashes: [...base.certificateHashes, ...more.certificateHashes],
    spkiHashes: [...base.spkiHashes, ...more.spkiHashes],
    acceptUntrusted: more.acceptUntrusted || base.acceptUntrusted,
    allowExpired: more.allowExpired || base.allowExpired,
    maxVerifyDepth: more.maxVerifyDepth === 100 ? base.maxVerifyDepth : more.maxVerifyDepth,
    watchedDirectory: more.watchedDirectory ?? base.watchedDirectory,
  };
}
