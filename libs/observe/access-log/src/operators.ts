import { responseFlagsLong, responseFlagsShort, type SocketAddress } from '@weft/core-http';
import { headerOperators } from './header-operators.ts';
import type { LoggedStream, Operator, ValueProvider } from './operator.ts';
import { stateOperators } from './state-operators.ts';
import { tlsOperators } from './tls-operators.ts';
import { compileTimeFormat, createIsoTime } from './time-format.ts';

/** A value of the stream, without argument. */
function plain(provide: ValueProvider): Operator {
  return { argument: 'none', cut: false, create: () => provide };
}

/** The same of an address: whole, without its port, and its port alone. */
function addressOperators(
  name: string,
  portName: string,
  address: (stream: LoggedStream) => SocketAddress | undefined,
): Readonly<Record<string, Operator>> {
  return {
    [name]: plain((stream) => address(stream)?.text),
    [`${name}_WITHOUT_PORT`]: plain((stream) => address(stream)?.ip),
    [portName]: plain((stream) => address(stream)?.port || undefined),
  };
}

/** Whole milliseconds between two moments, of which -1 did not happen. */
function sinceMs(fromMs: number, toMs: number): number | undefined {
  return fromMs < 0 || toMs < 0 ? undefined : Math.max(0, Math.floor(toMs - fromMs));
}

// START_TIME may be told for a stream that is still running: then what has happened so far counts.
const MOMENTS: Readonly<Record<string, (stream: LoggedStream) => number>> = {
  DS_RX_BEG: ({ info }) => info.startMs,
  DS_RX_END: ({ info }) => info.requestCompleteMs,
  US_TX_BEG: ({ info }) => info.firstUpstreamTxMs,
  US_TX_END: ({ info }) => info.lastUpstreamTxMs,
  US_RX_BEG: ({ info }) => info.firstUpstreamRxMs,
  US_RX_END: ({ info }) => info.lastUpstreamRxMs,
  DS_TX_BEG: ({ info }) => info.firstDownstreamTxMs,
  DS_TX_END: ({ info }) => info.endMs,
};
const PRECISIONS: Readonly<Record<string, number>> = { ms: 1, us: 1e3, ns: 1e6 };

const commonDuration: Operator = {
  argument: 'required',
  cut: false,
  check(argument) {
    const [from = '', to = '', precision = ''] = argument.split(':');
    if (from in MOMENTS && to in MOMENTS && precision in PRECISIONS) return undefined;
    return `wants two moments and a precision, such as DS_RX_BEG:DS_TX_END:us (moments: ${Object.keys(MOMENTS).join(', ')}; precisions: ms, us, ns)`;
  },
  create(argument) {
    const [from = '', to = '', precision = ''] = argument.split(':');
    const [begin, end, scale] = [MOMENTS[from], MOMENTS[to], PRECISIONS[precision]];
    return (stream) => {
      const [fromMs, toMs] = [begin?.(stream) ?? -1, end?.(stream) ?? -1];
      return fromMs < 0 || toMs < 0 ? undefined : Math.max(0, Math.floor((toMs - fromMs) * (scale ?? 1)));
    };
  },
};

/** A moment of wall-clock time, by default in ISO form. */
function timeOperator(wallMs: (stream: LoggedStream, nowMs: () => number) => number): Operator {
  return {
    argument: 'optional',
    cut: false,
    create(argument, { clock }) {
      const format = argument === '' ? createIsoTime() : compileTimeFormat(argument);
      const now = (): number => clock.wallMs();
      return (stream) => format(wallMs(stream, now));
    },
  };
}

// Log readers split at blanks; Envoy writes sentences of its own with underscores.
function withoutBlanks(text: string): string | undefined {
  if (text === '') return undefined;
  return text.includes(' ') ? text.replaceAll(' ', '_') : text;
}

function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const responseCodeDetails: Operator = {
  argument: 'optional',
  cut: false,
  check: (argument) =>
    ['', 'ALLOW_WHITESPACES'].includes(argument) ? undefined : 'takes ALLOW_WHITESPACES or nothing',
  create: (argument) =>
    argument === ''
      ? ({ info }) => withoutBlanks(info.responseCodeDetails)
      : ({ info }) => info.responseCodeDetails || undefined,
};

