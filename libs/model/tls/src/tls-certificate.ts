import type { DataSource } from './data-source.ts';

/** A certificate chain with its key, or a PKCS #12 bundle of both. Source: TlsCertificate. */
export interface TlsCertificate {
  readonly chain: DataSource | undefined;
  readonly key: DataSource | undefined;
  /** Excludes `chain` and `key`. */
  readonly pkcs12: DataSource | undefined;
  /** Decrypts the key or the bundle. */
  readonly password: DataSource | undefined;
  /** DER. */
  readonly ocspStaple: DataSource | undefined;
  /** Changes in this folder make the files be read again. */
  readonly watchedDirectory: string | undefined;
}
