import type { PeerCertificate, TlsConnectionInfo } from '@weft/core-http';

/** A text of a handshake; `''` where it has none. */
export type TlsValue = (tls: TlsConnectionInfo) => string;

type Value = string | readonly string[];

/** Lists are joined by commas, as Envoy writes them. */
const ofTls =
  (provide: (tls: TlsConnectionInfo) => Value): TlsValue =>
  (tls) => {
    const value = provide(tls);
    return typeof value === 'string' ? value : value.join(',');
  };

/** Of the other side's certificate. */
const ofPeer = (provide: (peer: PeerCertificate) => Value): TlsValue =>
  ofTls(({ peer }) => (peer === undefined ? '' : provide(peer)));

/** Who signed the other side's certificate, as far as that was verified. */
const ofIssuer = (provide: (issuer: PeerCertificate) => string): TlsValue =>
  ofTls(({ peer, peerVerified }) => {
    const issuer = peerVerified ? peer?.chain[1] : undefined;
    return issuer === undefined ? '' : provide(issuer);
  });

/** What headers and access logs may tell of TLS with the client, by Envoy's operators. */
export const DOWNSTREAM_TLS_VALUES: Readonly<Record<string, TlsValue>> = {
  DOWNSTREAM_TLS_VERSION: ({ version }) => version,
  DOWNSTREAM_TLS_CIPHER: ({ cipher }) => cipher,
  DOWNSTREAM_TLS_SESSION_ID: ({ sessionId }) => sessionId,
  DOWNSTREAM_LOCAL_SUBJECT: ({ local }) => local.subject,
  DOWNSTREAM_LOCAL_URI_SAN: ofTls(({ local }) => local.uriSans),
  DOWNSTREAM_LOCAL_DNS_SAN: ofTls(({ local }) => local.dnsSans),
  DOWNSTREAM_LOCAL_EMAIL_SAN: ofTls(({ local }) => local.emailSans),
  DOWNSTREAM_LOCAL_IP_SAN: ofTls(({ local }) => local.ipSans),
  DOWNSTREAM_LOCAL_OTHERNAME_SAN: ofTls(({ local }) => local.otherNameSans),
  DOWNSTREAM_PEER_SUBJECT: ofPeer(({ subject }) => subject),
  DOWNSTREAM_PEER_ISSUER: ofPeer(({ issuer }) => issuer),
  DOWNSTREAM_PEER_SERIAL: ofPeer(({ serialNumber }) => serialNumber),
  DOWNSTREAM_PEER_URI_SAN: ofPeer(({ uriSans }) => uriSans),
  DOWNSTREAM_PEER_DNS_SAN: ofPeer(({ dnsSans }) => dnsSans),
  DOWNSTREAM_PEER_EMAIL_SAN: ofPeer(({ emailSans }) => emailSans),
  DOWNSTREAM_PEER_IP_SAN: ofPeer(({ ipSans }) => ipSans),
  DOWNSTREAM_PEER_OTHERNAME_SAN: ofPeer(({ otherNameSans }) => otherNameSans),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofPeer(({ sha1Fingerprint }) => sha1Fingerprint),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofPeer(({ sha256Fingerprint }) => sha256Fingerprint),
  DOWNSTREAM_PEER_CERT: ofPeer(({ urlEncodedPem }) => urlEncodedPem),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: ofPeer(({ chain }) => chain.map((one) => one.sha1Fingerprint)),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: ofPeer(({ chain }) => chain.map((one) => one.sha256Fingerprint)),
  DOWNSTREAM_PEER_CHAIN_SERIALS: ofPeer(({ chain }) => chain.map((one) => one.serialNumber)),
  DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256: ofIssuer(({ sha256Fingerprint }) => sha256Fingerprint),
  DOWNSTREAM_PEER_ISSUER_SERIAL: ofIssuer(({ serialNumber }) => serialNumber),
};

/** What may be told of TLS with the upstream. */
export const UPSTREAM_TLS_VALUES: Readonly<Record<string, TlsValue>> = {
  UPSTREAM_TLS_VERSION: ({ version }) => version,
  UPSTREAM_TLS_CIPHER: ({ cipher }) => cipher,
  UPSTREAM_TLS_SESSION_ID: ({ sessionId }) => sessionId,
  UPSTREAM_LOCAL_URI_SAN: ofTls(({ local }) => local.uriSans),
  UPSTREAM_LOCAL_DNS_SAN: ofTls(({ local }) => local.dnsSans),
  UPSTREAM_LOCAL_IP_SAN: ofTls(({ local }) => local.ipSans),
  UPSTREAM_PEER_SUBJECT: ofPeer(({ subject }) => subject),
  UPSTREAM_PEER_ISSUER: ofPeer(({ issuer }) => issuer),
  UPSTREAM_PEER_URI_SAN: ofPeer(({ uriSans }) => uriSans),
  UPSTREAM_PEER_DNS_SAN: ofPeer(({ dnsSans }) => dnsSans),
  UPSTREAM_PEER_IP_SAN: ofPeer(({ ipSans }) => ipSans),
  UPSTREAM_PEER_CERT: ofPeer(({ urlEncodedPem }) => urlEncodedPem),
};
