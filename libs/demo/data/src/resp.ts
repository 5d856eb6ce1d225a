/** A command as RESP puts it on the wire: an array of bulk strings (the Redis serialization protocol, versions 2 and 3). */
export function encodeCommand(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`);
}

/**
 * Reads one-line replies (`+OK`, `-ERR …`, `:1`), the only ones that AUTH, SELECT and SET give. Returns the whole lines
 * without their line ends, and the rest that is not a line yet.
 */
export function splitReplies(text: string): { readonly lines: readonly string[]; readonly rest: string } {
  const lines = text.split('\r\n');
  const rest = lines.pop() ?? '';
  return { lines, rest };
}
