import { GRPC_STATUS, type GrpcStatus } from '@weft/core-grpc';
import type { HeaderMap, ResetReason } from '@weft/core-http';

/** The status that trailers name, or a head without a body; undefined where they name none. */
export function statusIn(headers: HeaderMap): GrpcStatus | undefined {
  const text = headers.get('grpc-status');
  if (text === undefined) return undefined;
  const message = percentDecoded(headers.get('grpc-message') ?? '');
  if (!/^\d+$/.test(text)) return { code: GRPC_STATUS.UNKNOWN, message: `grpc-status is "${text}"` };
  return { code: Number(text), message };
}

/**
 * What a response without a gRPC status means.
 * Source: gRPC, "HTTP to gRPC Status Code Mapping".
 */
export function statusOfHttp(status: number): GrpcStatus {
  const code = HTTP_STATUS[status] ?? (status >= 100 && status < 200 ? GRPC_STATUS.INTERNAL : GRPC_STATUS.UNKNOWN);
  return { code, message: `the server answered with HTTP status ${status} and no grpc-status` };
}

const HTTP_STATUS: Readonly<Record<number, number>> = {
  400: GRPC_STATUS.INTERNAL,
  401: GRPC_STATUS.UNAUTHENTICATED,
  403: GRPC_STATUS.PERMISSION_DENIED,
  404: GRPC_STATUS.UNIMPLEMENTED,
  429: GRPC_STATUS.UNAVAILABLE,
  502: GRPC_STATUS.UNAVAILABLE,
  503: GRPC_STATUS.UNAVAILABLE,
  504: GRPC_STATUS.UNAVAILABLE,
};

/** What a stream that ended early means. */
export function statusOfReset(reason: ResetReason): GrpcStatus {
  const code = reason === 'protocol error' ? GRPC_STATUS.INTERNAL : GRPC_STATUS.UNAVAILABLE;
  return { code, message: `the stream ended early: ${reason}` };
}

/** Source: gRPC over HTTP/2, Percent-Encoded. Text that is not encoded rightly stays as it is. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
