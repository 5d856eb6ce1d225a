import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import type { Output } from './output.ts';

/** `:status` as text, made once for each. */
const STATUS: readonly string[] = Array.from({ length: 1000 }, (_, status) => String(status));

/** Writes the head of a request. */
export function writeRequest(output: Output, streamId: number, headers: RequestHeaderMap, end: boolean): void {
  const { writer, encoder } = output;
  const at = output.beginBlock();
  const { protocol, method } = headers;
  if (protocol !== '') {
    encoder.field(writer, ':method', 'CONNECT');
    encoder.field(writer, ':protocol', protocol);
  } else encoder.field(writer, ':method', method);
  // CONNECT has no path and no scheme (RFC 9113 section 8.5); extended CONNECT has both (RFC 8441 section 4).
  if (protocol !== '' || method !== 'CONNECT') {
    encoder.field(writer, ':scheme', headers.scheme);
    encoder.field(writer, ':path', headers.path);
  }
  if (headers.authority !== '') encoder.field(writer, ':authority', headers.authority);
  writeFields(output, headers.raw);
  output.endBlock(at, streamId, end);
}

/** Writes the head of a response, interim or final. `status` is what goes on the wire. */
export function writeResponse(output: Output, streamId: number, headers: ResponseHeaderMap, end: boolean): void {
  const { status } = headers;
  const at = output.beginBlock();
  // An upgrade that came about is a CONNECT that did (RFC 8441 section 5).
  output.encoder.field(output.writer, ':status', STATUS[status === 101 ? 200 : status] ?? String(status));
  writeFields(output, headers.raw);
  output.endBlock(at, streamId, end);
}

/** Writes trailers, which end the stream; false where there are none to write. */
export function writeTrailers(output: Output, streamId: number, trailers: HeaderMap): boolean {
  if (trailers.raw.length === 0) return false;
  const at = output.beginBlock();
  writeFields(output, trailers.raw);
  output.endBlock(at, streamId, true);
  return true;
}

function writeFields(output: Output, raw: readonly string[]): void {
  const { writer, encoder } = output;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    if (belongs(name, value)) encoder.field(writer, name, value);
  }
}

/** Fields of one HTTP/1.1 connection have no place here (RFC 9113 section 8.2.2). */
function belongs(name: string, value: string): boolean {
  switch (name.length) {
    case 2:
      return name !== 'te' || value === 'trailers';
    case 4:
      return name !== 'host';
    case 7:
      return name !== 'upgrade';
    case 10:
      return name !== 'connection' && name !== 'keep-alive';
    case 14:
      return name !== 'http2-settings';
    case 16:
      return name !== 'proxy-connection';
    case 17:
      return name !== 'transfer-encoding';
    default:
      return true;
  }
}
