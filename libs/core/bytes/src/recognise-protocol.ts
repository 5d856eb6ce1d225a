/** What the first bytes of a connection can be told to be. */
export type RecognisedProtocol =
  | 'TLS ClientHello'
  | 'TLS alert'
  | 'HTTP/1.x request'
  | 'HTTP/1.x response'
  | 'HTTP/2 preface'
  | 'SSH'
  | 'PROXY protocol'
  | 'SMTP or FTP greeting'
  | 'Redis';

const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const PROXY_V2 = '\r\n\r\n\0\r\nQUIT\n';
/** A token of RFC 9110 in capitals, then the request target: the shortest start that no other text protocol here has. */
const REQUEST_START = /^[A-Z]{3,20} (?:\/|\*|[a-z]+:\/\/|[\w.[\]-]+:\d)/;

/**
 * Names the protocol that a peer speaks by its first bytes; undefined where they are too few or say nothing. For messages
 * to people ("the client spoke plaintext HTTP"): a codec decides by its own reading, never by this.
 */
export function recogniseProtocol(first: Uint8Array): RecognisedProtocol | undefined {
  if (first.length >= 3 && first[1] === 3) {
    if (first[0] === 22) return 'TLS ClientHello';
    if (first[0] === 21) return 'TLS alert';
  }
  const text = latin1(first.subarray(0, 64));
  if (text.length >= 4 && HTTP2_PREFACE.startsWith(text.slice(0, 24))) return 'HTTP/2 preface';
  if (text.startsWith(PROXY_V2) || /^PROXY (?:TCP[46]|UNKNOWN)/.test(text)) return 'PROXY protocol';
  if (text.startsWith('HTTP/1.')) return 'HTTP/1.x response';
  if (REQUEST_START.test(text)) return 'HTTP/1.x request';
  if (text.startsWith('SSH-')) return 'SSH';
  if (/^220[ -]/.test(text)) return 'SMTP or FTP greeting';
  if (/^[*$]\d{1,9}\r\n/.test(text)) return 'Redis';
  return undefined;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
