import { CR } from './chars.ts';

const COLON = 58;
const SPACE = 32;
const HTAB = 9;

/**
 * Octets of the field lines in `bytes[from..to)`, without the blanks around values: name, colon, value and line end of each. As
 * Envoy counts what it received.
 */
export function receivedFieldBytes(bytes: Buffer, from: number, to: number): number {
  let total = 0;
  for (let at = from; at < to;) {
    let end = bytes.indexOf(CR, at);
    if (end < 0 || end > to) end = to;
    const colon = bytes.indexOf(COLON, at);
    if (colon >= at && colon < end) total += colon - at + 3 + valueBytes(bytes, colon + 1, end);
    at = end + 2;
  }
  return total;
}

/** Octets of the field lines of a head in `bytes[from..to)`, whose first line is none. */
export function receivedHeadBytes(bytes: Buffer, from: number, to: number): number {
  const end = bytes.indexOf(CR, from);
  return end < 0 || end >= to ? 0 : receivedFieldBytes(bytes, end + 2, to);
}

/** Octets of the field lines of a head that was written, between its first line and the empty one. */
export function sentHeadBytes(head: string): number {
  return head.length - head.indexOf('\r\n') - 4;
}

function valueBytes(bytes: Buffer, from: number, to: number): number {
  let [start, end] = [from, to];
  while (start < end && isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return end - start;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === HTAB;
}
