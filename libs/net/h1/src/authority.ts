import { REG_NAME } from './chars.ts';

/**
 * Whether `text` is a host with an optional port (RFC 9110 section 7.2): no user information, no white space. The empty
 * authority is valid; what needs one says so itself.
 */
export function isValidAuthority(text: string): boolean {
  if (text.charCodeAt(0) === 91) return isBracketed(text);
  const { length } = text;
  let at = 0;
  while (at < length && REG_NAME[text.charCodeAt(at)] === 1) at += 1;
  return at === length || (text.charCodeAt(at) === 58 && isPort(text, at + 1));
}

function isBracketed(text: string): boolean {
  const end = text.indexOf(']');
  if (end < 0 || !/^[0-9A-Fa-f:.]+$|^v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/.test(text.slice(1, end)))
    return false;
  return end + 1 === text.length || (text.charCodeAt(end + 1) === 58 && isPort(text, end + 2));
}

function isPort(text: string, from: number): boolean {
  if (text.length - from > 5) return false;
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

/** Whether both name one host and port, whatever their case, and whether or not the port of the scheme is told. */
export function sameHost(a: string, b: string, scheme: 'http' | 'https'): boolean {
  return a === b || withPort(a, scheme) === withPort(b, scheme);
}

function withPort(authority: string, scheme: 'http' | 'https'): string {
  const lower = authority.toLowerCase();
  if (/:\d+$/.test(lower)) return lower;
  return `${lower.replace(/:$/, '')}:${scheme === 'http' ? 80 : 443}`;
}
