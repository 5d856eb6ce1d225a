import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { ServerSide, cuts, endOfTurn, type Request } from './fixture.testing.ts';

const GET = 'GET /a?b=c HTTP/1.1\r\nHost: Example.com\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';

function ok(request: Request, body = 'hi', raw: string[] = []): void {
  request.stream.headers(new ResponseHeaderMap(200, ['content-length', String(body.length), ...raw]), body === '');
  if (body !== '') request.stream.data(Buffer.from(body), true);
}

test('A request head is taken apart: names in lower case, values without outer white space, Host as authority', () => {
  const side = new ServerSide().send(
    'GET /a?b=c HTTP/1.1\r\nHost: Example.com:80\r\nX-Odd_Name:  a b\t\r\nAccept:\r\n\r\n',
  );
  assert.equal(side.last.text, 'GET Example.com:80 /a?b=c x-odd_name=a b accept=');
  assert.equal(side.last.ended, true);
  assert.equal(side.last.head?.scheme, 'http');
});

test('Fields of the connection stay on the connection', () => {
  const side = new ServerSide().send(
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Mine\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n' +
      'X-Mine: 1\r\nTE: gzip, trailers\r\nUpgrade: foo\r\nX-Yours: 2\r\n\r\n',
  );
  assert.equal(side.last.text, 'GET h / x-yours=2 te=trailers');
});

test('A sender cannot nominate away what the next hop relies on', () => {
  const side = new ServerSide().send(
    'POST / HTTP/1.1\r\nHost: h\r\nConnection: content-length, te\r\nTE: trailers\r\nContent-Length: 2\r\n\r\nhi',
  );
  assert.equal(side.last.text, 'POST h / content-length=2 te=trailers');
});

test('A body by length comes through wherever the bytes are cut', () => {
  for (const pieces of cuts(POST)) {
    const side = new ServerSide().send(...pieces);
    assert.equal(side.last.body, 'hello');
    assert.equal(side.last.ended, true);
    assert.deepEqual(side.faults, []);
  }
});

test('A chunked body with extensions and trailers comes through wherever the bytes are cut', () => {
  const text = `${CHUNKED}5;a=b;c="d \\" e" ; f\r\nhello\r\n00B\r\n, my world.\r\n0;x\r\nX-Sum: 1\r\nX-Two:2\r\n\r\n`;
  for (const pieces of cuts(text)) {
    const side = new ServerSide({ enableTrailers: true }).send(...pieces);
    assert.equal(side.last.body, 'hello, my world.');
    assert.deepEqual(side.last.trailerMap?.raw, ['x-sum', '1', 'x-two', '2']);
    assert.equal(side.last.ended, true);
  }
});

test('Trailers are dropped unless they are enabled', () => {
  const side = new ServerSide().send(`${CHUNKED}0\r\nX-Sum: 1\r\n\r\n`);
  assert.equal(side.last.trailerMap, undefined);
  assert.equal(side.last.ended, true);
});

test('A body in one chunk ends with its last piece, without an empty one behind it', () => {
  const side = new ServerSide().send(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`);
  assert.equal(side.last.chunks, 1);
  assert.equal(side.last.ended, true);
});

test('Pieces of a body are views of what was read, not copies', () => {
  const side = new ServerSide();
  const pieces: Buffer[] = [];
  side.onRequest = (request) => {
    request.data = (chunk) => pieces.push(chunk) > 0;
  };
  const read = Buffer.from(POST);
  side.codec.onData(read);
  assert.equal(pieces[0].buffer, read.buffer);
});

test('Pipelined requests are served in order, each when the response before it is complete', async () => {
  const side = new ServerSide().send(GET.replace('/a', '/1') + POST.replace('/', '/2'), GET.replace('/a', '/3'));
  assert.equal(side.requests.length, 1);
  ok(side.requests[0], 'one');
  await endOfTurn();
  assert.equal(side.requests.length, 2);
  assert.equal(side.requests[1].body, 'hello');
  ok(side.requests[1], 'two');
  await endOfTurn();
  ok(side.requests[2], 'three');
  assert.equal(side.sent().replace(/[^]*?\r\n\r\n([a-z]+)/g, '$1 '), 'one two three ');
  assert.equal(side.idles, 3);
  assert.equal(side.codec.activeStreams, 0);
});

test('Requests answered at once are read in one go', () => {
  const side = new ServerSide();
  side.onRequest = (request) => ok(request);
  side.send(GET.repeat(1000));
  assert.equal(side.requests.length, 1000);
});

test('Reading pauses while much waits behind a request under way', async () => {
  const side = new ServerSide().send(GET);
  side.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n${'x'.repeat(40000)}`);
  assert.equal(side.transport.paused, 1);
  ok(side.requests[0]);
  await endOfTurn();
  assert.equal(side.transport.paused, 0);
  assert.equal(side.last.body.length, 40000);
});

