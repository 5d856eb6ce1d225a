// Classes of octets as tables: one load for each octet of a head, and no regular expression on the way.

/** For characters of a token (RFC 9110 section 5.6.2) their lower-case code, else 0. */
export const TOKEN_LOWER = table((code) => {
  const char = String.fromCharCode(code);
  return /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char) ? char.toLowerCase().charCodeAt(0) : 0;
});

/** 1 for what a field value may hold: VCHAR, SP, HTAB and obs-text (RFC 9110 section 5.5). */
export const FIELD_VALUE = table((code) => (code === 9 || (code >= 32 && code !== 127) ? 1 : 0));

/** 1 for what a request target may hold: visible ASCII less `#`, which begins what clients must not send. */
export const TARGET = table((code) => (code > 32 && code < 127 && code !== 35 ? 1 : 0));

/** 1 for what a registered name or an IPv4 address may hold (RFC 3986 section 3.2.2). */
export const REG_NAME = table((code) => (/[A-Za-z0-9\-._~!$&'()*+,;=%]/.test(String.fromCharCode(code)) ? 1 : 0));

/** The value of a hexadecimal digit, 255 for anything else. */
export const HEX = table((code) => {
  const value = parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 255 : value;
});

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;

function table(classOf: (code: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => classOf(code));
}

/** Where the next CRLF CRLF begins at or after `from`; -1 where there is none. */
export function findBlankLine(bytes: Buffer, from: number): number {
  const last = bytes.length;
  // The fourth octet of the pattern is looked at first: anything but CR and LF lets the search jump by four.
  for (let i = from + 3; i < last;) {
    const octet = bytes[i];
    if (octet > CR) i += 4;
    else if (octet === LF) {
      if (bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) return i - 3;
      i += 2;
    } else if (octet === CR) i += 1;
    else i += 4;
  }
  return -1;
}

/**
 * The first octet in `bytes[from..to)`, a piece of a head, that makes it hopeless: a control character, a CR without its LF
 * or an LF without its CR. -1 where there is none. `from` is not the middle of a line break.
 */
export function findStrayOctet(bytes: Buffer, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const octet = bytes[i];
    if (FIELD_VALUE[octet] === 1) continue;
    if (octet === CR) {
      if (i + 1 < to && bytes[i + 1] !== LF) return i;
    } else if (octet !== LF || i === 0 || bytes[i - 1] !== CR) return i;
  }
  return -1;
}
