/**
 * Text of a configuration as it stands in headers: each byte of its UTF-8 form is one character, since codecs neither know
 * nor change the encoding of what they carry. ASCII is itself. (Patterns of regular expressions are not converted: one that
 * is to match other than ASCII in a header has to speak of bytes.)
 */
export function wireText(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  let wire = '';
  for (const byte of new TextEncoder().encode(text)) wire += String.fromCharCode(byte);
  return wire;
}
