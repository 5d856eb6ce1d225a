import { isGrpc } from '@weft/model-route';
import { plain, type LoggedStream, type Operator } from './operator.ts';

// Source: google/rpc/code.proto, in the order of its numbers; the first two forms differ in more than their case.
const CAMEL = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied',
  'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss',
  'Unauthenticated',
] as const; // prettier-ignore
const SNAKE = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE',
  'DATA_LOSS', 'UNAUTHENTICATED',
] as const; // prettier-ignore

/** What an HTTP status means to a client of gRPC. Source: gRPC over HTTP, "HTTP to gRPC status code mapping". */
const OF_HTTP: Readonly<Record<number, number>> = {
  400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14,
}; // prettier-ignore

/** The status of a gRPC call; undefined for requests that are none. */
function grpcStatus(stream: LoggedStream): number | undefined {
  return isGrpc(stream.request) ? grpcStatusOf(stream) : undefined;
}

/**
 * The status of what is taken for a gRPC call: what its trailers say, or its head, or else what its HTTP status amounts to.
 * Undefined: nothing was answered; -1: what they say is no number.
 */
export function grpcStatusOf({ info, response, trailers }: LoggedStream): number | undefined {
  const said = trailers?.get('grpc-status') ?? response?.get('grpc-status');
  if (said !== undefined && /^\d{1,10}$/.test(said)) return Number(said);
  if (said !== undefined) return -1;
  return info.responseCode === 0 ? undefined : (OF_HTTP[info.responseCode] ?? 2);
}

const named =
  (names: readonly string[]) =>
  (stream: LoggedStream): string | undefined => {
    const status = grpcStatus(stream);
    return status === undefined ? undefined : (names[status] ?? String(status));
  };

const FORMS: Readonly<Record<string, (stream: LoggedStream) => string | number | undefined>> = {
  '': named(CAMEL),
  CAMEL_STRING: named(CAMEL),
  SNAKE_STRING: named(SNAKE),
  NUMBER: grpcStatus,
};

/** How gRPC calls ended; nothing for requests that are none. */
export const grpcOperators: Readonly<Record<string, Operator>> = {
  GRPC_STATUS: {
    argument: 'optional',
    cut: false,
    check: (argument) => (argument in FORMS ? undefined : 'wants CAMEL_STRING, SNAKE_STRING or NUMBER'),
    create: (argument) => FORMS[argument] as (stream: LoggedStream) => string | number | undefined,
  },
  GRPC_STATUS_NUMBER: plain(grpcStatus),
};
