export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Versions and algorithms, in the words of OpenSSL. Source: TlsParameters. */
export interface TlsParams {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** For TLS 1.2 and below, best first; those of TLS 1.3 cannot be chosen, as in Envoy. */
  readonly cipherSuites: readonly string[];
  /** ChaCha20 stands in one group with AES, so a client that puts it first gets it. */
  readonly chachaByClient: boolean;
  /** Key exchange groups, best first. */
  readonly curves: readonly string[];
  /** Empty takes the library's list. */
  readonly signatureAlgorithms: readonly string[];
}
