import type { HeaderMap } from '@weft/core-http';
import type { LoggedStream, Operator, ValueProvider } from './operator.ts';

/** `X?Y`: the header X, or else Y. Names in lower case, as header maps have them. */
function parseNames(argument: string): { main: string; other: string | undefined } {
  const [main = '', other] = argument.toLowerCase().split('?');
  return { main, other };
}

function checkNames(argument: string): string | undefined {
  return argument.split('?').length > 2 ? `names more than one alternative header: ${argument}` : undefined;
}

function headerOperator(headers: (stream: LoggedStream) => HeaderMap | undefined): Operator {
  return {
    argument: 'required',
    cut: true,
    check: checkNames,
    create: (argument) => valueOf(headers, argument),
  };
}

function valueOf(headers: (stream: LoggedStream) => HeaderMap | undefined, argument: string): ValueProvider {
  const { main, other } = parseNames(argument);
  if (other === undefined) return (stream) => headers(stream)?.get(main);
  return (stream) => {
    const map = headers(stream);
    return map?.get(main) ?? map?.get(other);
  };
}

function withoutQuery(path: string | undefined): string | undefined {
  const at = path?.indexOf('?') ?? -1;
  return at < 0 ? path : path?.slice(0, at);
}

const REQUEST = headerOperator(({ request }) => request);
const RESPONSE = headerOperator(({ response }) => response);
const TRAILER = headerOperator(({ trailers }) => trailers);

const reqWithoutQuery: Operator = {
  argument: 'required',
  cut: true,
  check: checkNames,
  create(argument) {
    const value = valueOf(({ request }) => request, argument);
    return (stream) => withoutQuery(value(stream) as string | undefined);
  },
};

const PATH_SOURCES: Readonly<Record<string, ValueProvider>> = {
  ORIG: ({ request }) => request.get('x-envoy-original-path'),
  PATH: ({ request }) => request.get(':path'),
  ORIG_OR_PATH: ({ request }) => request.get('x-envoy-original-path') ?? request.get(':path'),
};

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)`: with or without the query, of which path. */
const path: Operator = {
  argument: 'optional',
  cut: true,
  check(argument) {
    const [query = '', source = ''] = argument.split(':');
    const known = ['', 'WQ', 'NQ'].includes(query) && (source === '' || source in PATH_SOURCES);
    return known ? undefined : 'wants WQ or NQ, and ORIG, PATH or ORIG_OR_PATH, such as NQ:ORIG';
  },
  create(argument) {
    const [query, source = ''] = argument.split(':');
    const value = PATH_SOURCES[source === '' ? 'ORIG_OR_PATH' : source] as ValueProvider;
    return query === 'NQ' ? (stream) => withoutQuery(value(stream) as string | undefined) : value;
  },
};

const queryParameter: Operator = {
  argument: 'required',
  cut: true,
  create:
    (name) =>
    ({ request }) => {
      const at = request.path.indexOf('?');
      return at < 0 ? undefined : (new URLSearchParams(request.path.slice(at + 1)).get(name) ?? undefined);
    },
};

/** `QUERY_PARAMS(ORIG|DECODED)`: the query whole. Envoy 1.40 decodes it in neither. */
const queryParameters: Operator = {
  argument: 'optional',
  cut: true,
  check: (argument) => (['', 'ORIG', 'DECODED'].includes(argument) ? undefined : 'takes ORIG, DECODED or nothing'),
  create:
    () =>
    ({ request }) => {
      const at = request.path.indexOf('?');
      return at < 0 ? undefined : request.path.slice(at + 1) || undefined;
    },
};

const ORIGINAL_HOST = 'x-envoy-original-host';
const HOST_SOURCES: Readonly<Record<string, ValueProvider>> = {
  ORIG: ({ request }) => request.get(ORIGINAL_HOST),
  HOST: ({ request }) => request.get(':authority'),
  ORIG_OR_HOST: ({ request }) => request.get(ORIGINAL_HOST) ?? request.get(':authority'),
};
const serverName: ValueProvider = ({ info }) => info.downstream.requestedServerName || undefined;

/** `REQUESTED_SERVER_NAME(SNI_ONLY|SNI_FIRST|HOST_FIRST:ORIG|HOST|ORIG_OR_HOST)`: of TLS, or of the request. */
const requestedServerName: Operator = {
  argument: 'optional',
  cut: false,
  check(argument) {
    const [order = '', source, ...more] = argument.split(':');
    const known = ['', 'SNI_ONLY', 'SNI_FIRST', 'HOST_FIRST'].includes(order) && more.length === 0;
    if (known && (source === undefined || source in HOST_SOURCES)) return undefined;
    return 'wants SNI_ONLY, SNI_FIRST or HOST_FIRST, and ORIG, HOST or ORIG_OR_HOST, such as SNI_FIRST:HOST';
  },
  create(argument) {
    const [order, source = 'ORIG_OR_HOST'] = argument.split(':');
    const host = HOST_SOURCES[source] as ValueProvider;
    if (order === 'SNI_FIRST') return (stream) => serverName(stream) ?? host(stream);
    return order === 'HOST_FIRST' ? (stream) => host(stream) ?? serverName(stream) : serverName;
  },
};

/** The operators that look at headers. */
export const headerOperators: Readonly<Record<string, Operator>> = {
  REQ: REQUEST,
  REQUEST_HEADER: REQUEST,
  RESP: RESPONSE,
  RESPONSE_HEADER: RESPONSE,
  TRAILER,
  RESPONSE_TRAILER: TRAILER,
  REQ_WITHOUT_QUERY: reqWithoutQuery,
  PATH: path,
  QUERY_PARAM: queryParameter,
  QUERY_PARAMS: queryParameters,
  REQUESTED_SERVER_NAME: requestedServerName,
};
