export { answerPlaintext } from './answer-plaintext.ts';
export { Certificate, parseCertificates } from './certificate.ts';
export { ClientTlsContext, type JudgedPeer } from './client-tls-context.ts';
export { parseClientHello, type ClientHello, type ClientHelloResult } from './client-hello.ts';
export { clientGroup } from './key-exchange.ts';
export type { CertificateMaterial, TlsMaterial } from './material.ts';
export { PeerRules, type PeerFacts, type PeerVerdict, type VerifyFailureKind } from './peer-rules.ts';
export { leafOf, type CertifiedContext } from './secure-context.ts';
export { SecuredInfo } from './secured-info.ts';
export {
  ServerHandshake,
  type SecuredConnection,
  type ServerHandshakeFailure,
  type ServerHandshakeOwner,
} from './server-handshake.ts';
export { ServerTlsContext } from './server-tls-context.ts';
export { dnsNameMatches, subjectAltNames, type SanType, type SubjectAltName } from './subject-alt-names.ts';
