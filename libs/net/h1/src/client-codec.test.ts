import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap } from '@weft/core-http';
import { Details } from './details.ts';
import { ClientSide, cuts, endOfTurn } from './fixture.testing.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello';

function get(raw: string[] = []): RequestHeaderMap {
  return new RequestHeaderMap('GET', '/a?b', 'h.test', raw);
}

test('A request is written whole, in one write, and a response by length comes through wherever it is cut', () => {
  for (const pieces of cuts(OK)) {
    const side = new ClientSide();
    const { receiver } = side.request(get(['x-b', 'c']));
    assert.equal(side.transport.chunks.length, 1);
    assert.equal(side.sent(), 'GET /a?b HTTP/1.1\r\nhost: h.test\r\nx-b: c\r\n\r\n');
    side.send(...pieces);
    assert.equal(receiver.head?.status, 200);
    assert.deepEqual(receiver.head.raw, ['content-length', '5', 'x-a', 'b']);
    assert.equal(receiver.body, 'hello');
    assert.equal(receiver.ended, true);
    assert.equal(side.ends, 1);
    assert.equal(side.goAways, 0);
    assert.equal(side.codec.activeStreams, 0);
  }
});

test('A chunked response with trailers comes through wherever it is cut', () => {
  const text = 'HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nx-sum: 1\r\n\r\n';
  for (const pieces of cuts(text)) {
    const side = new ClientSide({ enableTrailers: true });
    const { receiver } = side.request(get());
    side.send(...pieces);
    assert.equal(receiver.body, 'abcde');
    assert.deepEqual(receiver.trailerMap?.raw, ['x-sum', '1']);
    assert.deepEqual([side.ends, side.goAways], [1, 0]);
  }
});

test('One connection serves one request after the other', () => {
  const side = new ClientSide();
  for (let i = 1; i <= 3; i++) {
    const { receiver } = side.request(get());
    side.send(OK);
    assert.equal(receiver.body, 'hello');
    assert.equal(side.ends, i);
  }
});

const REQUESTS: [title: string, headers: RequestHeaderMap, body: string[] | undefined, expected: string][] = [
  ['GET without a body has no framing', get(), undefined, 'GET /a?b HTTP/1.1\r\nhost: h.test\r\n\r\n'],
  ['POST without a body says so', new RequestHeaderMap('POST', '/', 'h'), undefined,
    'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n'],
  ['DELETE without a body says nothing', new RequestHeaderMap('DELETE', '/', 'h'), undefined,
    'DELETE / HTTP/1.1\r\nhost: h\r\n\r\n'],
  ['a known length is kept', new RequestHeaderMap('PUT', '/', 'h', ['content-length', '4']), ['ab', 'cd'],
    'PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nabcd'],
  ['an unknown length goes in chunks', new RequestHeaderMap('POST', '/', 'h'), ['ab', 'cd'],
    'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n'],
  ['an end without data', new RequestHeaderMap('POST', '/', 'h'), [''],
    'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['fields of the connection are the codec’s', get(['connection', 'x', 'transfer-encoding', 'gzip', 'keep-alive', '1',
    'te', 'trailers', 'upgrade', 'x']), undefined, 'GET /a?b HTTP/1.1\r\nhost: h.test\r\nte: trailers\r\n\r\n'],
]; // prettier-ignore

for (const [title, headers, body, expected] of REQUESTS) {
  test(`A request is framed by its head: ${title}`, () => {
    const side = new ClientSide();
    const { stream } = side.request(headers, body === undefined);
    body?.forEach((piece, i) => stream.data(Buffer.from(piece), i === body.length - 1));
    assert.equal(side.transport.chunks.length, 1);
    assert.equal(side.sent(), expected);
  });
}

test('Trailers of a request are written where they are enabled', () => {
  const side = new ClientSide({ enableTrailers: true });
  const { stream } = side.request(new RequestHeaderMap('POST', '/', 'h'), false);
  stream.trailers(new HeaderMap(['x', 'y']));
  assert.match(side.sent(), /\r\n\r\n0\r\nx: y\r\n\r\n$/);
});

