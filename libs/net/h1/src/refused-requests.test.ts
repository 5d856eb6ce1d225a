import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHeaderMap } from '@weft/core-http';
import { Details } from './details.ts';
import { ServerSide, cuts } from './fixture.testing.ts';

const H = 'Host: h\r\n';
const POST = `POST / HTTP/1.1\r\n${H}`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

const REFUSED: [input: string, status: number, details: Details][] = [
  // request line
  ['hello there\r\n\r\n', 400, Details.invalidMethod],
  [' GET / HTTP/1.1\r\n\r\n', 400, Details.codecError],
  [`G@T / HTTP/1.1\r\n${H}\r\n`, 400, Details.codecError],
  [`get / HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidMethod],
  [`FOO / HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidMethod],
  [`GET  / HTTP/1.1\r\n${H}\r\n`, 400, Details.codecError],
  [`GET /a b HTTP/1.1\r\n${H}\r\n`, 400, Details.codecError],
  [`GET\t/ HTTP/1.1\r\n${H}\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1 \r\n${H}\r\n`, 400, Details.codecError],
  [`GET / http/1.1\r\n${H}\r\n`, 400, Details.codecError],
  [`GET / HTTP/11\r\n${H}\r\n`, 400, Details.codecError],
  [`GET / HTTP/2.0\r\n${H}\r\n`, 426, Details.lowVersion],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, Details.invalidMethod],
  ['GET /\r\n\r\n', 426, Details.lowVersion],
  [`GET / HTTP/1.0\r\n${H}\r\n`, 426, Details.lowVersion],
  [`GET / HTTP/1.2\r\n${H}\r\n`, 426, Details.lowVersion],
  // target
  [`GET a HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidTarget],
  [`GET * HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidUrl],
  [`GET /a#b HTTP/1.1\r\n${H}\r\n`, 400, Details.fragmentInPath],
  [`GET /\u00e9 HTTP/1.1\r\n${H}\r\n`, 400, Details.codecError],
  [`GET ftp://a/b HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidScheme],
  [`GET http:///b HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidTarget],
  [`GET http://u@a/b HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidUrl],
  [`CONNECT / HTTP/1.1\r\n${H}\r\n`, 400, Details.invalidUrl],
  [`CONNECT a:1 HTTP/1.1\r\n${H}Content-Length: 1\r\n\r\n`, 400, Details.bodyDisallowed],
  [`CONNECT a:1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n`, 501, Details.invalidTransferEncoding],
  // Host
  ['GET / HTTP/1.1\r\n\r\n', 400, Details.missingHost],
  ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 400, Details.invalidHost],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400, Details.invalidHost],
  ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, Details.invalidHost],
  ['GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400, Details.invalidHost],
  ['GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, Details.invalidHost],
  ['GET / HTTP/1.1\r\nHost: a:b\r\n\r\n', 400, Details.invalidHost],
  ['GET / HTTP/1.1\r\nHost: [::1\r\n\r\n', 400, Details.invalidHost],
  // field lines
  [`GET / HTTP/1.1\n${H}\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}A: b\rC: d\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}A: b\0\r\n\r\n`, 400, Details.invalidCharacters],
  [`GET / HTTP/1.1\r\n${H}A: b\x7f\r\n\r\n`, 400, Details.invalidCharacters],
  [`GET / HTTP/1.1\r\n${H}A: b\r\n c\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n ${H}\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}A : b\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}: b\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}A\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}A(: b\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}A\u00e9: b\r\n\r\n`, 400, Details.codecError],
  [`GET / HTTP/1.1\r\n${H}Connection: host\r\n\r\n`, 400, Details.missingHost],
  [`GET / HTTP/1.1\r\n${H}Connection: close, X-Forwarded-For\r\n\r\n`, 400, Details.connectionHeader],
  [`GET / HTTP/1.1\r\n${H}Connection: :path\r\n\r\n`, 400, Details.connectionHeader],
  [`${POST}Transfer_Encoding: chunked\r\n\r\n`, 400, Details.disguisedFraming],
  [`${POST}X-Content-Length: 1\r\n\r\n`, 400, Details.disguisedFraming],
  ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, Details.codecError],
  // framing
  [`${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, 400, Details.contentLengthAndChunked],
  [`${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n`, 400, Details.contentLengthAndChunked],
  [`${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length: 3, 3\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length: +3\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length: -3\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length: 0x3\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length:\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length: 3 3\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Content-Length: 18446744073709551617\r\n\r\n`, 400, Details.invalidContentLength],
  [`${POST}Transfer-Encoding: gzip\r\n\r\n`, 501, Details.invalidTransferEncoding],
  [`${POST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501, Details.invalidTransferEncoding],
  [`${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 501, Details.invalidTransferEncoding],
  [`${POST}Transfer-Encoding: chunked;a\r\n\r\n`, 501, Details.invalidTransferEncoding],
  [`${POST}Transfer-Encoding:\r\n\r\n`, 501, Details.invalidTransferEncoding],
  // chunks
  [`${CHUNKED}g\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}0x5\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}-5\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED} 5\r\nhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5 \r\nhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5\nhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5\rhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5\r\nhelloX`, 400, Details.invalidChunk],
  [`${CHUNKED}5\r\nhello\n0\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5;\r\nhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5;a=\r\nhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5;a\nb\r\nhello\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}5;a="b\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}10000000000000000\r\n`, 400, Details.invalidChunk],
  [`${CHUNKED}1;${'a'.repeat(20_000)}`, 400, Details.invalidChunk],
  [`${CHUNKED}0\r\bA: b\r\n\r\n`, 400, Details.invalidChunk],
  // trailers
  [`${CHUNKED}0\r\nContent-Length: 5\r\n\r\n`, 400, Details.invalidTrailer],
  [`${CHUNKED}0\r\nHost: x\r\n\r\n`, 400, Details.invalidTrailer],
  [`${CHUNKED}0\r\nA : b\r\n\r\n`, 400, Details.invalidTrailer],
  [`${CHUNKED}0\r\nA: b\n\r\n\r\n`, 400, Details.invalidTrailer],
  // limits
  [`GET / HTTP/1.1\r\n${H}${'a: b\r\n'.repeat(100)}\r\n`, 431, Details.tooManyHeaders],
  [`${CHUNKED}0\r\n${'a: b\r\n'.repeat(101)}\r\n`, 431, Details.tooManyTrailers],
  [`GET / HTTP/1.1\r\n${H}a: ${'x'.repeat(62_000)}\r\n\r\n`, 431, Details.headersTooLarge],
  [`GET /${'x'.repeat(62_000)}`, 431, Details.headersTooLarge],
  [`${CHUNKED}0\r\na: ${'x'.repeat(62_000)}`, 431, Details.headersTooLarge],
];

