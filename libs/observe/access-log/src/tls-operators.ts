import type { PeerCertificate, StreamInfo, TlsConnectionInfo } from '@weft/core-http';
import { DOWNSTREAM_TLS_VALUES, UPSTREAM_TLS_VALUES, type TlsValue } from '@weft/model-policy';
import { plain, withoutBlanks, type LoggedStream, type Operator } from './operator.ts';
import { compileTimeFormat, createIsoTime } from './time-format.ts';

type Side = (stream: LoggedStream) => TlsConnectionInfo | undefined;
const downstream: Side = ({ info }) => info.downstream.ssl;
const upstream: Side = ({ info }) => info.upstreamSsl;

/** Values of a handshake; nothing on plaintext connections. */
function ofSide(values: Readonly<Record<string, TlsValue>>, side: Side): Readonly<Record<string, Operator>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, provide]) => [
      name,
      plain((stream) => {
        const ssl = side(stream);
        return (ssl && provide(ssl)) || undefined;
      }),
    ]),
  );
}

/** A moment of the other side's certificate, by default in ISO form. */
function peerTime(wallMs: (peer: PeerCertificate) => number, side: Side): Operator {
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

/** Lines of requests are written before their connection is closed, whatever ends it. */
const ofConnection = ({ protocol, accessLogType }: StreamInfo): boolean =>
  protocol === '' || accessLogType === 'NotSet';

/** What a format may tell of TLS with the client, and with the upstream. */
export const tlsOperators: Readonly<Record<string, Operator>> = {
  ...ofSide(DOWNSTREAM_TLS_VALUES, downstream),
  ...ofSide(UPSTREAM_TLS_VALUES, upstream),
  DOWNSTREAM_PEER_CERT_V_START: peerTime(({ validFromMs }) => validFromMs, downstream),
  DOWNSTREAM_PEER_CERT_V_END: peerTime(({ validToMs }) => validToMs, downstream),
  UPSTREAM_PEER_CERT_V_START: peerTime(({ validFromMs }) => validFromMs, upstream),
  UPSTREAM_PEER_CERT_V_END: peerTime(({ validToMs }) => validToMs, upstream),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: plain(({ info }) => withoutBlanks(info.downstream.transportFailureReason ?? '')),
  TLS_JA3_FINGERPRINT: plain(({ info }) => info.downstream.ja3 || undefined),
  TLS_JA4_FINGERPRINT: plain(({ info }) => info.downstream.ja4 || undefined),
  DOWNSTREAM_DETECTED_CLOSE_TYPE: plain(({ info }) =>
    ofConnection(info) ? (info.downstream.detectedCloseType ?? 'Normal') : 'Normal',
  ),
  DOWNSTREAM_LOCAL_CLOSE_REASON: plain(({ info }) =>
    ofConnection(info) ? withoutBlanks(info.downstream.localCloseReason ?? '') : undefined,
  ),
  CONNECTION_TERMINATION_DETAILS: plain(({ info }) => info.downstream.terminationDetails || undefined),
};
