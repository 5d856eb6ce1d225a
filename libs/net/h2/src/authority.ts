/**
 * A host with an optional port (RFC 9110 section 7.2): no user information, no white space. What a `:authority` or `host` may
 * be; the empty one is valid.
 */
const AUTHORITY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

export function isValidAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}