for (const [input, status, details] of REFUSED) {
  const shown = JSON.stringify(input.length > 90 ? `${input.slice(0, 90)}…` : input);
  test(`${shown} is refused with ${status}`, () => {
    const ways = input.length > 300 ? [[input], [input.slice(0, 100), input.slice(100)]] : cuts(input);
    for (const pieces of ways) {
      const side = new ServerSide().send(...pieces);
      assert.deepEqual(side.faults, [details]);
      const sent = side.sent();
      assert.ok(sent.startsWith(`HTTP/1.1 ${status} `), sent);
      assert.match(sent, /\r\nconnection: close\r\n(content-length: 0\r\n)?\r\n/);
      assert.equal(side.transport.ended, true);
      assert.equal(side.requests[0]?.ended ?? false, false);
      assert.equal(side.requests[0]?.resetReason, side.requests.length > 0 ? 'protocol error' : undefined);
      side.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      assert.ok(side.requests.length <= 1, 'nothing is read afterwards');
    }
  });
}

test('A refusal is Envoy’s, octet for octet, less date and server', () => {
  const side = new ServerSide().send('nonsense\r\n\r\n');
  assert.equal(
    side.sent(),
    'HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nBad Request',
  );
});

test('What Envoy’s connection manager refuses, and not its codec, is refused without a body, as Envoy does', () => {
  const side = new ServerSide().send('GET / HTTP/1.1\r\n\r\n');
  assert.equal(side.sent(), 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
});

test('A request that goes wrong after its response has begun is cut off, not answered twice', () => {
  const side = new ServerSide().send(CHUNKED);
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.from('hi'), false);
  side.send('nonsense');
  assert.match(side.sent(), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n2\r\nhi\r\n$/s);
  assert.equal(side.last.resetReason, 'protocol error');
  assert.equal(side.transport.ended, true);
});

test('99 fields beside Host are served, and a head just below the limit too', () => {
  assert.equal(new ServerSide().send(`GET / HTTP/1.1\r\n${H}${'a: b\r\n'.repeat(99)}\r\n`).requests.length, 1);
  assert.equal(new ServerSide().send(`GET / HTTP/1.1\r\n${H}a: ${'x'.repeat(61_300)}\r\n\r\n`).requests.length, 1);
});

test('Names with underscores are allowed, dropped or refused, as configured', () => {
  const input = `GET / HTTP/1.1\r\n${H}a_b: c\r\nd: e\r\n\r\n`;
  assert.equal(new ServerSide().send(input).last.text, 'GET h / a_b=c d=e');
  assert.equal(new ServerSide({ headersWithUnderscoresAction: 'drop' }).send(input).last.text, 'GET h / d=e');
  const side = new ServerSide({ headersWithUnderscoresAction: 'reject' }).send(input);
  assert.deepEqual(side.faults, [Details.invalidUnderscore]);
});

test('Absolute targets are refused where they are not allowed', () => {
  const side = new ServerSide({ allowAbsoluteUrl: false }).send(`GET http://a/b HTTP/1.1\r\n${H}\r\n`);
  assert.deepEqual(side.faults, [Details.invalidTarget]);
});
