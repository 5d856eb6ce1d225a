export { CaClient, credentialsOf, type CaClientOptions, type ChannelCredentials } from './ca-client.ts';
export {
  SigningError,
  type CertificateSigner,
  type HeldCertificate,
  type SignedCertificate,
} from './certificate-signer.ts';
export { SecretServer } from './secret-server.ts';
export { CERTIFICATE_SECRET, ROOT_SECRET } from './secrets.encode.ts';
export {
  WorkloadCertificates,
  type CertificateStatus,
  type WorkloadCertificatesOptions,
} from './workload-certificates.ts';
