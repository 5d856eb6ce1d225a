import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { ClientSide, data, GET, headers, OK, POST, ServerSide, settings, windowUpdate } from './fixture.testing.ts';

const INITIAL_WINDOW_SIZE = 4;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A server with a request that waits for its answer's body. */
function answering(side: ServerSide, streamId = 1) {
  side.send(headers(streamId, GET));
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  return side.last;
}

test('A body waits for the window of its stream', () => {
  const side = new ServerSide();
  side.send(settings([INITIAL_WINDOW_SIZE, 10]));
  const { stream } = answering(side);
  assert.equal(stream.data(Buffer.from('0123456789abc'), false), true);
  stream.data(Buffer.from('def'), true);
  assert.deepEqual(side.sent(), ['settings ack', 'headers 1 :status=200', 'data 1 0123456789']);
  assert.equal(side.settings.stats.pendingSendBytes.value, 6);
  side.send(windowUpdate(1, 4));
  assert.deepEqual(side.sent(), ['data 1 abcd']);
  side.send(windowUpdate(1, 4));
  assert.deepEqual(side.sent(), ['data 1 end ef']);
  assert.equal(side.settings.stats.pendingSendBytes.value, 0);
  assert.equal(side.codec.activeStreams, 0);
});

test('Streams that wait for the window of the connection take turns', () => {
  const side = new ServerSide();
  const body = Buffer.alloc(60_000, 'x');
  for (const id of [1, 3, 5]) answering(side, id).stream.data(body, true);
  side.sent();
  assert.deepEqual([...side.reader.dataBytes], [[1, 60_000], [3, 5535]]); // prettier-ignore
  side.send(windowUpdate(0, 40_000));
  side.sent();
  assert.deepEqual([...side.reader.dataBytes], [[1, 60_000], [3, 5535 + 16_384 + 7232], [5, 16_384]]); // prettier-ignore
  side.send(windowUpdate(0, 1_000_000));
  assert.equal(side.sent().filter((line) => line.includes(' end')).length, 2);
  assert.deepEqual([...side.reader.dataBytes.values()], [60_000, 60_000, 60_000]);
});

test('Trailers come behind the body that waits', () => {
  const side = new ServerSide();
  side.send(settings([INITIAL_WINDOW_SIZE, 2]));
  const { stream } = answering(side);
  stream.data(Buffer.from('abc'), false);
  stream.trailers(new HeaderMap(['a', 'b']));
  side.sent();
  side.send(windowUpdate(1, 2));
  assert.deepEqual(side.sent(), ['data 1 c', 'headers 1 end a=b']);
  assert.equal(side.codec.activeStreams, 0);
});

test('Empty trailers are an empty end', () => {
  const side = new ServerSide();
  const { stream } = answering(side);
  stream.trailers(new HeaderMap());
  assert.deepEqual(side.sent(), ['headers 1 :status=200', 'data 1 end']);
});

test('A window may become negative, and then has to grow first', () => {
  const side = new ServerSide();
  const { stream } = answering(side);
  stream.data(Buffer.alloc(1000, 'x'), false);
  side.sent();
  side.send(settings([INITIAL_WINDOW_SIZE, 500]));
  stream.data(Buffer.from('abc'), true);
  assert.deepEqual(side.sent(), ['settings ack']);
  side.send(windowUpdate(1, 500));
  assert.deepEqual(side.sent(), []);
  side.send(windowUpdate(1, 2));
  assert.deepEqual(side.sent(), ['data 1 ab']);
  side.send(settings([INITIAL_WINDOW_SIZE, 501]));
  assert.deepEqual(side.sent(), ['settings ack', 'data 1 end c']);
});

test('An end without data needs no window', () => {
  const side = new ServerSide();
  side.send(settings([INITIAL_WINDOW_SIZE, 0]));
  const { stream } = answering(side);
  stream.data(Buffer.alloc(0), true);
  assert.deepEqual(side.sent(), ['settings ack', 'headers 1 :status=200', 'data 1 end']);
});

test('Above its limit a stream says so, and when it has drained by half', () => {
  const side = new ServerSide({ streamBufferLimitBytes: 100 });
  side.send(settings([INITIAL_WINDOW_SIZE, 0]));
  const request = answering(side);
  assert.equal(request.stream.data(Buffer.alloc(99), false), true);
  assert.equal(request.stream.data(Buffer.alloc(1), false), false);
  side.send(windowUpdate(1, 49));
  assert.equal(request.drains, 0);
  side.send(windowUpdate(1, 1));
  assert.equal(request.drains, 1);
  side.send(windowUpdate(1, 50));
  assert.equal(request.drains, 1);
});

test('Above the watermark of the transport all streams wait, and none is forgotten', () => {
  const side = new ServerSide({}, { highWatermark: 100_000 });
  side.send(settings([INITIAL_WINDOW_SIZE, 10_000_000]), windowUpdate(0, 10_000_000));
  const first = answering(side, 1);
  const second = answering(side, 3);
  assert.equal(first.stream.data(Buffer.alloc(200_000, 'a'), false), false);
  assert.equal(second.stream.data(Buffer.alloc(200_000, 'b'), false), false);
  second.stream.data(Buffer.from('c'), true);
  side.sent();
  assert.deepEqual([first.drains, side.reader.dataBytes.get(3)], [0, undefined]);
  for (let i = 0; i < 4; i++) {
    side.codec.onDrain();
    side.sent();
  }
  assert.deepEqual([first.drains, second.drains], [1, 1]);
  assert.deepEqual([...side.reader.dataBytes], [[1, 200_000], [3, 200_001]]); // prettier-ignore
});

