/** 1: may stand in a name (a token without capitals, RFC 9113 section 8.2.1). 2: may stand in a value. */
const CLASS = Uint8Array.from({ length: 256 }, (_, octet) => {
  const inName = /[!#$%&'*+\-.^_`|~0-9a-z]/.test(String.fromCharCode(octet));
  const inValue = octet === 9 || (octet >= 32 && octet !== 127);
  return (inName ? 1 : 0) | (inValue ? 2 : 0);
});

const COLON = 58;

/** Whether `bytes[start..end)` may be a field name, or with a colon before it a pseudo header's. */
export function isFieldName(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  if (bytes[at] === COLON && at < end) at += 1;
  if (at >= end) return false;
  for (; at < end; at++) if (((CLASS[bytes[at] as number] as number) & 1) === 0) return false;
  return true;
}

/** Whether `bytes[start..end)` may be a field value: no control character but HTAB. */
export function isFieldValue(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (((CLASS[bytes[at] as number] as number) & 2) === 0) return false;
  return true;
}
