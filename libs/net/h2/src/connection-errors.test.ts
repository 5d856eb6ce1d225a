import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  data,
  frame,
  GET,
  headers,
  ping,
  POST,
  rstStream,
  ServerSide,
  settings,
  settingsPayload,
  windowUpdate,
  words,
} from './fixture.testing.ts';
import { CLIENT_PREFACE, ErrorCode, Flag, FrameType } from './frame.ts';

const FAULTS: [title: string, pieces: Buffer[], code: keyof typeof ErrorCode, details: string][] = [
  ['DATA without a stream', [data(0, 'a')], 'protocolError', 'http2.protocol_error'],
  ['DATA on a stream nobody opened', [data(1, 'a')], 'protocolError', 'http2.protocol_error'],
  ['HEADERS without a stream', [headers(0, GET)], 'protocolError', 'http2.protocol_error'],
  ['HEADERS on a stream of ours', [headers(2, GET)], 'protocolError', 'http2.protocol_error'],
  ['HEADERS on a stream that is over', [headers(3, GET), headers(1, GET)], 'streamClosed', 'http2.stream_closed'],
  [
    'HEADERS that depend on themselves',
    [frame(FrameType.headers, Flag.endHeaders | Flag.priority, 1, Buffer.concat([words(1), Buffer.from([0])]))],
    'protocolError',
    'http2.protocol_error',
  ],
  [
    'HEADERS too short for their priority',
    [frame(FrameType.headers, Flag.endHeaders | Flag.priority, 1, 'abc')],
    'frameSizeError',
    'http2.frame_size_error',
  ],
  ['padding longer than its frame', [headers(1, POST, false), frame(0, Flag.padded, 1, '\x05ab')], 'protocolError', 'http2.protocol_error'],
  ['padding without its length', [headers(1, POST, false), frame(0, Flag.padded, 1, '')], 'protocolError', 'http2.protocol_error'],
  ['CONTINUATION of nothing', [frame(FrameType.continuation, 4, 1)], 'protocolError', 'http2.protocol_error'],
  ['a frame within a header block', [frame(FrameType.headers, 0, 1), ping()], 'protocolError', 'http2.protocol_error'],
  [
    'CONTINUATION of another stream',
    [frame(FrameType.headers, 0, 1), frame(FrameType.continuation, 4, 3)],
    'protocolError',
    'http2.protocol_error',
  ],
  ['an unknown frame within a header block', [frame(FrameType.headers, 0, 1), frame(99, 0, 1)], 'protocolError', 'http2.protocol_error'],
  ['a header block that is none', [frame(FrameType.headers, 5, 1, '\xff\xff\xff\xff\xff\xff')], 'compressionError', 'http2.compression_error'],
  ['PRIORITY without a stream', [frame(FrameType.priority, 0, 0, '12345')], 'protocolError', 'http2.protocol_error'],
  ['PRIORITY of another size', [frame(FrameType.priority, 0, 1, '1234')], 'frameSizeError', 'http2.frame_size_error'],
  ['RST_STREAM without a stream', [rstStream(0, 0)], 'protocolError', 'http2.protocol_error'],
  ['RST_STREAM on a stream nobody opened', [rstStream(1, 0)], 'protocolError', 'http2.protocol_error'],
  ['RST_STREAM of another size', [frame(FrameType.rstStream, 0, 1, '123')], 'frameSizeError', 'http2.frame_size_error'],
  ['SETTINGS on a stream', [frame(FrameType.settings, 0, 1)], 'protocolError', 'http2.protocol_error'],
  ['SETTINGS of another size', [frame(FrameType.settings, 0, 0, '12345')], 'frameSizeError', 'http2.frame_size_error'],
  ['an answer to SETTINGS that holds some', [frame(FrameType.settings, 1, 0, settingsPayload([3, 1]))], 'frameSizeError', 'http2.frame_size_error'],
  ['a push setting that is none', [settings([2, 2])], 'protocolError', 'http2.invalid_settings'],
  ['an initial window that is too large', [settings([4, 0x8000_0000])], 'flowControlError', 'http2.invalid_settings'],
  ['a frame size that is too small', [settings([5, 16_383])], 'protocolError', 'http2.invalid_settings'],
  ['a frame size that is too large', [settings([5, 16_777_216])], 'protocolError', 'http2.invalid_settings'],
  ['extended CONNECT taken back', [settings([8, 1]), settings([8, 0])], 'protocolError', 'http2.invalid_settings'],
  ['PUSH_PROMISE', [frame(FrameType.pushPromise, 4, 1, words(2))], 'protocolError', 'http2.push_promise_refused'],
  ['PING on a stream', [frame(FrameType.ping, 0, 1, '12345678')], 'protocolError', 'http2.protocol_error'],
  ['PING of another size', [frame(FrameType.ping, 0, 0, '1234567')], 'frameSizeError', 'http2.frame_size_error'],
  ['GOAWAY on a stream', [frame(FrameType.goAway, 0, 1, words(0, 0))], 'protocolError', 'http2.protocol_error'],
  ['GOAWAY of another size', [frame(FrameType.goAway, 0, 0, words(0))], 'frameSizeError', 'http2.frame_size_error'],
  ['WINDOW_UPDATE by nothing', [windowUpdate(0, 0)], 'protocolError', 'http2.protocol_error'],
  ['WINDOW_UPDATE of another size', [frame(FrameType.windowUpdate, 0, 0, '123')], 'frameSizeError', 'http2.frame_size_error'],
  ['WINDOW_UPDATE on a stream nobody opened', [windowUpdate(1, 1)], 'protocolError', 'http2.protocol_error'],
  ['a window above 2^31-1', [windowUpdate(0, 0x7fff_ffff)], 'flowControlError', 'http2.flow_control_error'],
  ['a frame above 16 KiB', [frame(99, 0, 0, Buffer.alloc(16_385))], 'frameSizeError', 'http2.frame_size_error'],
]; // prettier-ignore

