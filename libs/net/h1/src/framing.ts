import { removeNominated } from './connection-field.ts';
import { Details } from './details.ts';
import type { FieldParser } from './field-parser.ts';

/** How the end of a body is found: a number of octets, or one of these. */
export const Framing = {
  /** By chunks. */
  chunked: -1,
  /** Neither Content-Length nor Transfer-Encoding was given. */
  none: -2,
  /** The head contradicts itself; the body cannot be found. */
  faulty: -3,
} as const;

// 2^53 has 16 digits; what is longer is no length but an attack.
const MAX_LENGTH_DIGITS = 15;

/**
 * Judges Content-Length and Transfer-Encoding together (RFC 9112 section 6.3), as strictly as it goes: whatever two
 * parsers could read in two ways is refused. A faulty framing leaves its reason in `fields.error`.
 * @param allowChunkedLength a Content-Length beside chunks is removed from the fields instead.
 */
export function judgeFraming(fields: FieldParser, allowChunkedLength: boolean): number {
  if (fields.transferEncodings > 0) return judgeTransferEncoding(fields, allowChunkedLength);
  if (fields.contentLengths === 0) return Framing.none;
  const length = fields.contentLengths === 1 ? parseLength(fields.contentLength) : -1;
  return length >= 0 ? length : faulty(fields, Details.invalidContentLength);
}

function judgeTransferEncoding(fields: FieldParser, allowChunkedLength: boolean): number {
  const mayHaveLength = allowChunkedLength && fields.contentLengths === 1;
  if (fields.contentLengths > 0 && !mayHaveLength) return faulty(fields, Details.contentLengthAndChunked);
  const coding = fields.transferEncoding;
  if (fields.transferEncodings > 1) return faulty(fields, Details.invalidTransferEncoding);
  if (coding !== 'chunked' && coding.toLowerCase() !== 'chunked')
    return faulty(fields, Details.invalidTransferEncoding);
  if (fields.contentLengths > 0) removeNominated(fields.raw, ['content-length']);
  return Framing.chunked;
}

function faulty(fields: FieldParser, details: Details): number {
  fields.error = details;
  return Framing.faulty;
}

/** A Content-Length: digits and nothing else; -1 for anything that is not one. */
export function parseLength(text: string): number {
  const digits = text.length;
  if (digits === 0 || digits > MAX_LENGTH_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
