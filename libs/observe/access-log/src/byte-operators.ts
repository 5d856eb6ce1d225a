import type { HeaderMap, StreamInfo, WireBytes } from '@weft/core-http';
import { plain, type Operator } from './operator.ts';
import { downstreamBytes, upstreamBytes } from './wire-bytes.ts';

export const REQUEST_PSEUDO = [':method', ':path', ':authority', ':scheme', ':protocol'];

/** Octets of names and values, those of pseudo headers included. */
export function sizeOf(headers: HeaderMap | undefined, pseudo: readonly string[] = []): number {
  if (headers === undefined) return 0;
  let bytes = headers.byteSize;
  for (const name of pseudo) {
    const value = headers.get(name);
    if (value !== undefined) bytes += name.length + value.length;
  }
  return bytes;
}

/** What one side of the stream cost. Source: Envoy's access log format strings. */
function wireOperators(
  side: 'DOWNSTREAM' | 'UPSTREAM',
  bytesOf: (info: StreamInfo) => Readonly<WireBytes>,
): Readonly<Record<string, Operator>> {
  return {
    [`${side}_WIRE_BYTES_SENT`]: plain(({ info }) => bytesOf(info).sent),
    [`${side}_WIRE_BYTES_RECEIVED`]: plain(({ info }) => bytesOf(info).received),
    [`${side}_HEADER_BYTES_SENT`]: plain(({ info }) => bytesOf(info).headerSent),
    [`${side}_HEADER_BYTES_RECEIVED`]: plain(({ info }) => bytesOf(info).headerReceived),
    [`${side}_DECOMPRESSED_HEADER_BYTES_SENT`]: plain(({ info }) => bytesOf(info).decompressedHeaderSent),
    [`${side}_DECOMPRESSED_HEADER_BYTES_RECEIVED`]: plain(({ info }) => bytesOf(info).decompressedHeaderReceived),
  };
}

/** How much passed. */
export const byteOperators: Readonly<Record<string, Operator>> = {
  BYTES_RECEIVED: plain(({ info }) => info.bytesReceived),
  BYTES_SENT: plain(({ info }) => info.bytesSent),
  // Only QUIC tells.
  BYTES_RETRANSMITTED: plain(() => 0),
  PACKETS_RETRANSMITTED: plain(() => 0),
  // A request that could not be read has no head.
  REQUEST_HEADERS_BYTES: plain(({ info, request }) =>
    info.protocol === '' || !request.has(':path') ? 0 : sizeOf(request, REQUEST_PSEUDO),
  ),
  RESPONSE_HEADERS_BYTES: plain(({ response }) => sizeOf(response, [':status'])),
  RESPONSE_TRAILERS_BYTES: plain(({ trailers }) => sizeOf(trailers)),
  ...wireOperators('DOWNSTREAM', downstreamBytes),
  ...wireOperators('UPSTREAM', upstreamBytes),
};
