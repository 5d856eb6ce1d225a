export { EXPIRES_SOON_MS, type AuthorityReport, type RootReport, type RotationReport } from './authority-report.ts';
export {
  authenticate,
  certificateAuthenticator,
  tokenAuthenticator,
  type Authentication,
  type Authenticator,
  type Credentials,
} from './authenticator.ts';
export type { MetricSample } from './ca-metrics.ts';
export {
  CertificateAuthority,
  type AuthorityOptions,
  type SignOutcome,
  type SignRefusal,
  type SignRequest,
} from './certificate-authority.ts';
export { certificateService, type CertificateServiceOptions } from './certificate-service.ts';
export type { IssuedLeaf } from './issued-leaves.ts';
export type { Root, RootPhase } from './root.ts';
export { CaStateError } from './root-store.ts';
export { TOKEN_TTL_MS, TokenAuthority, type TokenSubject } from './workload-token.ts';
export { PUBLIC, SECRET, createState, openStateFolder, readState, replaceState } from './state-files.ts';
export { ServingCertificate, type ServingMaterial, type ServingOptions } from './serving-certificate.ts';
export { requireCertificate } from './require-certificate.ts';
