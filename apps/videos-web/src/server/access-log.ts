import type { IncomingMessage } from 'node:http';

export interface AccessLogEntry {
  readonly request: IncomingMessage;
  readonly status: number;
  readonly bodyBytes: number;
  readonly at: Date;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** One line in the format that nginx calls `main`, without the line end. Times are in UTC. */
export function accessLogLine({ request, status, bodyBytes, at }: AccessLogEntry): string {
  const { headers, method, url, httpVersion, socket } = request;
  const quoted = (value: string | string[] | undefined): string => `"${escape(String(value ?? '-'))}"`;
  return [
    `${socket.remoteAddress ?? '-'} - ${userOf(headers.authorization)} [${localTime(at)}]`,
    `"${escape(`${method} ${url} HTTP/${httpVersion}`)}" ${status} ${bodyBytes}`,
    quoted(headers.referer),
    quoted(headers['user-agent']),
    quoted(headers['x-forwarded-for']),
  ].join(' ');
}

function localTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `${day}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

function userOf(authorization: string | undefined): string {
  const [, encoded] = /^basic (.+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return '-';
  const [user = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return user === '' ? '-' : escape(user);
}

/** Quotes, backslashes and what is not printable ASCII as `\xXX`, so that a client cannot forge a line. */
function escape(text: string): string {
  return text.replace(/["\\]|[^\x20-\x7e]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
