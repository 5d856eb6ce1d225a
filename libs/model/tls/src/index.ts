import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { supported as matchSupport } from '@weft/model-match';
import { certificateValidationSupport } from './certificate-validation.decode.ts';
import { commonTlsSupport } from './tls-context.decode.ts';
import { dataSourceSupport } from './data-source.decode.ts';
import { downstreamTlsSupport } from './downstream-tls.decode.ts';
import { secretSupport } from './secret.decode.ts';
import { tlsCertificateSupport } from './tls-certificate.decode.ts';
import { tlsParamsSupport } from './tls-params.decode.ts';
import { upstreamTlsSupport } from './upstream-tls.decode.ts';

export type { CertificateValidation, SanMatcher } from './certificate-validation.ts';
export { decodeCertificateValidation, requireTrustForNames } from './certificate-validation.decode.ts';
export { combineValidation, secretReferences, type CommonTls, type TlsKeyLog } from './tls-context.ts';
export { dataSourceName, type DataSource } from './data-source.ts';
export { decodeDataSource } from './data-source.decode.ts';
export type { DownstreamTls } from './downstream-tls.ts';
export { decodeDownstreamTls } from './downstream-tls.decode.ts';
export type { Secret, SecretReference } from './secret.ts';
export { decodeSecret, decodeSecretReference } from './secret.decode.ts';
export type { TlsCertificate } from './tls-certificate.ts';
export type { TlsParams, TlsVersion } from './tls-params.ts';
export type { UpstreamTls } from './upstream-tls.ts';
export { decodeUpstreamTls, decodeUpstreamTransportSocket } from './upstream-tls.decode.ts';

/** The fields of Envoy's API that this library implements. */
export const supported: FieldSupport = mergeSupport([
  certificateValidationSupport,
  commonTlsSupport,
  dataSourceSupport,
  downstreamTlsSupport,
  matchSupport,
  secretSupport,
  tlsCertificateSupport,
  tlsParamsSupport,
  upstreamTlsSupport,
]);