test('A request head without its body yet is sent at the end of the turn', async () => {
  const side = new ClientSide();
  side.request(new RequestHeaderMap('POST', '/', 'h'), false);
  assert.equal(side.sent(), '');
  await endOfTurn();
  assert.match(side.sent(), /chunked\r\n\r\n$/);
});

test('A request that does not fit its promised length breaks the connection', () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(new RequestHeaderMap('PUT', '/', 'h', ['content-length', '4']), false);
  stream.data(Buffer.from('abc'), true);
  assert.equal(side.transport.destroyed, true);
  assert.equal(receiver.resetReason, 'local reset');
  assert.equal(side.goAways, 1);
});

const BODILESS: [method: string, response: string][] = [
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
];
for (const [method, response] of BODILESS) {
  test(`${JSON.stringify(response)} to ${method} ends with its head`, () => {
    const side = new ClientSide();
    const { receiver } = side.request(new RequestHeaderMap(method, '/', 'h'));
    side.send(response);
    assert.equal(receiver.ended, true);
    assert.deepEqual([side.ends, side.goAways, side.faults.length], [1, 0, 0]);
  });
}

test('Interim responses come before the final one', () => {
  const side = new ClientSide();
  const { receiver } = side.request(get());
  side.send(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`);
  assert.deepEqual(
    receiver.interim.map((head) => head.status),
    [100, 103],
  );
  assert.equal(receiver.body, 'hello');
});

test('A body without framing ends with the connection', () => {
  const side = new ClientSide();
  const { receiver } = side.request(get());
  side.send('HTTP/1.1 200 OK\r\n\r\nhe', 'llo');
  assert.equal(side.goAways, 1);
  assert.equal(receiver.ended, false);
  side.codec.onEnd();
  assert.equal(receiver.body, 'hello');
  assert.equal(receiver.ended, true);
  assert.equal(side.ends, 1);
});

test('A body without framing that is held back ends when it was read, not when the connection does', async () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(get());
  side.send('HTTP/1.1 200 OK\r\n\r\nhe');
  stream.pause();
  side.send('llo');
  side.codec.onEnd();
  await endOfTurn();
  assert.equal(receiver.ended, false);
  stream.resume();
  await endOfTurn();
  assert.equal(receiver.body, 'hello');
  assert.equal(receiver.ended, true);
});

test('A body without framing that ends in a reset is not whole', () => {
  const side = new ClientSide();
  const { receiver } = side.request(get());
  side.send('HTTP/1.1 200 OK\r\n\r\nhe');
  side.codec.onClose({ by: 'remote', error: new Error('reset') });
  assert.equal(receiver.ended, false);
  assert.equal(receiver.resetReason, 'connection termination');
});

test('A server that closes, or speaks HTTP/1.0, gets no second request', () => {
  for (const head of ['HTTP/1.1 200 OK\r\nConnection: close', 'HTTP/1.0 200 OK']) {
    const side = new ClientSide();
    const { receiver } = side.request(get());
    side.send(`${head}\r\nContent-Length: 2\r\n\r\nhi`);
    assert.equal(receiver.ended, true);
    assert.deepEqual([side.ends, side.goAways], [1, 1]);
    assert.equal(side.transport.ended, true);
  }
  const kept = new ClientSide();
  kept.request(get());
  kept.send('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi');
  assert.equal(kept.goAways, 0);
});

test('A connection that ends before the response is complete resets it', () => {
  for (const [sent, reason] of [
    ['', 'connection termination'],
    ['HTTP/1.1 2', 'protocol error'],
    [OK.slice(0, -1), 'protocol error'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', 'protocol error'],
  ] as const) {
    for (const end of [(s: ClientSide) => s.codec.onEnd(), (s: ClientSide) => s.codec.onClose({ by: 'remote' })]) {
      const side = new ClientSide();
      const { receiver } = side.request(get());
      side.send(sent);
      end(side);
      assert.equal(receiver.resetReason, reason);
      assert.equal(receiver.ended, false);
      assert.equal(side.goAways, 1);
      assert.equal(side.ends, 0);
    }
  }
});

test('An idle connection that the server closes goes away', () => {
  const side = new ClientSide();
  side.codec.onEnd();
  side.codec.onClose({ by: 'remote' });
  assert.equal(side.goAways, 1);
  assert.equal(side.transport.ended, true);
});

test('A response before the end of its request is delivered, and the connection is not used again', () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(new RequestHeaderMap('POST', '/', 'h'), false);
  side.send('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n');
  assert.equal(receiver.ended, true);
  assert.deepEqual([side.ends, side.goAways], [0, 1]);
  stream.data(Buffer.from('x'), true);
  assert.equal(side.ends, 1);
  assert.equal(side.transport.ended, true);
});

test('Resetting a stream ends its connection', () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(get());
  stream.reset('local reset');
  assert.equal(side.transport.destroyed, true);
  assert.equal(side.goAways, 1);
  assert.equal(side.codec.activeStreams, 0);
  side.send(OK);
  assert.equal(receiver.head, undefined);
  assert.equal(receiver.resetReason, undefined, 'who resets is not told');
});

test('An accepted upgrade leaves raw bytes both ways until both ends are done', () => {
  const side = new ClientSide();
  const headers = get(['sec-websocket-key', 'k']);
  headers.protocol = 'websocket';
  const { receiver, stream } = side.request(headers, false);
  side.send(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n\x81',
  );
  assert.deepEqual(receiver.head?.raw, ['sec-websocket-accept', 'a', 'upgrade', 'websocket']);
  assert.equal(receiver.body, '\x81');
  assert.equal(side.goAways, 1);
  stream.data(Buffer.from('up'), false);
  side.codec.onEnd();
  assert.equal(receiver.ended, true);
  stream.data(Buffer.from('bye'), true);
  assert.equal(
    side.sent(),
    'GET /a?b HTTP/1.1\r\nhost: h.test\r\nsec-websocket-key: k\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nupbye',
  );
  assert.equal(side.ends, 1);
  assert.equal(side.transport.ended, true);
});

test('A refused upgrade is an ordinary response, after which the connection ends', () => {
  const side = new ClientSide();
  const headers = get();
  headers.protocol = 'websocket';
  const { receiver, stream } = side.request(headers, false);
  side.send(OK);
  assert.equal(receiver.body, 'hello');
  assert.equal(side.goAways, 1);
  stream.reset('local reset');
  assert.equal(side.transport.closed, true);
});

test('CONNECT is a tunnel once it is answered with success', async () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(new RequestHeaderMap('CONNECT', '', 'db:5432'), false);
  side.send('HTTP/1.1 200 OK\r\n\r\nhello');
  assert.equal(receiver.body, 'hello');
  stream.data(Buffer.from('raw'), false);
  await endOfTurn();
  assert.equal(side.sent(), 'CONNECT db:5432 HTTP/1.1\r\nhost: db:5432\r\n\r\nraw');
});

test('A paused stream gets no body until it is resumed', async () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(get());
  side.send(OK.slice(0, -5));
  stream.pause();
  side.send('he');
  assert.equal(side.transport.paused, 1);
  stream.resume();
  await endOfTurn();
  side.send('llo');
  assert.equal(receiver.body, 'hello');
  assert.equal(side.transport.paused, 0);
});

test('Writing above the watermark says so, and draining is passed on', () => {
  const side = new ClientSide({}, 10);
  const { receiver, stream } = side.request(new RequestHeaderMap('POST', '/', 'h'), false);
  assert.equal(stream.data(Buffer.alloc(40_000), false), false);
  side.codec.onDrain();
  assert.equal(receiver.drains, 1);
});

const REFUSED: [input: string, details: Details][] = [
  ['nonsense\r\n\r\n', Details.codecError],
  ['\r\nHTTP/1.1 200 OK\r\n\r\n', Details.codecError],
  ['HTTP/2.0 200 OK\r\n\r\n', Details.codecError],
  ['HTTP/1.1 20 OK\r\n\r\n', Details.codecError],
  ['HTTP/1.1 2000 OK\r\n\r\n', Details.codecError],
  ['HTTP/1.1  200 OK\r\n\r\n', Details.codecError],
  ['HTTP/1.1 200 O\x01K\r\n\r\n', Details.codecError],
  ['HTTP/1.1 200 OK\nA: b\r\n\r\n', Details.codecError],
  ['HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', Details.codecError],
  ['HTTP/1.1 200 OK\r\nA : b\r\n\r\n', Details.codecError],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', Details.contentLengthAndChunked],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n', Details.invalidContentLength],
  ['HTTP/1.1 200 OK\r\nContent-Length: a\r\n\r\n', Details.invalidContentLength],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', Details.invalidTransferEncoding],
  ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', Details.transferEncodingNotAllowed],
  ['HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n', Details.transferEncodingNotAllowed],
  ['HTTP/1.1 204 OK\r\nContent-Length: 3\r\n\r\n', Details.contentLengthNotAllowed],
  ['HTTP/1.1 101 Switching Protocols\r\n\r\n', Details.unexpectedUpgrade],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n', Details.invalidChunk],
  [`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(101)}\r\n`, Details.tooManyHeaders],
  [`HTTP/1.1 200 OK\r\na: ${'x'.repeat(62_000)}`, Details.headersTooLarge],
];
for (const [input, details] of REFUSED) {
  test(`${JSON.stringify(input.slice(0, 90))} is a fault of the server`, () => {
    for (const pieces of input.length > 300 ? [[input]] : cuts(input)) {
      const side = new ClientSide();
      const { receiver } = side.request(get());
      side.send(...pieces);
      assert.deepEqual(side.faults, [details]);
      assert.equal(receiver.resetReason, 'protocol error');
      assert.equal(side.transport.destroyed, true);
      assert.deepEqual([side.goAways, side.ends], [1, 0]);
    }
  });
}

test('Octets that nobody asked for are a fault, before a request and behind a response', () => {
  const before = new ClientSide().send('HTTP/1.1 200 OK\r\n\r\n');
  assert.deepEqual(before.faults, [Details.unexpectedData]);
  assert.equal(before.transport.destroyed, true);
  const behind = new ClientSide();
  const { receiver } = behind.request(get());
  behind.send(`${OK}HTTP/1.1 200 OK\r\n\r\n`);
  assert.equal(receiver.body, 'hello');
  assert.equal(receiver.resetReason, undefined);
  assert.deepEqual(behind.faults, [Details.unexpectedData]);
});

test('A stream that is lost after its connection took its leave says so', () => {
  const close = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nab';
  const dropped = new ClientSide();
  const { stream } = dropped.request(new RequestHeaderMap());
  dropped.send(close);
  assert.equal(dropped.goAways, 1);
  stream.reset('local reset');
  assert.deepEqual(dropped.resets, ['local reset']);

  const cut = new ClientSide();
  const { receiver } = cut.request(new RequestHeaderMap());
  cut.send(close);
  cut.codec.onEnd();
  assert.equal(receiver.resetReason, 'protocol error');
  assert.deepEqual(cut.resets, ['protocol error']);

  const early = new ClientSide();
  const { stream: upload } = early.request(new RequestHeaderMap('POST'), false);
  early.send('HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n');
  upload.reset('local reset');
  assert.deepEqual([early.goAways, early.ends, early.resets], [1, 0, ['local reset']]);

  const first = new ClientSide();
  first.request(new RequestHeaderMap()).stream.reset('local reset');
  assert.deepEqual([first.goAways, first.resets], [1, []], 'the leave itself says it');
});
