import type { TableEntry } from './dynamic-table.ts';
import { internalized } from './internalized.ts';

/** Entries of the static table; the first index of the dynamic table is one more. */
export const STATIC_ENTRIES = 61;

/** A field a line, from index 1 on; what follows the colon and a space is the value. Source: RFC 7541 appendix A. */
const TEXT = `
:authority
:method: GET
:method: POST
:path: /
:path: /index.html
:scheme: http
:scheme: https
:status: 200
:status: 204
:status: 206
:status: 304
:status: 400
:status: 404
:status: 500
accept-charset
accept-encoding: gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`;

/** By index; nothing stands at 0. */
export const STATIC_TABLE: readonly TableEntry[] = TEXT.split('\n').slice(0, -1).map(entry);

function entry(line: string): TableEntry {
  const colon = line.indexOf(': ');
  const name = internalized(colon < 0 ? line : line.slice(0, colon));
  const value = colon < 0 ? '' : line.slice(colon + 2);
  return { name, value, nameWellFormed: true, wellFormed: true, bytes: name.length + value.length + 32, number: 0 };
}
