import { lines, refused, seen, served, waiting, type RequestCase } from './case.ts';

const HIDDEN = lines('GET /hidden HTTP/1.1', 'Host: a', '', '');
const one = lines('GET /1 HTTP/1.1', 'Host: a', '', '');
const two = lines('GET /2 HTTP/1.1', 'Host: a', '', '');
const body = lines('POST /1 HTTP/1.1', 'Host: a', 'Content-Length: 5', '', 'hello');
const closing = (...fields: string[]): string => lines('GET /1 HTTP/1.1', 'Host: a', ...fields, '', '');
const upgrade = lines('GET /1 HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: websocket', '', '');
const closes = (title: string, bytes: string, path: string): RequestCase => ({
  ...served(title, bytes, seen(path)),
  then: 'closes',
});

/** More than one message on a connection, and its end. */
// prettier-ignore
export const CONNECTION_CASES: readonly RequestCase[] = [
  served('two requests at once', one + two, seen('/1'), seen('/2')),
  served('three requests at once', one + two + one, seen('/1'), seen('/2'), seen('/1')),
  served('a request behind a body', body + two, seen('/1', 'hello'), seen('/2')),
  served('a request behind chunks', lines('POST /1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', '1', 'x', '0', '', '') + two, seen('/1', 'x'), seen('/2')),
  served('a request behind trailers', lines('POST /1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', '1', 'x', '0', 'T: u', '', '') + two, seen('/1', 'x'), seen('/2')),
  served('a request behind an empty line', `${one}\r\n${two}`, seen('/1'), seen('/2')),
  served('a body that is a request', lines('POST /1 HTTP/1.1', 'Host: a', `Content-Length: ${HIDDEN.length}`, '', HIDDEN), seen('/1', HIDDEN)),
  served('a client that keeps alive', closing('Connection: keep-alive'), seen('/1')),
  served('Expect: 100-continue with its body', lines('POST /1 HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Content-Length: 5', '', 'hello'), seen('/1', 'hello')),
  served('an upgrade that nobody nominates', closing('Upgrade: websocket'), seen('/1')),
  served('an upgrade with a body is none', lines('POST /1 HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 5', '', 'hello'), seen('/1', 'hello')),
  served('an upgrade to cleartext HTTP/2', closing('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'), seen('/1')),
  waiting('a second request that is cut', one + two.slice(0, 20), seen('/1')),
  closes('a client that closes', closing('Connection: close'), '/1'),
  closes('a client that closes, and a request behind it', closing('Connection: close') + HIDDEN, '/1'),
  closes('a client that closes among other options', closing('Connection: x, Close') + HIDDEN, '/1'),
  closes('a client that closes in its second Connection', closing('Connection: keep-alive', 'Connection: close') + HIDDEN, '/1'),
  { ...closes('an upgrade that is turned down, and bytes behind it', upgrade + HIDDEN, '/1'), leavesHttp: true },
  { ...closes('a tunnel that is turned down, and bytes behind it', lines('CONNECT b:80 HTTP/1.1', 'Host: b:80', '', '') + HIDDEN, ''), passes: [seen('', '', 'CONNECT', 'b:80')], leavesHttp: true },
  { ...closes('HTTP/1.0 where it is served', lines('GET /1 HTTP/1.0', 'Host: a', '', '') + HIDDEN, '/1'), option: 'accept_http_10' },
  { ...served('HTTP/1.0 that keeps alive', lines('GET /1 HTTP/1.0', 'Host: a', 'Connection: keep-alive', '', '') + two, seen('/1'), seen('/2')), option: 'accept_http_10' },
  { ...closes('HTTP/0.9 where it is served', 'GET /1\r\nHost: a\r\n\r\n', '/1'), option: 'accept_http_10' },
  { ...refused('a good request and a bad one', `${one}GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n`), passes: [seen('/1')] },
  { ...refused('a body longer than its length', `${body}hello\r\n\r\n`), passes: [seen('/1', 'hello')] },
  { ...refused('a last chunk and more behind it', lines('POST /1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', '0', '', 'hello', '', '')), passes: [seen('/1', '', 'POST')] },
  refused('CONNECT without a port', lines('CONNECT b HTTP/1.1', 'Host: b', '', '')),
  refused('CONNECT of a path', lines('CONNECT /b HTTP/1.1', 'Host: b', '', '')),
  refused('CONNECT of a URL', lines('CONNECT http://b:80/ HTTP/1.1', 'Host: b', '', '')),
  refused('CONNECT without a Host', lines('CONNECT b:80 HTTP/1.1', '', '')),
  refused('CONNECT with a length', lines('CONNECT b:80 HTTP/1.1', 'Host: b:80', 'Content-Length: 5', '', 'hello')),
  refused('CONNECT with chunks', lines('CONNECT b:80 HTTP/1.1', 'Host: b:80', 'Transfer-Encoding: chunked', '', '0', '', ''), 501),
];
