import type { PeerCertificate, TlsConnectionInfo } from '@weft/core-http';
import type { FormatOperator } from './header-format.ts';

type Value = string | readonly string[];

/** A value of the handshake with the client; nothing on plaintext connections. Lists are joined by commas. */
function ofTls(provide: (tls: TlsConnectionInfo) => Value): FormatOperator {
  return ({ info }) => {
    const { ssl } = info.downstream;
    const value = ssl === undefined ? '' : provide(ssl);
    return typeof value === 'string' ? value : value.join(',');
  };
}

function ofPeer(provide: (peer: PeerCertificate) => Value): FormatOperator {
  return ofTls(({ peer }) => (peer === undefined ? '' : provide(peer)));
}

/** What a header may carry of TLS with the client. Source: Envoy's command operators. */
export const TLS_COMMANDS: Readonly<Record<string, FormatOperator>> = {
  DOWNSTREAM_TLS_VERSION: ofTls(({ version }) => version),
  DOWNSTREAM_TLS_CIPHER: ofTls(({ cipher }) => cipher),
  DOWNSTREAM_TLS_SESSION_ID: ofTls(({ sessionId }) => sessionId),
  DOWNSTREAM_LOCAL_SUBJECT: ofTls(({ local }) => local.subject),
  DOWNSTREAM_LOCAL_URI_SAN: ofTls(({ local }) => local.uriSans),
  DOWNSTREAM_LOCAL_DNS_SAN: ofTls(({ local }) => local.dnsSans),
  DOWNSTREAM_PEER_SUBJECT: ofPeer(({ subject }) => subject),
  DOWNSTREAM_PEER_ISSUER: ofPeer(({ issuer }) => issuer),
  DOWNSTREAM_PEER_SERIAL: ofPeer(({ serialNumber }) => serialNumber),
  DOWNSTREAM_PEER_URI_SAN: ofPeer(({ uriSans }) => uriSans),
  DOWNSTREAM_PEER_DNS_SAN: ofPeer(({ dnsSans }) => dnsSans),
  DOWNSTREAM_PEER_EMAIL_SAN: ofPeer(({ emailSans }) => emailSans),
  DOWNSTREAM_PEER_IP_SAN: ofPeer(({ ipSans }) => ipSans),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofPeer(({ sha1Fingerprint }) => sha1Fingerprint),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofPeer(({ sha256Fingerprint }) => sha256Fingerprint),
  DOWNSTREAM_PEER_CERT: ofPeer(({ urlEncodedPem }) => urlEncodedPem),
  DOWNSTREAM_PEER_CERT_V_START: ofPeer(({ validFromMs }) => new Date(validFromMs).toISOString()),
  DOWNSTREAM_PEER_CERT_V_END: ofPeer(({ validToMs }) => new Date(validToMs).toISOString()),
};
