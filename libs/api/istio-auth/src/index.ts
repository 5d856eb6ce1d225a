export {
  CREATE_CERTIFICATE,
  decodeCertificateRequest,
  decodeCertificateResponse,
  encodeCertificateRequest,
  encodeCertificateResponse,
  type CertificateRequest,
} from './certificate-request.ts';
