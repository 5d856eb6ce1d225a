import type { PeerCertificate } from '@weft/core-http';
import type { FormatOperator } from './header-format.ts';
import { DOWNSTREAM_TLS_VALUES, type TlsValue } from './tls-values.ts';

const ofClient =
  (provide: TlsValue): FormatOperator =>
  ({ info }) => {
    const { ssl } = info.downstream;
    return ssl === undefined ? '' : provide(ssl);
  };

const peerTime = (wallMs: (peer: PeerCertificate) => number): FormatOperator =>
  ofClient(({ peer }) => (peer === undefined ? '' : new Date(wallMs(peer)).toISOString()));

/** What a header may carry of TLS with the client; nothing on plaintext connections. Source: Envoy's command operators. */
export const TLS_COMMANDS: Readonly<Record<string, FormatOperator>> = {
  ...Object.fromEntries(Object.entries(DOWNSTREAM_TLS_VALUES).map(([name, provide]) => [name, ofClient(provide)])),
  DOWNSTREAM_PEER_CERT_V_START: peerTime(({ validFromMs }) => validFromMs),
  DOWNSTREAM_PEER_CERT_V_END: peerTime(({ validToMs }) => validToMs),
};
