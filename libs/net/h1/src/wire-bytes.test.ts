import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap, WireBytes, type ServerStream } from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import { ClientSide, cuts, ServerSide, type Request } from './fixture.testing.ts';

class CountingServer extends ServerSide {
  override newStream(stream: ServerStream): Request {
    stream.bytes = new WireBytes();
    return super.newStream(stream);
  }
  counted(request = 0): WireBytes {
    return this.requests[request].stream.bytes as WireBytes;
  }
}

const FIELDS = 'Host: h\r\nX-Wide:   a b  \r\nTransfer-Encoding: chunked\r\n';
/** As Envoy counts: no blanks around values. */
const FIELD_BYTES = 'Host:h\r\nX-Wide:a b\r\nTransfer-Encoding:chunked\r\n'.length;
const POST = `POST /a HTTP/1.1\r\n${FIELDS}\r\n5\r\nhello\r\n0\r\n\r\n`;

test('A request costs its octets, wherever they are cut', () => {
  for (const pieces of cuts(POST)) {
    const side = new CountingServer().send(...pieces);
    side.last.stream.headers(new ResponseHeaderMap(200, ['content-length', '2', 'x', 'y']), false);
    side.last.stream.data(Buffer.from('ok'), true);
    const { received, headerReceived, decompressedHeaderReceived, sent, headerSent } = side.counted();
    assert.deepEqual([received, headerReceived, decompressedHeaderReceived], [POST.length, FIELD_BYTES, FIELD_BYTES]);
    assert.equal(sent, 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: y\r\n\r\nok'.length);
    assert.equal(headerSent, 'content-length: 2\r\nx: y\r\n'.length);
  }
});

test('Each of several requests in one chunk costs its own octets', async () => {
  const side = new CountingServer();
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(204), true);
  const second = 'GET /longer HTTP/1.1\r\nHost: h\r\n\r\n';
  side.send(`GET / HTTP/1.1\r\nHost: h\r\n\r\n${second}`);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([side.counted(0).received, side.counted(1).received], [27, second.length]);
  assert.deepEqual([side.counted(0).sent, side.counted(1).sent], [27, 27]);
});

test('A request that is answered early costs all that came of it', () => {
  const side = new CountingServer();
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(403, ['content-length', '0']), true);
  side.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n12345');
  assert.equal(side.counted().received, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n12345'.length);
});

test('A head that is refused costs what came, and its answer', () => {
  const side = new CountingServer().send('GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n');
  const { refusedBytes } = side.codec;
  assert.equal(refusedBytes?.received, 33);
  assert.equal(refusedBytes.headerReceived, 'Host:h\r\n'.length);
  assert.equal(refusedBytes.sent, side.sent().length);
});

test('Trailers and interim responses are fields too', () => {
  const receiver = new RecordingReceiver<ResponseHeaderMap>();
  const side = new ClientSide({ enableTrailers: true });
  const stream = side.codec.newStream(receiver);
  const bytes = new WireBytes();
  stream.bytes = bytes;
  stream.headers(new RequestHeaderMap('POST', '/', 'h', ['a', 'b']), false);
  stream.data(Buffer.from('hello'), false);
  stream.trailers(new HeaderMap(['sum', '1']));
  const sent = side.sent();
  assert.equal(bytes.headerSent, 'host: h\r\na: b\r\ntransfer-encoding: chunked\r\nsum: 1\r\n'.length);
  const answer =
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' +
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: yz\r\n\r\n';
  side.send(answer);
  assert.deepEqual([bytes.sent, bytes.received], [sent.length, answer.length]);
  assert.equal(bytes.headerReceived, 'Link:x\r\nTransfer-Encoding:chunked\r\nX:yz\r\n'.length);
});

test('A stream that nobody counts has no counts', () => {
  const side = new ServerSide().send(POST);
  side.last.stream.headers(new ResponseHeaderMap(204), true);
  assert.equal(side.last.stream.bytes, undefined);
});
