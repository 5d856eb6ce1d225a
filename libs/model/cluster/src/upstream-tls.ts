import type { StringMatcher } from '@weft/model-match';

/** Text from a file, from an environment variable, or from the configuration itself. Source: core.v3.DataSource. */
export type TextSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'inline'; readonly text: string };

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What a subject alternative name must be like. Source: SubjectAltNameMatcher. */
export interface SanMatcher {
  readonly type: 'EMAIL' | 'DNS' | 'URI' | 'IP_ADDRESS';
  readonly matcher: StringMatcher;
}

/** How the peer's certificate is judged. Source: CertificateValidationContext. */
export interface CertificateValidation {
  readonly trustedCa: TextSource | undefined;
  /** One of them must match one of the names; an empty list accepts every name, as in Envoy. */
  readonly subjectAltNames: readonly SanMatcher[];
  /** SHA-256 of the certificate in lower-case hex; one must be equal. Empty accepts every one. */
  readonly certificateHashes: readonly string[];
  /** SHA-256 of the public key info in base64; one must be equal. Empty accepts every one. */
  readonly spkiHashes: readonly string[];
  /** Accept certificates that lead to no trusted CA. Default false. */
  readonly acceptUntrusted: boolean;
}

/** TLS towards upstream hosts. Source: UpstreamTlsContext. */
export interface UpstreamTls {
  /** Sent exactly so; `''` sends none. */
  readonly sni: string;
  /** The host's configured name is sent instead. Default false. */
  readonly autoHostSni: boolean;
  /** The certificate must be for the SNI that was sent. Default false. */
  readonly autoSniSanValidation: boolean;
  readonly alpnProtocols: readonly string[];
  /** Undefined: nothing is verified. */
  readonly validation: CertificateValidation | undefined;
  /** The client's own certificate, where the server asks for one. */
  readonly certificate: { readonly chain: TextSource; readonly key: TextSource } | undefined;
  /** Default TLSv1.2. */
  readonly minVersion: TlsVersion;
  /** Default TLSv1.3. */
  readonly maxVersion: TlsVersion;
  /** OpenSSL names; empty takes the library's list. */
  readonly cipherSuites: readonly string[];
}
