import type { KeyPair } from '@weft/net-x509';

/** What an authority answers to a signing request; all in PEM, one certificate each. */
export interface SignedCertificate {
  /** The leaf first, then the intermediates up to below a root. */
  readonly chain: readonly string[];
  /** The trust bundle. */
  readonly roots: readonly string[];
}

/** A certificate that is held, with its key. */
export interface HeldCertificate extends SignedCertificate {
  readonly keys: KeyPair;
}

/** Signs requests: an authority far away, or in the same process. */
export interface CertificateSigner {
  /** `held` is what the asker can show for itself; undefined at the first time. Rejects with a SigningError. */
  sign(csr: string, held: HeldCertificate | undefined): Promise<SignedCertificate>;
}

/** Why there is no certificate. */
export class SigningError extends Error {
  /** False: asked again in the same way, the authority will say the same. */
  readonly retriable: boolean;

  constructor(message: string, retriable: boolean) {
    super(message);
    this.retriable = retriable;
  }
}
