import { Details } from './details.ts';
import { reasonPhrase } from './reason-phrase.ts';

/**
 * Makes the bytes (latin1, head and body) with which a codec refuses a request. `details` is the reason in the words of
 * Envoy's %RESPONSE_CODE_DETAILS%. The connection closes after it, so it must say `connection: close`, unless `stays`.
 */
export type ErrorReply = (status: number, details: string, stays: boolean) => string;

/** The reply Envoy gives, less the fields that a connection manager adds (`date`, `server`). */
export const plainErrorReply: ErrorReply = (status, details, stays) => errorReplyText(status, '', details, stays);

/** An error reply with more fields in it; each line of `fields` ends in CRLF. */
export function errorReplyText(status: number, fields: string, details = '', stays = false): string {
  const reason = errorReplyBody(status, details);
  const head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  const close = stays ? '' : 'connection: close\r\n';
  if (reason === '') return `${head}${fields}${close}content-length: 0\r\n\r\n`;
  return `${head}content-length: ${reason.length}\r\ncontent-type: text/plain\r\n${fields}${close}\r\n${reason}`;
}

/** The body of such a reply. */
export function errorReplyBody(status: number, details: string): string {
  if (details === Details.requestHeaderTimeout) return 'request header timeout';
  return BODILESS.has(details) ? '' : reasonPhrase(status);
}

// In Envoy these are the connection manager's refusals, not the codec's, and it sends them without a body.
const BODILESS: ReadonlySet<string> = new Set([Details.missingHost, Details.fragmentInPath]);
