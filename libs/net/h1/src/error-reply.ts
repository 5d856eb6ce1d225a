import { reasonPhrase } from './reason-phrase.ts';

/**
 * Makes the bytes (latin1, head and body) with which a codec refuses a request. `details` is the reason in the words of
 * Envoy's %RESPONSE_CODE_DETAILS%. The connection closes after it, so it must say `connection: close`.
 */
export type ErrorReply = (status: number, details: string) => string;

/** The reply Envoy gives, less the fields that a connection manager adds (`date`, `server`). */
export const plainErrorReply: ErrorReply = (status) => errorReplyText(status, '');

/** An error reply with more fields in it; each line of `fields` ends in CRLF. */
export function errorReplyText(status: number, fields: string): string {
  const reason = reasonPhrase(status);
  return (
    `HTTP/1.1 ${status} ${reason}\r\ncontent-length: ${reason.length}\r\ncontent-type: text/plain\r\n` +
    `${fields}connection: close\r\n\r\n${reason}`
  );
}
