import type { DecodeContext } from '@weft/api-envoy';
import { responseFlagsLong, responseFlagsShort, type SocketAddress } from '@weft/core-http';
import { wireText } from '@weft/model-match';
import { TLS_COMMANDS } from './tls-commands.ts';
import { HeaderFormat, type FormatContext, type FormatOperator } from './header-format.ts';

/** The commands that take no argument. Source: Envoy's command operators, those that headers are likely to carry. */
const PLAIN: Readonly<Record<string, FormatOperator>> = {
  PROTOCOL: (cx) => cx.info.protocol,
  DOWNSTREAM_REMOTE_ADDRESS: (cx) => cx.info.remoteAddress.text,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (cx) => cx.info.remoteAddress.ip,
  DOWNSTREAM_REMOTE_PORT: (cx) => port(cx.info.remoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (cx) => cx.info.downstream.directRemoteAddress.text,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (cx) => cx.info.downstream.directRemoteAddress.ip,
  DOWNSTREAM_DIRECT_REMOTE_PORT: (cx) => port(cx.info.downstream.directRemoteAddress),
  DOWNSTREAM_LOCAL_ADDRESS: (cx) => cx.info.downstream.localAddress.text,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (cx) => cx.info.downstream.localAddress.ip,
  DOWNSTREAM_LOCAL_PORT: (cx) => port(cx.info.downstream.localAddress),
  CONNECTION_ID: (cx) => String(cx.info.downstream.id),
  REQUESTED_SERVER_NAME: (cx) => cx.info.downstream.requestedServerName,
  UPSTREAM_HOST: (cx) => cx.info.upstreamHost?.text ?? '',
  UPSTREAM_HOST_NAME: (cx) => cx.info.upstreamHostName || (cx.info.upstreamHost?.text ?? ''),
  UPSTREAM_REMOTE_ADDRESS: (cx) => cx.info.upstreamHost?.text ?? '',
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (cx) => cx.info.upstreamHost?.ip ?? '',
  UPSTREAM_REMOTE_PORT: (cx) => port(cx.info.upstreamHost),
  UPSTREAM_LOCAL_ADDRESS: (cx) => cx.info.upstreamLocalAddress?.text ?? '',
  UPSTREAM_CLUSTER: (cx) => cx.info.upstreamCluster,
  UPSTREAM_TRANSPORT_FAILURE_REASON: (cx) => cx.info.upstreamTransportFailureReason,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (cx) => String(cx.info.attemptCount),
  ROUTE_NAME: (cx) => cx.info.routeName,
  VIRTUAL_CLUSTER_NAME: () => '',
  STREAM_ID: (cx) => cx.info.requestId,
  TRACE_ID: (cx) => cx.info.traceId,
  RESPONSE_CODE: (cx) => (cx.info.responseCode === 0 ? '' : String(cx.info.responseCode)),
  RESPONSE_CODE_DETAILS: (cx) => cx.info.responseCodeDetails,
  RESPONSE_FLAGS: (cx) => responseFlagsShort(cx.info.responseFlags),
  RESPONSE_FLAGS_LONG: (cx) => responseFlagsLong(cx.info.responseFlags),
  ...TLS_COMMANDS,
};

/** `%REQ(FIRST?OTHER):LENGTH%` and its kin. */
const COMMAND = /%%|%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%/g;

/** The value of a header to add. Commands that are unknown are faults, as in Envoy. */
export function decodeHeaderFormat(text: string, cx: DecodeContext): HeaderFormat | undefined {
  const parts: (string | FormatOperator)[] = [];
  let at = 0;
  for (const match of text.matchAll(COMMAND)) {
    const [whole, command, argument, length] = match;
    literal(text.slice(at, match.index), parts, cx);
    at = match.index + whole.length;
    if (command === undefined) {
      parts.push('%');
      continue;
    }
    const operator = decodeCommand(command, argument);
    if (operator === undefined) {
      cx.error(`unknown command ${whole}`, { expected: `one of REQ(), RESP(), ${Object.keys(PLAIN).join(', ')}` });
      return undefined;
    }
    parts.push(length === undefined ? operator : truncated(operator, Number(length)));
  }
  literal(text.slice(at), parts, cx);
  return new HeaderFormat(parts);
}

function literal(text: string, parts: (string | FormatOperator)[], cx: DecodeContext): void {
  if (text.includes('%')) cx.error('has a single %', { expected: 'a command such as %PROTOCOL%, or %% for the sign' });
  if (text !== '') parts.push(wireText(text));
}

function decodeCommand(command: string, argument: string | undefined): FormatOperator | undefined {
  if (argument === undefined) return Object.hasOwn(PLAIN, command) ? PLAIN[command] : undefined;
  const [first = '', other = ''] = argument.toLowerCase().split('?');
  if (first === '') return undefined;
  if (command === 'REQ') return (cx) => headerOf(cx.requestHeaders, first, other);
  if (command === 'RESP') return (cx) => (cx.responseHeaders ? headerOf(cx.responseHeaders, first, other) : '');
  return undefined;
}

function headerOf(
  headers: FormatContext['requestHeaders'] | NonNullable<FormatContext['responseHeaders']>,
  first: string,
  other: string,
): string {
  return headers.get(first) ?? (other === '' ? '' : (headers.get(other) ?? ''));
}

function truncated(operator: FormatOperator, length: number): FormatOperator {
  return (cx) => operator(cx).slice(0, length);
}

function port(address: SocketAddress | undefined): string {
  return address === undefined ? '' : String(address.port);
}
