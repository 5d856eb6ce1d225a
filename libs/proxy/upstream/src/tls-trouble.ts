/** What was said of a host whose TLS does not come to anything; `''`: nothing, or it answered since. */
export type TlsTrouble = '' | 'plaintext' | 'its certificate' | 'our certificate';

/** Alerts about certificates, by the end of Node's code. Source: RFC 8446 section 6.2. */
const ALERT = /_ALERT_(UNKNOWN_CA|ACCESS_DENIED|(?:\w+_)?CERTIFICATE(?:_\w+)?)$/;

/** The alert by which a peer refuses the certificate that it was shown; undefined where it is none. */
export function certificateAlert(error: Error | undefined): string | undefined {
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  return ALERT.exec(code)?.[1]?.toLowerCase().replaceAll('_', ' ');
}

/** True where a connection ended, in order or not, and nothing was said. */
export function isEnd(error: Error | undefined): boolean {
  if (error === undefined) return true;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
