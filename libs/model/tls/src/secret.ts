import type { ConfigSource } from '@weft/model-config-source';
import type { CertificateValidation } from './certificate-validation.ts';
import type { DataSource } from './data-source.ts';
import type { TlsCertificate } from './tls-certificate.ts';

/** A secret somewhere else, by name. Source: SdsSecretConfig. */
export interface SecretReference {
  readonly name: string;
  /** Where it comes from; undefined: a secret of the bootstrap. */
  readonly source: ConfigSource | undefined;
}

/** Source: envoy.extensions.transport_sockets.tls.v3.Secret. */
export type Secret =
  | { readonly kind: 'certificate'; readonly name: string; readonly certificate: TlsCertificate }
  | { readonly kind: 'validation'; readonly name: string; readonly validation: CertificateValidation }
  | { readonly kind: 'ticketKeys'; readonly name: string; readonly keys: readonly DataSource[] };
