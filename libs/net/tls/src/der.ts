/** One DER element (X.690): its tag byte and where its contents are. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length included. */
  readonly whole: Uint8Array;
}

export const SEQUENCE = 0x30;
export const OBJECT_IDENTIFIER = 0x06;
export const OCTET_STRING = 0x04;
export const BIT_STRING = 0x03;
export const BOOLEAN = 0x01;

/** The elements in `bytes`, one behind the other; undefined where they are not well-formed. */
export function derElements(bytes: Uint8Array): DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const head = readHead(bytes, at);
    if (head === undefined) return undefined;
    const { start, end } = head;
    elements.push({ tag: bytes[at] ?? 0, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}

/** The elements inside the first element of `bytes`; empty where there is nothing well-formed. */
export function derChildren(bytes: Uint8Array): DerElement[] {
  const [first] = derElements(bytes) ?? [];
  return first === undefined ? [] : (derElements(first.content) ?? []);
}

function readHead(bytes: Uint8Array, at: number): { start: number; end: number } | undefined {
  const first = bytes[at + 1];
  // Tags of several bytes occur in nothing that is read here.
  if (first === undefined || ((bytes[at] ?? 0) & 0x1f) === 0x1f) return undefined;
  let start = at + 2;
  let length = first;
  if (first > 0x7f) {
    const digits = first & 0x7f;
    if (digits === 0 || digits > 4) return undefined;
    length = 0;
    for (let i = 0; i < digits; i += 1) length = length * 256 + (bytes[start + i] ?? 0);
    start += digits;
  }
  const end = start + length;
  return end > bytes.length ? undefined : { start, end };
}

/** `1.2.840.113549` from the contents of an OBJECT IDENTIFIER. */
export function dottedOid(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte > 0x7f) continue;
    if (numbers.length === 0) {
      const top = Math.min(2, Math.floor(value / 40));
      numbers.push(top, value - top * 40);
    } else numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}