test('A paused stream gets no body, and the transport is not read', async () => {
  const side = new ServerSide();
  side.onRequest = (request) => request.stream.pause();
  side.send(POST.slice(0, -3));
  assert.equal(side.transport.paused, 1);
  side.last.stream.pause();
  side.last.stream.resume();
  await endOfTurn();
  assert.equal(side.last.body, '');
  side.last.stream.resume();
  assert.equal(side.last.body, '', 'not from inside the call');
  assert.equal(side.transport.paused, 0);
  await endOfTurn();
  assert.equal(side.last.body, 'he');
});

test('A stream that is over leaves nothing paused behind', async () => {
  const side = new ServerSide().send(GET + GET);
  side.requests[0].stream.pause();
  ok(side.requests[0]);
  side.requests[0].stream.pause();
  await endOfTurn();
  assert.equal(side.transport.paused, 0);
  assert.equal(side.requests.length, 2);
});

test('A usual response is one write', async () => {
  const side = new ServerSide().send(GET);
  ok(side.last, 'body');
  assert.equal(side.transport.chunks.length, 1);
  assert.equal(side.sent(), 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody');
  side.send(GET);
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.from('one'), false);
  side.last.stream.data(Buffer.from('two'), true);
  assert.equal(side.transport.chunks.length, 1);
  assert.equal(side.sent(), 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n');
});

test('A head without a body yet is sent at the end of the turn', async () => {
  const side = new ServerSide().send(GET);
  side.last.stream.headers(new ResponseHeaderMap(200, ['content-length', '2']), false);
  assert.equal(side.sent(), '');
  await endOfTurn();
  assert.equal(side.sent(), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n');
});

test('A large piece is written as it is, behind its head', () => {
  const side = new ServerSide().send(GET);
  const large = Buffer.alloc(100_000, 'x');
  side.last.stream.headers(new ResponseHeaderMap(200, ['content-length', '100000']), false);
  side.last.stream.data(large, true);
  assert.equal(side.transport.chunks.length, 2);
  assert.equal(side.sent().length, 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'.length + 100_000);
});

const FRAMING: [title: string, method: string, head: ResponseHeaderMap, body: string[] | undefined, expected: string][] = [
  ['no body says so', 'GET', new ResponseHeaderMap(404), undefined, '404 Not Found\r\ncontent-length: 0\r\n\r\n'],
  ['no body to HEAD says how it would come', 'HEAD', new ResponseHeaderMap(200), undefined,
    '200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['no body to HEAD is none of 304', 'HEAD', new ResponseHeaderMap(304), undefined, '304 Not Modified\r\n\r\n'],
  ['no name for a status', 'GET', new ResponseHeaderMap(418), undefined, '418 Unknown\r\ncontent-length: 0\r\n\r\n'],
  ['HEAD keeps the length of GET', 'HEAD', new ResponseHeaderMap(200, ['content-length', '9']), undefined,
    '200 OK\r\ncontent-length: 9\r\n\r\n'],
  ['a body to HEAD is dropped', 'HEAD', new ResponseHeaderMap(200, ['content-length', '2']), ['hi'],
    '200 OK\r\ncontent-length: 2\r\n\r\n'],
  ['204 has no length', 'GET', new ResponseHeaderMap(204, ['content-length', '0']), undefined, '204 No Content\r\n\r\n'],
  ['304 keeps its length', 'GET', new ResponseHeaderMap(304, ['content-length', '9']), undefined,
    '304 Not Modified\r\ncontent-length: 9\r\n\r\n'],
  ['304 without a length gets none', 'GET', new ResponseHeaderMap(304), undefined, '304 Not Modified\r\n\r\n'],
  ['framing fields are the codec’s', 'GET',
    new ResponseHeaderMap(200, ['transfer-encoding', 'gzip', 'connection', 'x', 'keep-alive', '1', 'a', 'b']), ['hi'],
    '200 OK\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'],
  ['a length that is none is dropped', 'GET', new ResponseHeaderMap(200, ['content-length', '-1']), ['hi'],
    '200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'],
  ['an unknown status has a reason', 'GET', new ResponseHeaderMap(299), undefined, '299 Unknown\r\ncontent-length: 0\r\n\r\n'],
]; // prettier-ignore

for (const [title, method, head, body, expected] of FRAMING) {
  test(`A response is framed by its head: ${title}`, () => {
    const side = new ServerSide().send(`${method} / HTTP/1.1\r\nHost: h\r\n\r\n`);
    side.last.stream.headers(head, body === undefined);
    for (const piece of body ?? []) side.last.stream.data(Buffer.from(piece), piece === body?.[body.length - 1]);
    assert.equal(side.sent(), `HTTP/1.1 ${expected}`);
    assert.equal(side.codec.activeStreams, 0);
    assert.equal(side.transport.closed, false);
  });
}

test('Trailers are written behind the last chunk where they are enabled', () => {
  for (const [enableTrailers, expected] of [
    [true, '0\r\nx: y\r\n\r\n'],
    [false, '0\r\n\r\n'],
  ] as const) {
    const side = new ServerSide({ enableTrailers }).send(GET);
    side.last.stream.headers(new ResponseHeaderMap(200), false);
    side.last.stream.data(Buffer.from('hi'), false);
    side.last.stream.trailers(new HeaderMap(['x', 'y']));
    assert.equal(side.sent(), `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n${expected}`);
    assert.equal(side.idles, 1);
  }
});

test('A body that does not fit its promised length breaks the connection', () => {
  for (const pieces of [['toolong'], ['x']]) {
    const side = new ServerSide().send(GET);
    side.last.stream.headers(new ResponseHeaderMap(200, ['content-length', '4']), false);
    for (const piece of pieces) side.last.stream.data(Buffer.from(piece), true);
    assert.equal(side.transport.destroyed, true);
    assert.equal(side.last.resetReason, 'local reset');
  }
});

test('A client that says close gets close, and the connection ends', () => {
  const side = new ServerSide().send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', GET);
  ok(side.last);
  assert.equal(side.sent(), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi');
  assert.equal(side.transport.ended, true);
  assert.equal(side.requests.length, 1);
});

test('A response may say close itself', () => {
  const side = new ServerSide().send(GET);
  ok(side.last, 'hi', ['connection', 'close']);
  assert.match(side.sent(), /connection: close\r\n\r\nhi$/);
  assert.equal(side.transport.ended, true);
});

test('Draining closes an idle connection at once, and a busy one with its response', () => {
  const idle = new ServerSide();
  idle.codec.drain();
  assert.equal(idle.transport.ended, true);
  const busy = new ServerSide().send(GET);
  busy.codec.drain();
  assert.equal(busy.transport.ended, false);
  ok(busy.last);
  assert.match(busy.sent(), /connection: close\r\n\r\nhi$/);
  assert.equal(busy.transport.ended, true);
});

test('Draining lets a request whose head has begun be served, then closes', () => {
  const side = new ServerSide().send(GET.slice(0, 10));
  side.codec.drain();
  side.send(GET.slice(10));
  ok(side.last);
  assert.match(side.sent(), /connection: close/);
});

test('A response before the end of its request closes the connection', () => {
  const side = new ServerSide().send(POST.slice(0, -2));
  side.last.stream.headers(new ResponseHeaderMap(413), true);
  assert.equal(side.sent(), 'HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  assert.equal(side.transport.ended, true);
  side.send('lo', GET);
  assert.equal(side.requests.length, 1);
});

test('Interim responses go out at once, before the final one', () => {
  const side = new ServerSide().send('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  assert.equal(side.last.head?.get('expect'), '100-continue');
  side.last.stream.informational(new ResponseHeaderMap(100));
  assert.equal(side.sent(), 'HTTP/1.1 100 Continue\r\n\r\n');
  side.send('hi');
  assert.equal(side.last.body, 'hi');
});

test('An absolute target is taken apart, and says what Host says', () => {
  const cases = [
    ['http://a.test/b?c', 'http a.test /b?c'],
    ['HTTPS://a.test:8443', 'https a.test:8443 /'],
    ['http://[::1]:80?q', 'http [::1]:80 /?q'],
  ];
  for (const [target, expected] of cases) {
    const host = expected.split(' ')[1].toUpperCase();
    const { head } = new ServerSide().send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).last;
    assert.equal(`${head?.scheme} ${head?.authority} ${head?.path}`, expected);
    for (const other of ['other', 'a.test:1', '[::1]:81'])
      assert.equal(new ServerSide().send(`GET ${target} HTTP/1.1\r\nHost: ${other}\r\n\r\n`).requests.length, 0);
  }
  for (const [target, host] of [
    ['http://a.test', 'a.test:80'],
    ['https://a.test:443', 'A.test'],
  ]) {
    const side = new ServerSide().send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal(side.requests.length, 1);
  }
});

test('OPTIONS may ask about the server as a whole', () => {
  assert.equal(new ServerSide().send('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n').last.head?.path, '*');
});

test('HTTP/1.0 is served where it is accepted: no chunks, and no reuse unless asked for', () => {
  const side = new ServerSide({ acceptHttp10: true, defaultHostForHttp10: 'default.test' });
  side.send('GET / HTTP/1.0\r\n\r\n');
  assert.equal(side.codec.protocol, 'HTTP/1.0');
  assert.equal(side.last.head?.authority, 'default.test');
  side.last.stream.informational(new ResponseHeaderMap(103));
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.from('until close'), true);
  assert.equal(side.sent(), 'HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nuntil close');
  assert.equal(side.transport.ended, true);
  const kept = new ServerSide({ acceptHttp10: true });
  kept.send('GET / HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n');
  ok(kept.last);
  assert.equal(kept.sent(), 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nhi');
  assert.equal(kept.transport.ended, false);
});

test('An accepted upgrade leaves raw bytes both ways until both ends are done', async () => {
  const side = new ServerSide().send(
    'GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\nearly',
  );
  assert.equal(side.last.head?.protocol, 'websocket');
  assert.equal(side.last.ended, false);
  assert.equal(side.last.body, '');
  side.last.stream.headers(new ResponseHeaderMap(101, ['upgrade', 'websocket', 'sec-websocket-accept', 'x']), false);
  assert.equal(
    side.sent(),
    'HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  );
  await endOfTurn();
  assert.equal(side.last.body, 'early');
  side.send('\x00more');
  side.last.stream.data(Buffer.from('down'), false);
  await endOfTurn();
  assert.equal(side.last.body, 'early\x00more');
  assert.equal(side.sent(), 'down');
  side.codec.onEnd();
  assert.equal(side.last.ended, true);
  assert.equal(side.transport.ended, false);
  side.last.stream.data(Buffer.from('bye'), true);
  assert.equal(side.sent(), 'bye');
  assert.equal(side.transport.ended, true);
});

test('A refused upgrade closes, and what came behind it is not read as a request', async () => {
  const side = new ServerSide().send(`GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${GET}`);
  side.last.stream.headers(new ResponseHeaderMap(403), true);
  await endOfTurn();
  assert.equal(side.sent(), 'HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  assert.equal(side.requests.length, 1);
});

test('An upgrade to cleartext HTTP/2, or with a body, is an ordinary request', () => {
  const h2c = new ServerSide().send(
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
  );
  assert.equal(h2c.last.text, 'GET h /');
  assert.equal(h2c.last.head?.protocol, '');
  assert.equal(h2c.last.ended, true);
  const body = new ServerSide().send(
    'POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nhi',
  );
  assert.equal(body.last.head?.protocol, '');
  assert.equal(body.last.ended, true);
});

test('CONNECT has an authority and no path, and becomes a tunnel when it is answered with success', async () => {
  const side = new ServerSide().send('CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\nhello');
  assert.equal(side.last.head?.authority, 'db.test:5432');
  assert.equal(side.last.head.path, '');
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  assert.equal(side.sent(), 'HTTP/1.1 200 OK\r\n\r\n');
  await endOfTurn();
  assert.equal(side.last.body, 'hello');
});

test('A client that leaves resets its request; so does one that half-closes, as with Envoy', () => {
  for (const leave of [(s: ServerSide) => s.codec.onClose({ by: 'remote' }), (s: ServerSide) => s.codec.onEnd()]) {
    const side = new ServerSide().send(GET);
    leave(side);
    assert.equal(side.last.resetReason, 'connection termination');
    assert.equal(side.codec.activeStreams, 0);
    ok(side.last);
    assert.equal(side.sent(), '');
  }
});

test('A reset stream ends the connection without an answer; a half answer without a length ends it hard', () => {
  const unanswered = new ServerSide().send(GET);
  unanswered.last.stream.reset('local reset');
  assert.equal(unanswered.transport.ended, true);
  assert.equal(unanswered.sent(), '');
  const side = new ServerSide({ acceptHttp10: true }).send('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.from('half'), false);
  side.last.stream.reset('local reset');
  assert.equal(side.transport.destroyed, true);
});

test('Writing above the watermark says so, and draining is passed on', () => {
  const side = new ServerSide({}, 10).send(GET);
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  assert.equal(side.last.stream.data(Buffer.alloc(40_000), false), false);
  assert.equal(side.last.stream.data(Buffer.from('x'), false), false);
  side.transport.drain();
  side.codec.onDrain();
  assert.equal(side.last.drains, 1);
});

test('Empty lines before a request are passed over', () => {
  for (const pieces of cuts(`\r\n\r\n${GET}`)) assert.equal(new ServerSide().send(...pieces).requests.length, 1);
});

test('A truncated request waits, however it is truncated', () => {
  const text = `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`;
  for (let at = 0; at < text.length; at++) {
    const side = new ServerSide().send(text.slice(0, at));
    assert.deepEqual(side.faults, []);
    assert.equal(side.requests[0]?.ended ?? false, false);
  }
});

test('Fields of one list are one field, at the place of the first', () => {
  const side = new ServerSide().send('GET / HTTP/1.1\r\nHost: h\r\nAccept: a\r\nX-A: 1\r\nACCEPT: b\r\nX-A: 2\r\n\r\n');
  assert.deepEqual(side.last.head?.raw, ['accept', 'a,b', 'x-a', '1', 'x-a', '2']);
});
