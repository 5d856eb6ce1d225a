import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRandom, FakeTime } from '@weft/core-runtime/testing';
import { RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import {
  ClientSide,
  data,
  GET,
  goAway,
  headers,
  OK,
  ping,
  POST,
  ServerSide,
  settings,
  windowUpdate,
} from './fixture.testing.ts';
import { ErrorCode } from './frame.ts';

const NO_CONTENT = new ResponseHeaderMap(204);

test('A server that drains serves what it has, ignores what comes, and closes', () => {
  const side = new ServerSide();
  side.send(headers(1, POST, false), headers(3, GET));
  side.codec.shutdownNotice();
  side.send(headers(5, GET));
  side.codec.drain();
  side.codec.drain();
  assert.deepEqual(side.sent(), ['goAway 2147483647 noError', 'goAway 5 noError']);
  side.send(headers(7, GET), data(7, 'x'), data(1, 'abc', true));
  assert.equal(side.requests.length, 3);
  assert.equal(side.requests[0].body, 'abc');
  for (const { stream } of side.requests) {
    assert.equal(side.transport.closed, false);
    stream.headers(NO_CONTENT, true);
  }
  assert.equal(side.transport.closed, true);
  assert.equal(side.sent().filter((line) => line.endsWith('end :status=204')).length, 3);
  assert.equal(side.settings.stats.goawaySent.value, 1);
  assert.equal(side.idles, 0);
});

test('A server without streams that drains closes at once', () => {
  const side = new ServerSide();
  side.codec.drain();
  assert.deepEqual(side.sent(), ['goAway 0 noError']);
  assert.equal(side.transport.closed, true);
});

test('A server whose client leaves resets its streams, each once', () => {
  for (const leave of ['end', 'close'] as const) {
    const side = new ServerSide();
    side.send(headers(1, POST, false), headers(3, GET));
    if (leave === 'end') side.codec.onEnd();
    side.codec.onClose({ by: 'remote' });
    for (const request of side.requests) assert.equal(request.resetReason, 'connection termination');
    assert.equal(side.settings.stats.streamsActive.value, 0);
    assert.equal(side.settings.stats.outboundFramesActive.value, 0);
    side.requests[0].stream.headers(NO_CONTENT, true);
    assert.deepEqual(side.sent(), []);
  }
});

test('A client whose server goes away has the rest refused, and closes behind what is served', () => {
  const side = new ClientSide();
  const [first, second, third] = [0, 1, 2].map(() => side.request(new RequestHeaderMap()));
  side.send(goAway(0x7fff_ffff));
  assert.equal(side.goAways, 1);
  assert.equal(third.receiver.resetReason, undefined);
  side.send(goAway(3));
  assert.equal(side.goAways, 1);
  assert.equal(third.receiver.resetReason, 'remote refused stream reset');
  assert.equal(side.ends, 1);
  side.send(headers(1, OK), headers(3, OK));
  assert.equal(first.receiver.ended, true);
  assert.equal(second.receiver.ended, true);
  assert.equal(side.transport.closed, true);
  assert.deepEqual(side.faults, []);
});

test('A client without streams closes when its server goes away', () => {
  const side = new ClientSide();
  side.send(goAway(0));
  assert.equal(side.goAways, 1);
  assert.equal(side.transport.closed, true);
});

test('A client knows before its streams are reset that the connection is of no more use', () => {
  const side = new ClientSide();
  const { receiver } = side.request(new RequestHeaderMap());
  let goAways = 0;
  receiver.reset = () => {
    goAways = side.goAways;
  };
  side.send(data(9, 'x'));
  assert.equal(goAways, 1);
  assert.deepEqual(side.faults, ['http2.protocol_error']);
});

test('How many streams a server takes is told with its first SETTINGS and when it changes', () => {
  const side = new ClientSide({ maxConcurrentStreams: 50 });
  assert.equal(side.codec.maxConcurrentStreams, 50);
  // Its first SETTINGS name no limit: ours holds.
  assert.deepEqual(side.limits, [50]);
  side.send(settings([3, 100]), settings([3, 20]), settings([3, 20]), settings([4, 9]));
  assert.deepEqual(side.limits, [50, 20]);
  assert.equal(side.codec.maxConcurrentStreams, 20);
});

function keptAlive(changes = {}) {
  const time = new FakeTime();
  const connectionKeepAlive = {
    intervalMs: 1000,
    timeoutMs: 300,
    jitterPercent: 15,
    idleIntervalMs: 0,
    timers: time,
    random: new FakeRandom([49]),
    ...changes,
  };
  return { time, settings: { clock: time, connectionKeepAlive } };
}

test('A connection is pinged at its interval with jitter, and goes on where it is answered', () => {
  const { time, settings: changes } = keptAlive();
  const side = new ServerSide(changes);
  time.advance(1048);
  assert.deepEqual(side.sent(), []);
  time.advance(1);
  assert.deepEqual(side.sent(), ['ping']);
  side.send(ping(true));
  time.advance(1048);
  assert.deepEqual(side.sent(), []);
  time.advance(1);
  assert.deepEqual(side.sent(), ['ping']);
  side.codec.onClose({ by: 'remote' });
  assert.equal(time.pending, 0);
});

test('A connection that does not answer is cut, unless something else comes', () => {
  const { time, settings: changes } = keptAlive();
  const side = new ClientSide(changes);
  const { receiver } = side.request(new RequestHeaderMap());
  time.advance(1049 + 200);
  side.send(headers(1, OK, false));
  time.advance(299);
  assert.equal(side.transport.destroyed, false);
  time.advance(1);
  assert.equal(side.transport.destroyed, true);
  assert.equal(side.settings.stats.keepaliveTimeout.value, 1);
  assert.equal(receiver.resetReason, 'connection termination');
  assert.deepEqual([side.goAways, side.faults.length], [1, 0]);
  assert.equal(time.pending, 0);
});

test('A connection long quiet is pinged before its next stream', () => {
  const { time, settings: changes } = keptAlive({ intervalMs: 0, idleIntervalMs: 5000 });
  const side = new ClientSide(changes);
  time.advance(5000);
  side.request(new RequestHeaderMap());
  time.advance(1);
  side.request(new RequestHeaderMap());
  const lines = side.sent();
  assert.deepEqual(lines.map((line) => line.split(' ')[0]), ['headers', 'ping', 'headers']); // prettier-ignore
  side.send(ping(true));
  assert.equal(time.pending, 0);
});

test('An end that the peer gives no window for is given up', () => {
  const time = new FakeTime();
  const side = new ServerSide({ clock: time, streamFlushTimeout: { ms: 1000, timers: time } });
  side.send(settings([4, 0]), headers(1, GET), headers(3, GET));
  for (const { stream } of side.requests) {
    stream.headers(new ResponseHeaderMap(200), false);
    stream.data(Buffer.from('abc'), true);
  }
  side.send(windowUpdate(3, 3));
  side.sent();
  time.advance(1000);
  assert.deepEqual(side.sent(), ['rstStream 1 internalError']);
  assert.equal(side.settings.stats.txFlushTimeout.value, 1);
  assert.equal(time.pending, 0);
  assert.equal(ErrorCode.internalError, 2);
});
