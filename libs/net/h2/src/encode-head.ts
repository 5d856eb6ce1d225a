import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, WireBytes } from '@weft/core-http';
import type { Output } from './output.ts';
import type { Http2Stream } from './stream.ts';

/** `:status` and its three digits. */
const STATUS_BYTES = 10;

/** `:status` as text, made once for each. */
const STATUS: readonly string[] = Array.from({ length: 1000 }, (_, status) => String(status));

/** What heads are written of. */
type Written = Pick<Http2Stream, 'id' | 'bytes'>;

/** Writes the head of a request. */
export function writeRequest(output: Output, stream: Written, headers: RequestHeaderMap, end: boolean): void {
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
  const framed = output.endBlock(at, stream.id, end);
  if (stream.bytes !== undefined) count(stream.bytes, framed, requestPseudoBytes(headers) + fieldBytes(headers.raw));
}

/** Writes the head of a response, interim or final. `status` is what goes on the wire. */
export function writeResponse(output: Output, stream: Written, headers: ResponseHeaderMap, end: boolean): void {
  const { status } = headers;
  const at = output.beginBlock();
  // An upgrade that came about is a CONNECT that did (RFC 8441 section 5).
  output.encoder.field(output.writer, ':status', STATUS[status === 101 ? 200 : status] ?? String(status));
  writeFields(output, headers.raw);
  const framed = output.endBlock(at, stream.id, end);
  if (stream.bytes !== undefined) count(stream.bytes, framed, STATUS_BYTES + fieldBytes(headers.raw));
}

/** Writes trailers, which end the stream; false where there are none to write. */
export function writeTrailers(output: Output, stream: Written, trailers: HeaderMap): boolean {
  if (trailers.raw.length === 0) return false;
  const at = output.beginBlock();
  writeFields(output, trailers.raw);
  const framed = output.endBlock(at, stream.id, true);
  if (stream.bytes !== undefined) count(stream.bytes, framed, fieldBytes(trailers.raw));
  return true;
}

function count(bytes: WireBytes, framed: number, decompressed: number): void {
  bytes.sent += framed;
  bytes.headerSent += framed;
  bytes.decompressedHeaderSent += decompressed;
}

/** Octets of the names and values of a request's pseudo headers, as `writeRequest` writes them. */
function requestPseudoBytes({ protocol, method, scheme, path, authority }: RequestHeaderMap): number {
  let bytes = 7 + (protocol === '' ? method.length : 'CONNECT'.length);
  if (protocol !== '') bytes += 9 + protocol.length;
  if (protocol !== '' || method !== 'CONNECT') bytes += 12 + scheme.length + path.length;
  return authority === '' ? bytes : bytes + 10 + authority.length;
}

/** Octets of the names and values that `writeFields` writes. */
function fieldBytes(raw: readonly string[]): number {
  let bytes = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    if (belongs(name, value)) bytes += name.length + value.length;
  }
  return bytes;
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
