import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from '@weft/core-runtime/testing';
import { ResponseHeaderMap } from '@weft/core-http';
import {
  block,
  data,
  frame,
  GET,
  headers,
  ping,
  POST,
  rstStream,
  ServerSide,
  settings,
  windowUpdate,
  words,
} from './fixture.testing.ts';
import { ErrorCode, Flag, FrameType } from './frame.ts';

const PRIORITY = frame(FrameType.priority, 0, 1, Buffer.concat([words(3), Buffer.from([1])]));

/** Sends `piece` until the connection is over; says how many that took. */
function until(side: ServerSide, piece: Buffer, most: number): number {
  for (let count = 1; count <= most; count++) {
    side.send(piece);
    if (side.transport.closed) return count;
  }
  return Infinity;
}

test('Frames that hold nothing: one in a row is let pass', () => {
  const side = new ServerSide();
  side.send(headers(1, POST, false), data(1, ''), data(1, 'a'), data(1, ''));
  assert.equal(side.transport.closed, false);
  side.send(data(1, ''));
  assert.deepEqual(side.sent(), ['goAway 1 enhanceYourCalm']);
  assert.deepEqual(side.faults, ['http2.inbound_empty_frames_flood']);
  assert.equal(side.settings.stats.inboundEmptyFramesFlood.value, 1);
  assert.equal(side.last.resetReason, 'protocol error');
});

test('Padding is nothing too, and so is an empty piece of a header block', () => {
  const padded = new ServerSide({ maxConsecutiveInboundFramesWithEmptyPayload: 0 });
  padded.send(headers(1, POST, false), frame(FrameType.data, Flag.padded, 1, '\x03abc'));
  assert.equal(padded.settings.stats.inboundEmptyFramesFlood.value, 1);
  const heads = new ServerSide();
  heads.send(frame(FrameType.headers, 0, 1), frame(FrameType.continuation, 0, 1));
  assert.equal(heads.settings.stats.inboundEmptyFramesFlood.value, 1);
});

test('PRIORITY: so many for each stream, and once more', () => {
  const side = new ServerSide({ maxInboundPriorityFramesPerStream: 10 });
  side.send(headers(1, GET));
  assert.equal(until(side, PRIORITY, 100), 21);
  assert.equal(side.settings.stats.inboundPriorityFramesFlood.value, 1);
  assert.deepEqual(side.faults, ['http2.inbound_priority_frames_flood']);
});

test('WINDOW_UPDATE: as many as streams and DATA explain', () => {
  const side = new ServerSide();
  side.send(headers(1, GET));
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.from('a'), false);
  side.sent();
  assert.equal(until(side, windowUpdate(0, 1), 100), 5 + 2 * (1 + 10) + 1);
  assert.equal(side.settings.stats.inboundWindowUpdateFramesFlood.value, 1);
});

test('Answers pile up where a client does not read: at the limit the connection is cut', () => {
  for (const piece of [ping(), settings()]) {
    const side = new ServerSide();
    assert.equal(until(side, piece, 2000), 1001);
    assert.equal(side.transport.destroyed, true);
    assert.equal(side.settings.stats.outboundControlFlood.value, 1);
    assert.deepEqual(side.faults, ['http2.outbound_frames_flood']);
    assert.equal(side.settings.stats.outboundControlFramesActive.value, 0);
  }
});

test('A client that reads may ask as often as it likes', () => {
  const side = new ServerSide();
  for (let i = 0; i < 3000; i++) {
    side.send(ping());
    if (i % 500 === 0) side.sent();
  }
  assert.equal(side.transport.closed, false);
  assert.deepEqual(side.faults, []);
});

test('Frames of any type pile up to their own limit', () => {
  const side = new ServerSide({ maxOutboundFrames: 100 });
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(200), true);
  for (let id = 1; id < 1001 && !side.transport.closed; id += 2) side.send(headers(id, GET));
  assert.equal(side.requests.length, 101);
  assert.equal(side.settings.stats.outboundFlood.value, 1);
});

test('CONTINUATION: more than a head can need', () => {
  const side = new ServerSide();
  side.send(frame(FrameType.headers, 0, 1, block(GET)));
  assert.equal(until(side, frame(FrameType.continuation, 0, 1, block([['a', 'b']])), 100), 16);
  assert.deepEqual(side.faults, ['http2.too_many_continuation_frames']);
});

test('A small block that unfolds into much is stopped at the limit', () => {
  const side = new ServerSide();
  const value = 'v'.repeat(3000);
  const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 127, ...length(3000 - 127)]), Buffer.from(value)]);
  const bomb = Buffer.concat([block(GET), entry, Buffer.alloc(10_000, 0xbe)]);
  side.send(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, bomb));
  assert.deepEqual(side.sent(), ['rstStream 1 internalError']);
  assert.equal(side.requests.length, 0);
  side.send(headers(3, GET));
  assert.equal(side.requests.length, 1);
});

function length(rest: number): number[] {
  return rest < 128 ? [rest] : [(rest & 127) | 128, ...length(rest >>> 7)];
}

test('Streams above the limit are refused, to be sent again', () => {
  const side = new ServerSide({ maxConcurrentStreams: 2 });
  side.send(headers(1, GET), headers(3, GET), headers(5, GET));
  assert.deepEqual(side.sent(), ['rstStream 5 refusedStream']);
  assert.equal(side.settings.stats.streamRefusedErrors.value, 1);
  side.requests[0].stream.headers(new ResponseHeaderMap(204), true);
  side.send(headers(7, GET));
  assert.equal(side.requests.length, 3);
});

test('A client that opens streams only to reset them is sent away', () => {
  const clock = new FakeTime();
  const side = new ServerSide({ clock, prematureResetTotalStreamCount: 20 });
  let id = 1;
  for (; !side.transport.closed && id < 100; id += 2) {
    side.send(headers(id, GET), rstStream(id, ErrorCode.cancel));
    clock.advance(500);
  }
  assert.equal(side.requests.length, 10);
  assert.deepEqual(side.faults, ['too_many_premature_resets']);
  assert.match(side.sent().at(-1) ?? '', /^goAway 19 enhanceYourCalm$/);
  assert.equal(side.settings.stats.rxReset.value, 10);
});

test('Resets of streams that were answered or had their time are no offence', () => {
  const clock = new FakeTime();
  const side = new ServerSide({ clock, prematureResetTotalStreamCount: 10 });
  for (let id = 1; id < 100; id += 4) {
    side.send(headers(id, GET));
    side.last.stream.headers(new ResponseHeaderMap(200), false);
    side.send(rstStream(id, ErrorCode.cancel), headers(id + 2, GET));
    clock.advance(2000);
    side.send(rstStream(id + 2, ErrorCode.cancel));
  }
  assert.equal(side.transport.closed, false);
});

test('Streams that we have to reset count as if the client had', () => {
  const side = new ServerSide({ prematureResetTotalStreamCount: 20, streamErrorOnInvalidHttpMessage: true });
  let id = 1;
  for (; !side.transport.closed && id < 100; id += 2) side.send(headers(id, GET), windowUpdate(id, 0));
  assert.equal(side.requests.length, 10);
});
