import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHeaderMap } from '@weft/core-http';
import { FakeTime } from '@weft/core-runtime/testing';
import { data, GET, headers, POST, rstStream, ServerSide, windowUpdate, type Fields } from './fixture.testing.ts';
import { ErrorCode } from './frame.ts';

/** Has answered stream 1 with 413 before its end came, within a second. */
function answered(fields: Fields = POST): { readonly side: ServerSide; readonly time: FakeTime } {
  const time = new FakeTime();
  const side = new ServerSide({ clock: time, answeredGrace: { ms: 1000, timers: time } });
  side.send(headers(1, fields, false));
  side.last.stream.headers(new ResponseHeaderMap(413), true);
  assert.deepEqual(side.sent(), ['headers 1 end :status=413']);
  return { side, time };
}

test('A request that ends soon after its response is not reset', () => {
  const { side, time } = answered();
  side.send(data(1, 'rest', true));
  assert.deepEqual(side.sent(), []);
  assert.equal(side.last.body, '');
  assert.equal(side.idles, 1);
  assert.equal(time.pending, 0);
  side.send(headers(3, POST, false));
  side.last.stream.headers(new ResponseHeaderMap(413), true);
  side.send(headers(3, [['x', 'y']]));
  assert.deepEqual(side.sent(), ['headers 3 end :status=413']);
  assert.equal(side.settings.stats.streamsActive.value, 0);
});

test('A request that does not end is stopped after the grace, and what comes then is ignored', () => {
  const { side, time } = answered();
  side.send(data(1, 'rest'));
  time.advance(1000);
  assert.deepEqual(side.sent(), ['rstStream 1 noError']);
  assert.equal(side.idles, 1);
  side.send(data(1, 'late', true));
  assert.deepEqual(side.sent(), []);
});

test('A request that goes on and on is stopped before the grace is over', () => {
  const { side, time } = answered();
  for (let i = 0; i < 4; i++) side.send(data(1, Buffer.alloc(16_384)));
  assert.deepEqual(side.sent(), []);
  side.send(data(1, 'x'));
  assert.deepEqual(side.sent(), ['rstStream 1 noError']);
  assert.equal(time.pending, 0);
});

test('The rest of an answered request is judged', () => {
  const length: Fields = [...POST, ['content-length', '5']];
  for (const [pieces, line] of [
    [[headers(1, [['x', 'y']], false)], 'goAway 1 protocolError'],
    [[headers(1, [[':path', '/']])], 'goAway 1 protocolError'],
    [[data(1, 'toolong', true)], 'goAway 1 protocolError'],
    [[data(1, 'shor', true)], 'goAway 1 protocolError'],
    [[windowUpdate(1, 0)], 'rstStream 1 protocolError'],
    [[windowUpdate(1, 0x7fff_ffff)], 'rstStream 1 flowControlError'],
    [[rstStream(1, ErrorCode.cancel), data(1, 'x', true)], 'rstStream 1 streamClosed'],
    [[rstStream(1, ErrorCode.cancel), headers(1, GET)], 'goAway 1 streamClosed'],
  ] as const) {
    const { side, time } = answered(length);
    side.send(...pieces);
    assert.deepEqual(side.sent(), [line]);
    assert.equal(side.last.resetReason, undefined, 'who answered is done with it');
    assert.equal(time.pending, 0);
  }
});

test('What its user still does to an answered stream does nothing', () => {
  const { side } = answered();
  const { stream } = side.last;
  stream.pause();
  side.send(data(1, 'rest'));
  stream.resume();
  stream.reset('local reset');
  side.send(data(1, 'rest', true));
  assert.deepEqual(side.sent(), []);
});

test('A draining server waits for the rest of an answered request, as long as the grace', () => {
  const { side, time } = answered();
  side.codec.drain();
  assert.equal(side.transport.closed, false);
  time.advance(1000);
  assert.deepEqual(side.sent(), ['goAway 1 noError', 'rstStream 1 noError']);
  assert.equal(side.transport.closed, true);
});
