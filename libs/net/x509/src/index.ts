export { certificateFacts, isSignedBy, keyFits, type CertificateFacts } from './certificate-facts.ts';
export {
  issueAuthority,
  issueLeaf,
  type AuthorityWishes,
  type Issuer,
  type LeafWishes,
  type Validity,
} from './issue-certificate.ts';
export { generateKeys, keyFault, privateKeyPem, readPrivateKey, type KeyPair } from './keys.ts';
export { certificateDer, certificatePem, splitCertificates } from './pem.ts';
export {
  createSigningRequest,
  readSigningRequest,
  type ReadSigningRequest,
  type SigningRequest,
} from './signing-request.ts';