for (const [title, pieces, code, details] of FAULTS) {
  test(`The connection ends upon ${title}`, () => {
    const side = new ServerSide();
    side.send(...pieces, headers(9, GET));
    const goAway = side.sent().at(-1);
    assert.match(goAway ?? '', new RegExp(`^goAway \\d ${code}$`));
    assert.deepEqual(side.faults, [details]);
    assert.equal(side.transport.closed, true);
    assert.equal(side.codec.activeStreams, 0);
    assert.ok(side.requests.every((request) => request.resetReason === 'protocol error'));
  });
}

test('What is not HTTP/2 is refused at the first octet that says so', () => {
  const side = new ServerSide({}, { greet: false });
  side.send(Buffer.from('GET / HTTP/1.1\r\n'));
  assert.deepEqual(side.faults, ['http2.invalid_preface']);
  assert.deepEqual(side.sent(), ['settings', 'windowUpdate 0 25100289', 'goAway 0 protocolError']);
});

test('The first frame is SETTINGS', () => {
  for (const first of [ping(), headers(1, GET), frame(FrameType.settings, 1, 0)]) {
    const side = new ServerSide({}, { greet: false });
    side.send(CLIENT_PREFACE, first);
    assert.deepEqual(side.faults, ['http2.settings_expected']);
  }
});

test('Faults of one stream end only that', () => {
  const side = new ServerSide();
  side.send(headers(1, POST, false), headers(3, POST, false), headers(5, GET));
  side.send(windowUpdate(1, 0), windowUpdate(3, 0x7fff_ffff), data(5, 'a'));
  assert.deepEqual(side.sent(), [
    'rstStream 1 protocolError',
    'rstStream 3 flowControlError',
    'rstStream 5 streamClosed',
  ]);
  assert.deepEqual(
    side.requests.map((request) => request.resetReason),
    ['protocol error', 'protocol error', 'protocol error'],
  );
  assert.deepEqual(side.faults, []);
});

test('What was under way on a stream that we reset is ignored', () => {
  const side = new ServerSide();
  side.send(headers(1, POST, false));
  side.last.stream.reset('local reset');
  assert.deepEqual(side.sent(), ['rstStream 1 internalError']);
  side.send(data(1, 'abc'), headers(1, [['a', 'b']]), windowUpdate(1, 5), rstStream(1, 0));
  assert.deepEqual(side.sent(), []);
  assert.deepEqual(side.faults, []);
});

test('Unknown frames, settings and flags are ignored, and PRIORITY says nothing', () => {
  const side = new ServerSide();
  side.send(
    frame(99, 0xff, 7, 'x'),
    settings([99, 1]),
    frame(FrameType.priority, 0, 5, Buffer.concat([words(3), Buffer.from([1])])),
    frame(FrameType.headers, 0xff & ~Flag.padded & ~Flag.priority, 1, headers(1, GET).subarray(9)),
  );
  assert.deepEqual(side.sent(), ['settings ack']);
  assert.equal(side.requests.length, 1);
});

test('PING is answered, padding is taken off', () => {
  const side = new ServerSide();
  const block = headers(1, POST).subarray(9);
  const padded = Buffer.concat([Buffer.from([3]), block, Buffer.alloc(3)]);
  side.send(ping(), frame(FrameType.headers, Flag.endHeaders | Flag.padded, 1, padded));
  side.send(frame(FrameType.data, Flag.padded | Flag.endStream, 1, '\x02abc\0\0'));
  assert.deepEqual(side.sent(), ['ping ack']);
  assert.equal(side.last.body, 'abc');
  assert.equal(side.last.ended, true);
});
