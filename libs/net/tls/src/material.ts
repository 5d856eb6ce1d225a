/** A certificate as it was read: its texts, not yet parsed. */
export interface CertificateMaterial {
  /** Where it came from: a path, or `<inline>`. */
  readonly path: string;
  /** PEM, the leaf first; undefined with `pkcs12`. */
  readonly chain: string | undefined;
  readonly key: string | undefined;
  readonly pkcs12: Buffer | undefined;
  readonly password: string | undefined;
  /** DER. */
  readonly ocspStaple: Buffer | undefined;
}

/** What a TLS configuration names, read. */
export interface TlsMaterial {
  readonly certificates: readonly CertificateMaterial[];
  /** PEM. */
  readonly trustedCa: string | undefined;
  readonly crl: string | undefined;
  /** 80 bytes each, as Envoy has them. */
  readonly ticketKeys: readonly Buffer[];
}
