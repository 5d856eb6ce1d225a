import type { StringMatcher } from '@weft/model-match';
import type { DataSource } from './data-source.ts';

/** What a subject alternative name must be like. Source: SubjectAltNameMatcher. */
export interface SanMatcher {
  readonly type: 'EMAIL' | 'DNS' | 'URI' | 'IP_ADDRESS' | 'OTHER_NAME';
  readonly matcher: StringMatcher;
  /** Of an OTHER_NAME, dotted; `''` else. */
  readonly oid: string;
}

/** How the peer's certificate is judged. Source: CertificateValidationContext. */
export interface CertificateValidation {
  readonly trustedCa: DataSource | undefined;
  /** Revocation lists in PEM. With one, every certificate of the chain needs a list. */
  readonly crl: DataSource | undefined;
  /** Only the leaf needs one. Default false. */
  readonly onlyLeafCrl: boolean;
  /** One of them must match one of the names; an empty list accepts every name. */
  readonly subjectAltNames: readonly SanMatcher[];
  /** SHA-256 of the certificate in lower-case hex; one must be equal. Empty accepts every one. */
  readonly certificateHashes: readonly string[];
  /** SHA-256 of the public key info in base64; one must be equal. Empty accepts every one. */
  readonly spkiHashes: readonly string[];
  /** Go on with certificates that lead to no trusted CA, and say that they are not verified. Default false. */
  readonly acceptUntrusted: boolean;
  /** Do not look at the dates. Default false. */
  readonly allowExpired: boolean;
  /** How many intermediate certificates there may be. Default 100. */
  readonly maxVerifyDepth: number;
  readonly watchedDirectory: string | undefined;
}