/** Every operator that a format may have, by Envoy's names. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  START_TIME: timeOperator(({ info }) => info.startWallMs),
  EMIT_TIME: timeOperator((_stream, nowMs) => nowMs()),
  BYTES_RECEIVED: plain(({ info }) => info.bytesReceived),
  BYTES_SENT: plain(({ info }) => info.bytesSent),
  PROTOCOL: plain(({ info }) => info.protocol || undefined),
  RESPONSE_CODE: plain(({ info }) => info.responseCode),
  RESPONSE_CODE_DETAILS: responseCodeDetails,
  RESPONSE_FLAGS: plain(({ info }) => responseFlagsShort(info.responseFlags, info.protocol === '')),
  RESPONSE_FLAGS_LONG: plain(({ info }) => responseFlagsLong(info.responseFlags, info.protocol === '')),
  DURATION: plain(({ info }) => sinceMs(info.startMs, info.endMs)),
  REQUEST_DURATION: plain(({ info }) => sinceMs(info.startMs, info.requestCompleteMs)),
  REQUEST_TX_DURATION: plain(({ info }) => sinceMs(info.startMs, info.lastUpstreamTxMs)),
  RESPONSE_DURATION: plain(({ info }) => sinceMs(info.startMs, info.firstUpstreamRxMs)),
  RESPONSE_TX_DURATION: plain(({ info }) => sinceMs(info.firstUpstreamRxMs, info.endMs)),
  COMMON_DURATION: commonDuration,
  UPSTREAM_HOST: plain(({ info }) => info.upstreamHost?.text),
  UPSTREAM_HOST_NAME: plain(({ info }) => info.upstreamHostName || info.upstreamHost?.text),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain(({ info }) => info.upstreamHostName || info.upstreamHost?.ip),
  ...addressOperators('UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_PORT', ({ info }) =>
    info.upstreamLocalAddress === undefined ? undefined : info.upstreamHost,
  ),
  ...addressOperators('UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_LOCAL_PORT', ({ info }) => info.upstreamLocalAddress),
  ...addressOperators('DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE_PORT', ({ info }) => info.remoteAddress),
  ...addressOperators(
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE_PORT',
    ({ info }) => info.downstream.directRemoteAddress,
  ),
  ...addressOperators('DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_LOCAL_PORT', ({ info }) => info.downstream.localAddress),
  UPSTREAM_CLUSTER: plain(({ info }) => info.upstreamCluster || undefined),
  UPSTREAM_CLUSTER_RAW: plain(({ info }) => info.upstreamCluster || undefined),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(({ info }) => withoutBlanks(info.upstreamTransportFailureReason)),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ info }) => info.attemptCount),
  ROUTE_NAME: plain(({ info }) => info.routeName || undefined),
  VIRTUAL_HOST_NAME: plain(({ info }) => info.virtualHostName || undefined),
  VIRTUAL_CLUSTER_NAME: plain(() => undefined),
  FILTER_CHAIN_NAME: plain(({ info }) => info.downstream.filterChainName || undefined),
  REQUESTED_SERVER_NAME: plain(({ info }) => info.downstream.requestedServerName || undefined),
  CONNECTION_ID: plain(({ info }) => info.downstream.id),
  STREAM_ID: plain(({ info }) => info.requestId || undefined),
  UNIQUE_ID: {
    argument: 'none',
    cut: false,
    create:
      (_, { random }) =>
      () =>
        uuid(random.hex(16)),
  },
  TRACE_ID: plain(({ info }) => info.traceId || undefined),
  LOCAL_REPLY_BODY: plain(({ localReplyBody }) => localReplyBody),
  ACCESS_LOG_TYPE: plain(({ info }) => info.accessLogType),
  HOSTNAME: {
    argument: 'none',
    cut: false,
    create:
      (_, { hostname }) =>
      () =>
        hostname,
  },
  ENVIRONMENT: {
    argument: 'required',
    cut: true,
    create(argument, { environment }) {
      const value = environment(argument);
      return () => value;
    },
  },
  ...stateOperators,
  ...tlsOperators,
  ...headerOperators,
};
