import { ResponseHeaderMap, type RequestHeaderMap } from '@weft/core-http';
import { isGrpc } from '@weft/model-route';
import type { LocalReply } from '@weft/proxy-filter-api';

/** gRPC codes for HTTP statuses. Source: gRPC's "HTTP to gRPC status code mapping", as Envoy applies it. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const GRPC_UNKNOWN = 2;
const EMPTY = Buffer.alloc(0);

export interface LocalReplyMessage {
  readonly headers: ResponseHeaderMap;
  readonly body: Buffer;
}

/** A local reply as head and body. To a gRPC client it is a trailers-only response: 200 with grpc-status. */
export function localReplyHead(
  reply: LocalReply,
  request: RequestHeaderMap,
  contentType = 'text/plain',
): LocalReplyMessage {
  const { status, body, headers: more } = reply;
  const grpc = isGrpc(request);
  const headers = new ResponseHeaderMap(grpc ? 200 : status, more === undefined ? [] : [...more]);
  if (grpc) {
    headers.set('content-type', 'application/grpc');
    headers.set('grpc-status', String(reply.grpcStatus ?? GRPC_STATUS[status] ?? GRPC_UNKNOWN));
    if (body !== '') headers.set('grpc-message', percentEncode(body.trimEnd()));
    return { headers, body: EMPTY };
  }
  if (body === '') return { headers, body: EMPTY };
  const bytes = Buffer.from(body);
  headers.set('content-length', String(bytes.length));
  if (!headers.has('content-type')) headers.add('content-type', contentType);
  return { headers, body: bytes };
}

/** The gRPC over HTTP/2 specification's encoding of grpc-message: printable ASCII but `%` stays as it is. */
function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}
