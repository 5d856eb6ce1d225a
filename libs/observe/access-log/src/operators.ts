import { responseFlagsLong, responseFlagsShort } from '@weft/core-http';
import { uuid } from '@weft/core-runtime';
import { addressOperatorTable } from './address-operators.ts';
import { byteOperators } from './byte-operators.ts';
import { coalesceOperator } from './coalesce.ts';
import { grpcOperators } from './grpc-operators.ts';
import { headerOperators } from './header-operators.ts';
import { plain, withoutBlanks, type Operator } from './operator.ts';
import { stateOperators } from './state-operators.ts';
import { timeOperators } from './time-operators.ts';
import { tlsOperators } from './tls-operators.ts';
import { upstreamOperators } from './upstream-operators.ts';

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
  PROTOCOL: plain(({ info }) => info.protocol || undefined),
  RESPONSE_CODE: plain(({ info }) => info.responseCode),
  RESPONSE_CODE_DETAILS: responseCodeDetails,
  RESPONSE_FLAGS: plain(({ info }) => responseFlagsShort(info.responseFlags, info.protocol === '')),
  RESPONSE_FLAGS_LONG: plain(({ info }) => responseFlagsLong(info.responseFlags, info.protocol === '')),
  ROUTE_NAME: plain(({ info }) => info.routeName || undefined),
  VIRTUAL_HOST_NAME: plain(({ info }) => info.virtualHostName || undefined),
  VIRTUAL_CLUSTER_NAME: plain(() => undefined),
  FILTER_CHAIN_NAME: plain(({ info }) => info.downstream.filterChainName || undefined),
  CONNECTION_ID: plain(({ info }) => info.downstream.id),
  STREAM_ID: plain(({ info }) => info.requestId || undefined),
  UNIQUE_ID: {
    argument: 'none',
    cut: false,
    create:
      (_, { random }) =>
      () =>
        uuid(random),
  },
  TRACE_ID: plain(({ info }) => info.traceId || undefined),
  SPAN_ID: plain(({ info }) => info.spanId || undefined),
  // Flags of Envoy's extensions, of which none is here.
  CUSTOM_FLAGS: plain(() => ''),
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
      // A dash even in JSON, as Envoy has it.
      const value = environment(argument) ?? '-';
      return () => value;
    },
  },
  ...timeOperators,
  ...addressOperatorTable,
  ...byteOperators,
  ...grpcOperators,
  ...upstreamOperators,
  ...stateOperators,
  ...tlsOperators,
  ...headerOperators,
  COALESCE: coalesceOperator(findOperator, (name, argument, length) => checkOperator(name, argument, length)),
};

export function findOperator(name: string): Operator | undefined {
  return Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
}

/** Says what is wrong with the use of an operator; undefined for nothing. */
export function checkOperator(
  name: string,
  argument: string | undefined,
  length: string | undefined,
): string | undefined {
  const operator = findOperator(name);
  if (operator === undefined) return `unknown operator "${name}"`;
  if (operator.argument === 'none' && argument !== undefined) return `${name} takes no argument`;
  if (operator.argument === 'required' && (argument ?? '') === '') return `${name} needs an argument`;
  if (!operator.cut && length !== undefined) return `${name} takes no length`;
  const wrong = operator.check?.(argument ?? '');
  return wrong === undefined ? undefined : `${name} ${wrong}`;
}
