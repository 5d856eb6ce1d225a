import type { PeerCertificate, TlsConnectionInfo } from '@weft/core-http';
import { plain, withoutBlanks, type LoggedStream, type Operator } from './operator.ts';
import { compileTimeFormat, createIsoTime } from './time-format.ts';

type Value = string | readonly string[];
type Side = (stream: LoggedStream) => TlsConnectionInfo | undefined;
const downstream: Side = ({ info }) => info.downstream.ssl;
const upstream: Side = ({ info }) => info.upstreamSsl;

/** A value of the handshake; nothing on plaintext connections. Lists are joined by commas, as Envoy writes them. */
function ofTls(provide: (tls: TlsConnectionInfo) => Value | undefined, side = downstream): Operator {
  return {
    argument: 'none',
    cut: false,
    create: () => (stream) => {
      const ssl = side(stream);
      const value = ssl && provide(ssl);
      return (typeof value === 'object' ? value.join(',') : value) || undefined;
    },
  };
}

/** A value of the other side's certificate. */
function ofPeer(provide: (peer: PeerCertificate) => Value, side = downstream): Operator {
  return ofTls(({ peer }) => peer && provide(peer), side);
}

/** A moment of the other side's certificate, by default in ISO form. */
function peerTime(wallMs: (peer: PeerCertificate) => number, side = downstream): Operator {
  return {
    argument: 'optional',
    cut: false,
    create(argument) {
      const format = argument === '' ? createIsoTime() : compileTimeFormat(argument);
      return (stream) => {
        const peer = side(stream)?.peer;
        return peer && format(wallMs(peer));
      };
    },
  };
}

/** Who signed the other side's certificate, as far as that was verified. */
function ofIssuer(provide: (issuer: PeerCertificate) => Value): Operator {
  return ofTls(({ peer, peerVerified }) => {
    const issuer = peerVerified ? peer?.chain[1] : undefined;
    return issuer && provide(issuer);
  });
}

/** What a format may tell of TLS with the client, and with the upstream. */
export const tlsOperators: Readonly<Record<string, Operator>> = {
  DOWNSTREAM_TLS_VERSION: ofTls(({ version }) => version),
  DOWNSTREAM_TLS_CIPHER: ofTls(({ cipher }) => cipher),
  DOWNSTREAM_TLS_SESSION_ID: ofTls(({ sessionId }) => sessionId),
  DOWNSTREAM_LOCAL_SUBJECT: ofTls(({ local }) => local.subject),
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
  DOWNSTREAM_PEER_CERT_V_START: peerTime(({ validFromMs }) => validFromMs),
  DOWNSTREAM_PEER_CERT_V_END: peerTime(({ validToMs }) => validToMs),
  UPSTREAM_TLS_VERSION: ofTls(({ version }) => version, upstream),
  UPSTREAM_TLS_CIPHER: ofTls(({ cipher }) => cipher, upstream),
  UPSTREAM_TLS_SESSION_ID: ofTls(({ sessionId }) => sessionId, upstream),
  UPSTREAM_PEER_SUBJECT: ofPeer(({ subject }) => subject, upstream),
  UPSTREAM_PEER_ISSUER: ofPeer(({ issuer }) => issuer, upstream),
  UPSTREAM_PEER_URI_SAN: ofPeer(({ uriSans }) => uriSans, upstream),
  UPSTREAM_PEER_DNS_SAN: ofPeer(({ dnsSans }) => dnsSans, upstream),
  UPSTREAM_PEER_IP_SAN: ofPeer(({ ipSans }) => ipSans, upstream),
  UPSTREAM_LOCAL_URI_SAN: ofTls(({ local }) => local.uriSans, upstream),
  UPSTREAM_LOCAL_DNS_SAN: ofTls(({ local }) => local.dnsSans, upstream),
  UPSTREAM_LOCAL_IP_SAN: ofTls(({ local }) => local.ipSans, upstream),
  UPSTREAM_PEER_CERT: ofPeer(({ urlEncodedPem }) => urlEncodedPem, upstream),
  UPSTREAM_PEER_CERT_V_START: peerTime(({ validFromMs }) => validFromMs, upstream),
  UPSTREAM_PEER_CERT_V_END: peerTime(({ validToMs }) => validToMs, upstream),
  // A sentence of several words, as Envoy's own reasons are: readers that split at blanks get one word.
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: plain(({ info }) => withoutBlanks(info.downstream.transportFailureReason ?? '')),
  TLS_JA3_FINGERPRINT: plain(({ info }) => info.downstream.ja3 || undefined),
  TLS_JA4_FINGERPRINT: plain(({ info }) => info.downstream.ja4 || undefined),
  CONNECTION_TERMINATION_DETAILS: plain(({ info }) => info.downstream.terminationDetails || undefined),
};