test('What was consumed is given back in halves of a window', () => {
  const side = new ServerSide({ initialStreamWindowBytes: 100_000, initialConnectionWindowBytes: 300_000 });
  side.send(headers(1, POST, false));
  const piece = Buffer.alloc(10_000);
  for (let i = 0; i < 5; i++) side.send(data(1, piece));
  assert.deepEqual(side.sent(), ['windowUpdate 1 50000']);
  for (let i = 0; i < 10; i++) side.send(data(1, piece));
  assert.deepEqual(side.sent(), ['windowUpdate 1 50000', 'windowUpdate 1 50000', 'windowUpdate 0 150000']);
});

test('A paused stream holds what comes, gives no window, and goes on in order', async () => {
  const side = new ServerSide({ initialStreamWindowBytes: 100_000, initialConnectionWindowBytes: 100_000 });
  side.send(headers(1, POST, false));
  const { last } = side;
  last.stream.pause();
  last.stream.pause();
  for (const letter of 'abcdef') side.send(data(1, Buffer.alloc(10_000, letter)));
  side.send(headers(1, [['sum', '1']]));
  assert.equal(last.body, '');
  assert.equal(side.settings.stats.deferredStreamClose.value, 1);
  last.stream.resume();
  await nextTurn();
  assert.equal(last.body, '');
  assert.deepEqual(side.sent(), []);
  last.stream.resume();
  assert.equal(last.body, '', 'not from inside of resume');
  await nextTurn();
  assert.equal(last.body.length, 60_000);
  assert.match(last.body, /^a+b+c+d+e+f+$/);
  assert.deepEqual(last.trailerMap?.raw, ['sum', '1']);
  assert.deepEqual(side.sent(), ['windowUpdate 0 50000']);
  assert.equal(side.settings.stats.deferredStreamClose.value, 0);
});

test('A receiver that pauses while it is given data gets no more, and the window waits for it', async () => {
  const side = new ServerSide({ initialStreamWindowBytes: 100_000 });
  side.send(headers(1, POST, false));
  const { last } = side;
  const take = last.data.bind(last);
  last.data = (chunk, end) => {
    last.stream.pause();
    return take(chunk, end);
  };
  side.send(data(1, Buffer.alloc(15_000)), data(1, Buffer.alloc(15_000)), data(1, '', true));
  assert.equal(last.chunks, 1);
  assert.deepEqual(side.sent(), []);
  last.stream.resume();
  await nextTurn();
  assert.equal(last.chunks, 2);
  assert.equal(last.ended, true);
});

test('More than the window of a stream is a fault of the stream, more than that of the connection of all', () => {
  const side = new ServerSide({ initialStreamWindowBytes: 65_535, initialConnectionWindowBytes: 65_535 });
  side.send(headers(1, POST, false), headers(3, POST, false));
  for (const request of side.requests) request.stream.pause();
  for (let i = 0; i < 3; i++) side.send(data(1, Buffer.alloc(16_384)), data(1, 'x'));
  side.send(data(3, Buffer.alloc(16_380)));
  assert.deepEqual(side.sent(), []);
  side.send(data(3, Buffer.alloc(1)));
  assert.deepEqual(side.sent(), ['goAway 3 flowControlError']);

  const one = new ServerSide({ initialStreamWindowBytes: 65_535 });
  one.send(headers(1, POST, false));
  one.last.stream.pause();
  for (let i = 0; i < 4; i++) one.send(data(1, Buffer.alloc(16_384)));
  assert.deepEqual(one.sent(), ['rstStream 1 flowControlError']);
  assert.equal(one.last.resetReason, 'protocol error');
});

test('What a stream held when it ended early goes back to the connection', () => {
  const side = new ServerSide({ initialConnectionWindowBytes: 100_000 });
  side.send(headers(1, POST, false));
  side.last.stream.pause();
  for (let i = 0; i < 5; i++) side.send(data(1, Buffer.alloc(10_000)));
  side.last.stream.reset('local reset');
  assert.deepEqual(side.sent(), ['rstStream 1 internalError', 'windowUpdate 0 50000']);
});

test('DATA on streams that are over counts for the connection', () => {
  const side = new ServerSide({ initialConnectionWindowBytes: 100_000 });
  side.send(headers(1, POST, false));
  side.last.stream.reset('local reset');
  for (let i = 0; i < 5; i++) side.send(data(1, Buffer.alloc(10_000)));
  assert.deepEqual(side.sent(), ['rstStream 1 internalError', 'windowUpdate 0 50000']);
});

test('Many small pieces that are held do not keep their buffers', async () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(new RequestHeaderMap());
  side.send(headers(1, OK, false));
  stream.pause();
  for (let i = 0; i < 5000; i++) side.send(data(1, 'ab'));
  side.send(data(1, '', true));
  stream.resume();
  await nextTurn();
  assert.equal(receiver.body.length, 10_000);
  assert.equal(receiver.chunks, 1);
  assert.equal(receiver.ended, true);
  assert.equal(side.ends, 1);
});

test('A request body waits for the window of the server', () => {
  const side = new ClientSide();
  side.send(settings([INITIAL_WINDOW_SIZE, 3]));
  side.sent();
  const { stream } = side.request(new RequestHeaderMap('POST', '/', 'h'), false);
  stream.data(Buffer.from('abcdef'), true);
  assert.match(side.sent().join(), /headers 1 :method=POST.*,data 1 abc$/);
  side.send(windowUpdate(1, 3));
  assert.deepEqual(side.sent(), ['data 1 end def']);
});
