/**
 * A header's value as text. Headers are bytes; those that are no UTF-8 become `!`, as in Envoy's CheckRequest.
 */
export function textOfHeader(wire: string): string {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(wire) ? wire : textOfBytes(Buffer.from(wire, 'latin1'));
}

/** The same for a body. */
export function textOfBytes(bytes: Uint8Array): string {
  const text = decoded(bytes);
  if (text !== undefined) return text;
  let repaired = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at] as number);
    const sequence = at + length <= bytes.length ? decoded(bytes.subarray(at, at + length)) : undefined;
    repaired += sequence ?? '!';
    at += sequence === undefined ? 1 : length;
  }
  return repaired;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
