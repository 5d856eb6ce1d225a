/** What the first bytes of a plaintext connection are; `more`: nothing speaks against HTTP so far. */
export type HttpGuess = 'more' | 'h2c' | 'http/1.1' | 'http/1.0' | 'none';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Longer request lines are no HTTP to this filter. As Envoy's limit. */
export const MAX_REQUEST_LINE_BYTES = 64 * 1024;
const CR = 13;
const LF = 10;
const SPACE = 32;

/** Reads as little as tells HTTP/1.x and HTTP/2 from anything else. Cut anywhere: give all bytes so far each time. */
export function recogniseHttp(bytes: Buffer): HttpGuess {
  const { length } = bytes;
  const start = Math.min(length, PREFACE.length);
  if (bytes.compare(PREFACE, 0, start, 0, start) === 0) return length >= PREFACE.length ? 'h2c' : 'more';
  // Clients may send empty lines before a request (RFC 9112 section 2.2).
  let at = 0;
  while (at < length && (bytes[at] === CR || bytes[at] === LF)) at += 1;
  const method = tokenEnd(bytes, at);
  if (method === length) return tooLong(length);
  if (method === at || bytes[method] !== SPACE) return 'none';
  const end = bytes.indexOf(LF, method);
  if (hasControls(bytes, method, end === -1 ? length : end)) return 'none';
  if (end === -1) return tooLong(length);
  return versionOf(bytes.toString('latin1', method, bytes[end - 1] === CR ? end - 1 : end));
}

function tooLong(length: number): HttpGuess {
  return length > MAX_REQUEST_LINE_BYTES ? 'none' : 'more';
}

function versionOf(rest: string): HttpGuess {
  const match = /^ +[^ ]+ +HTTP\/1\.([01]) *$/.exec(rest);
  if (match === null) return 'none';
  return match[1] === '1' ? 'http/1.1' : 'http/1.0';
}

/** The first place from `at` on that is no character of a token (RFC 9110 section 5.6.2). */
function tokenEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (end < bytes.length && /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(bytes[end] as number))) end += 1;
  return end;
}

function hasControls(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if ((byte < SPACE && byte !== CR) || byte === 127) return true;
  }
  return false;
}
