import { plain, type LoggedStream, type Operator } from './operator.ts';
import { compileTimeFormat, createIsoTime } from './time-format.ts';

/** Whole milliseconds between two moments, of which -1 did not happen. */
function sinceMs(fromMs: number, toMs: number): number | undefined {
  return fromMs < 0 || toMs < 0 ? undefined : Math.max(0, Math.floor(toMs - fromMs));
}

const isBytes = ({ info }: LoggedStream): boolean => info.protocol === '';

// A stream that is still running may be logged: then what has happened so far counts.
const MOMENTS: Readonly<Record<string, (stream: LoggedStream) => number>> = {
  DS_CX_BEG: (stream) => (isBytes(stream) ? stream.info.startMs : -1),
  DS_CX_END: (stream) => (isBytes(stream) ? stream.info.endMs : -1),
  DS_RX_BEG: ({ info }) => info.startMs,
  DS_RX_END: ({ info }) => info.requestCompleteMs,
  US_CX_BEG: ({ info }) => info.upstreamConnection?.connectBeginMs ?? -1,
  US_CX_END: ({ info }) => info.upstreamConnection?.connectEndMs ?? -1,
  US_HS_END: ({ info }) => info.upstreamConnection?.handshakeEndMs ?? -1,
  US_TX_BEG: ({ info }) => info.firstUpstreamTxMs,
  US_TX_END: ({ info }) => info.lastUpstreamTxMs,
  US_RX_BEG: ({ info }) => info.firstUpstreamRxMs,
  US_RX_BODY_BEG: ({ info }) => info.firstUpstreamBodyMs,
  US_RX_END: ({ info }) => info.lastUpstreamRxMs,
  DS_TX_BEG: ({ info }) => info.firstDownstreamTxMs,
  DS_TX_END: (stream) => (isBytes(stream) ? -1 : stream.info.endMs),
};
const PRECISIONS: Readonly<Record<string, number>> = { ms: 1, us: 1e3, ns: 1e6 };

/** `FROM:TO:PRECISION`. Other names of moments are those that filters set, of which there are none here. */
const commonDuration: Operator = {
  argument: 'required',
  cut: false,
  check(argument) {
    const parts = argument.split(':');
    if ((parts.length === 2 || parts.length === 3) && (parts[2] ?? 'ms') in PRECISIONS) return undefined;
    return `wants two moments and a precision, such as DS_RX_BEG:DS_TX_END:us (moments: ${Object.keys(MOMENTS).join(', ')}; precisions: ms, us, ns)`;
  },
  create(argument) {
    const [from = '', to = '', precision = 'ms'] = argument.split(':');
    const [begin, end, scale] = [MOMENTS[from], MOMENTS[to], PRECISIONS[precision] ?? 1];
    if (begin === undefined || end === undefined) return () => undefined;
    return (stream) => {
      const [fromMs, toMs] = [begin(stream), end(stream)];
      return fromMs < 0 || toMs < fromMs ? undefined : Math.floor((toMs - fromMs) * scale);
    };
  },
};

/** A moment of wall-clock time, by default in ISO form. */
function timeOperator(wallMs: (stream: LoggedStream, nowMs: () => number) => number, local = false): Operator {
  return {
    argument: 'optional',
    cut: false,
    check: (argument) => (/%[-_0^#]*[1-9]*[EO]?n/.test(argument) ? 'takes no line break in its format' : undefined),
    create(argument, { clock }) {
      const format = argument === '' ? createIsoTime(local) : compileTimeFormat(argument, local);
      const now = (): number => clock.wallMs();
      return (stream) => format(wallMs(stream, now));
    },
  };
}

/** When something happened, and how long it took. */
export const timeOperators: Readonly<Record<string, Operator>> = {
  START_TIME: timeOperator(({ info }) => info.startWallMs),
  START_TIME_LOCAL: timeOperator(({ info }) => info.startWallMs, true),
  EMIT_TIME: timeOperator((_stream, nowMs) => nowMs()),
  EMIT_TIME_LOCAL: timeOperator((_stream, nowMs) => nowMs(), true),
  DURATION: plain(({ info }) => sinceMs(info.startMs, info.endMs)),
  REQUEST_DURATION: plain(({ info }) => sinceMs(info.startMs, info.requestCompleteMs)),
  REQUEST_TX_DURATION: plain(({ info }) => sinceMs(info.startMs, info.lastUpstreamTxMs)),
  RESPONSE_DURATION: plain(({ info }) => sinceMs(info.startMs, info.firstUpstreamRxMs)),
  RESPONSE_TX_DURATION: plain(({ info }) => sinceMs(info.firstUpstreamRxMs, info.endMs)),
  // The last acknowledgement of a client is known to QUIC only.
  ROUNDTRIP_DURATION: plain(() => undefined),
  // Counted from the request on, as Envoy has it: below zero, since the handshake came before.
  DOWNSTREAM_HANDSHAKE_DURATION: plain((stream) => {
    const { info } = stream;
    const { handshakeEndMs } = info.downstream;
    return handshakeEndMs === undefined || isBytes(stream) ? undefined : Math.trunc(handshakeEndMs - info.startMs);
  }),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: plain(({ info }) =>
    info.upstreamPoolReadyMs < 0 ? undefined : Math.floor(info.upstreamPoolReadyMs),
  ),
  COMMON_DURATION: commonDuration,
};
