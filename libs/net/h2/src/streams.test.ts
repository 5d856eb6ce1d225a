import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import {
  block,
  ClientSide,
  data,
  frame,
  GET,
  headers,
  OK,
  POST,
  rstStream,
  ServerSide,
  settingsPayload,
  takeWritten,
} from './fixture.testing.ts';
import type { StatsScope } from '@weft/core-stats';
import { Http2Stats } from './stats.ts';
import { CLIENT_PREFACE, ErrorCode, Flag, FrameType } from './frame.ts';

test('A request arrives as HTTP/1.1 would bring it', () => {
  const side = new ServerSide();
  side.send(
    headers(1, [...GET, ['cookie', 'a=1'], ['x', ''], ['te', 'trailers'], ['cookie', 'b=2'], ['cookie', 'c=3']]),
  );
  assert.deepEqual(side.last.head?.raw, ['cookie', 'a=1; b=2; c=3', 'x', '', 'te', 'trailers']);
  assert.equal(side.last.head.authority, 'h.test');
  assert.equal(side.last.head.scheme, 'http');
});

test('Host is the authority where there is no other, and nothing beside one', () => {
  const side = new ServerSide();
  side.send(headers(1, [...GET.slice(0, 3), ['host', 'x.test:80']]), headers(3, [...GET, ['host', 'y.test']]));
  assert.deepEqual(
    side.requests.map(({ head }) => [head?.authority, head?.raw.length]),
    [
      ['x.test:80', 0],
      ['h.test', 0],
    ],
  );
});

test('A head in pieces is one head', () => {
  const side = new ServerSide();
  const whole = block([...POST, ['a', 'b']]);
  side.send(frame(FrameType.headers, Flag.endStream, 1, whole.subarray(0, 5)));
  side.send(frame(FrameType.continuation, 0, 1, whole.subarray(5, 20)));
  side.send(frame(FrameType.continuation, Flag.endHeaders, 1, whole.subarray(20)));
  assert.equal(side.last.head?.get('a'), 'b');
  assert.equal(side.last.ended, true);
});

test('Fields of an HTTP/1.1 connection are not written', () => {
  const side = new ServerSide();
  side.send(headers(1, GET));
  const raw = ['connection', 'close', 'keep-alive', '1', 'proxy-connection', 'x', 'transfer-encoding', 'chunked'];
  side.last.stream.headers(new ResponseHeaderMap(200, [...raw, 'upgrade', 'x', 'te', 'gzip', 'a', 'b']), true);
  assert.deepEqual(side.sent(), ['headers 1 end :status=200 a=b']);
});

test('A response that is whole before its request ends both', () => {
  const side = new ServerSide();
  side.send(headers(1, POST, false));
  side.last.stream.headers(new ResponseHeaderMap(413), true);
  assert.deepEqual(side.sent(), ['headers 1 end :status=413', 'rstStream 1 noError']);
  assert.equal(side.last.resetReason, undefined);
  assert.equal(side.idles, 1);
  side.send(data(1, 'late', true));
  assert.deepEqual(side.sent(), []);
});

test('A client takes the response that was whole before its request', () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(new RequestHeaderMap('POST'), false);
  side.send(headers(1, OK));
  assert.equal(receiver.ended, true);
  assert.equal(side.ends, 0);
  side.send(rstStream(1, ErrorCode.noError));
  assert.equal(receiver.resetReason, undefined);
  assert.equal(side.ends, 1);
  side.sent();
  assert.equal(stream.data(Buffer.from('more'), true), true);
  assert.deepEqual(side.sent(), []);
});

test('Resets of the peer say whether the request can be sent again', () => {
  const side = new ClientSide();
  const cases = [
    [ErrorCode.refusedStream, 'remote refused stream reset'],
    [ErrorCode.cancel, 'remote reset'],
    [ErrorCode.noError, 'remote reset'],
  ] as const;
  cases.forEach(([code, reason], i) => {
    const { receiver } = side.request(new RequestHeaderMap());
    side.send(rstStream(i * 2 + 1, code));
    assert.equal(receiver.resetReason, reason);
    assert.equal(side.ends, i + 1);
  });
  assert.equal(side.settings.stats.rxReset.value, 3);
  assert.equal(side.goAways, 0);
});

test('A client that gives up tells the server, and ignores what was under way', () => {
  const side = new ClientSide();
  const { receiver, stream } = side.request(new RequestHeaderMap());
  side.sent();
  stream.reset('local reset');
  assert.deepEqual(side.sent(), ['rstStream 1 cancel']);
  assert.deepEqual([side.ends, side.codec.activeStreams], [1, 0]);
  side.send(headers(1, OK, false), data(1, 'x', true));
  assert.equal(receiver.head, undefined);
  assert.deepEqual(side.faults, []);
  assert.deepEqual(side.sent(), []);
});

test('A stream that never sent its head leaves no trace, and heads keep the order of their ids', () => {
  const side = new ClientSide();
  const early = new RecordingReceiver<ResponseHeaderMap>();
  const dropped = side.codec.newStream(new RecordingReceiver<ResponseHeaderMap>());
  const first = side.codec.newStream(early);
  assert.equal(side.codec.activeStreams, 2);
  dropped.reset('local reset');
  const { receiver: late } = side.request(new RequestHeaderMap('GET', '/late'));
  first.headers(new RequestHeaderMap('GET', '/early'), true);
  const ids = side.sent().map((line) => line.split(' ').slice(0, 2).join(' '));
  assert.deepEqual(ids, ['headers 5', 'headers 7']);
  side.send(headers(7, [[':status', '201']]), headers(5, OK));
  assert.equal(early.head?.status, 201);
  assert.equal(late.head?.status, 200);
  assert.equal(side.codec.activeStreams, 0);
});

test('A push is refused', () => {
  const side = new ClientSide({}, { greet: false });
  assert.match(side.sent().join(), /^settings/);
  side.send(frame(FrameType.settings, 0, 0, settingsPayload([2, 1])));
  assert.deepEqual(side.faults, ['http2.invalid_settings']);
});

test('CONNECT opens a tunnel, whose directions end apart', () => {
  const side = new ServerSide();
  side.send(headers(1, [[':method', 'CONNECT'], [':authority', 'h:1']], false)); // prettier-ignore
  const { last } = side;
  assert.deepEqual([last.head?.method, last.head?.authority, last.head?.path], ['CONNECT', 'h:1', '']);
  last.stream.headers(new ResponseHeaderMap(200), false);
  last.stream.data(Buffer.from('bye'), true);
  assert.deepEqual(side.sent(), ['headers 1 :status=200', 'data 1 end bye']);
  side.send(data(1, 'still here'), data(1, '', true));
  assert.equal(last.body, 'still here');
  assert.equal(last.ended, true);
  assert.equal(side.codec.activeStreams, 0);
});

test('Extended CONNECT is an upgrade to those behind, on both sides', () => {
  const server = new ServerSide({ allowConnect: true });
  const client = new ClientSide();
  const head = new RequestHeaderMap('GET', '/chat', 'h.test', ['sec-websocket-version', '13']);
  head.protocol = 'websocket';
  const { receiver, stream } = client.request(head, false);
  assert.deepEqual(client.sent(), [
    'headers 1 :method=CONNECT :protocol=websocket :scheme=http :path=/chat :authority=h.test sec-websocket-version=13',
  ]);
  server.send(
    headers(1, [[':method', 'CONNECT'], [':protocol', 'websocket'], ...GET.slice(1), ['origin', 'x']], false),
  );
  const { last } = server;
  assert.deepEqual([last.head?.method, last.head?.protocol, last.head?.path], ['GET', 'websocket', '/a?b']);
  last.stream.headers(new ResponseHeaderMap(101, ['upgrade', 'websocket']), false);
  assert.deepEqual(server.sent(), ['headers 1 :status=200']);
  client.send(headers(1, OK, false), data(1, 'frame'));
  assert.equal(receiver.head?.status, 101);
  assert.equal(receiver.head.get('upgrade'), 'websocket');
  assert.equal(receiver.body, 'frame');
  stream.data(Buffer.from('x'), true);
  client.send(data(1, '', true));
  assert.equal(client.ends, 1);
});

test('A refused upgrade is an ordinary response', () => {
  const client = new ClientSide();
  const head = new RequestHeaderMap('GET', '/chat', 'h.test');
  head.protocol = 'websocket';
  const { receiver } = client.request(head, false);
  client.send(headers(1, [[':status', '403'], ['content-length', '2']], false), data(1, 'no', true)); // prettier-ignore
  assert.equal(receiver.head?.status, 403);
  assert.equal(receiver.body, 'no');
});

test('An HTTP/1.1 request that asked for h2c becomes stream 1', () => {
  const side = new ServerSide({}, { greet: false });
  assert.equal(side.codec.adoptUpgrade(settingsPayload([4, 3]), new RequestHeaderMap('GET', '/', 'h')), true);
  assert.equal(side.last.ended, true);
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.from('abcdef'), true);
  assert.deepEqual(side.sent(), ['settings', 'windowUpdate 0 25100289', 'headers 1 :status=200', 'data 1 abc']);
  side.send(CLIENT_PREFACE, frame(FrameType.settings, 0, 0), headers(3, GET));
  assert.equal(side.requests.length, 2);
  const broken = new ServerSide({}, { greet: false });
  assert.equal(broken.codec.adoptUpgrade(Buffer.alloc(5), new RequestHeaderMap()), false);
  assert.deepEqual(broken.faults, ['http2.invalid_settings']);
});

test('A server announces by default what Envoy does, octet for octet', () => {
  const side = new ServerSide({}, { greet: false });
  assert.equal(
    takeWritten(side.transport).toString('hex'),
    '000018040000000000000100001000000800000000000300000400000401000000' + '000004080000000000017f0001',
  );
});

test('Announced settings are those configured', () => {
  const side = new ServerSide(
    {
      hpackTableBytes: 0,
      allowConnect: true,
      maxConcurrentStreams: 7,
      initialStreamWindowBytes: 65_535,
      initialConnectionWindowBytes: 65_535,
      customSettings: [[0xf000, 1]],
    },
    { greet: false },
  );
  const payload = settingsPayload([1, 0], [8, 1], [3, 7], [4, 65_535], [0xf000, 1]);
  assert.deepEqual(takeWritten(side.transport), frame(FrameType.settings, 0, 0, payload));
});

test('All stats are there from the start', () => {
  const names: string[] = [];
  const number = (name: string) => {
    names.push(name);
    return { value: 0, inc() {}, dec() {}, add() {}, sub() {}, set() {} };
  };
  const scope: StatsScope = {
    prefix: '',
    counter: number,
    gauge: number,
    histogram: () => ({ record() {} }),
    text: () => ({ value: '', set() {} }),
    scope: (prefix) => (assert.equal(prefix, 'http2.'), scope),
  };
  const stats = new Http2Stats(scope);
  assert.equal(stats.goawaySent.value, 0);
  assert.equal(
    names.sort().join(' '),
    'cookies_total_bytes_too_large deferred_stream_close dropped_headers_with_underscores goaway_sent ' +
      'header_list_size_too_large header_overflow headers_cb_no_stream inbound_empty_frames_flood ' +
      'inbound_priority_frames_flood inbound_window_update_frames_flood keepalive_timeout metadata_empty_frames ' +
      'outbound_control_flood outbound_control_frames_active outbound_flood outbound_frames_active pending_send_bytes ' +
      'requests_rejected_with_underscores_in_headers rx_messaging_error rx_reset stream_refused_errors streams_active ' +
      'trailers tx_flush_timeout tx_reset',
  );
});

test('Interim responses come before the final one, and trailers behind the body', () => {
  const side = new ClientSide();
  const { receiver } = side.request(new RequestHeaderMap());
  side.send(headers(1, [[':status', '100']], false), headers(1, [[':status', '103'], ['link', 'x']], false)); // prettier-ignore
  side.send(headers(1, OK, false), data(1, 'abc'), headers(1, [['grpc-status', '0'], ['content-length', '9']])); // prettier-ignore
  assert.deepEqual(
    receiver.interim.map((head) => head.status),
    [100, 103],
  );
  assert.equal(receiver.body, 'abc');
  assert.deepEqual(receiver.trailerMap?.raw, ['grpc-status', '0']);
  assert.equal(side.ends, 1);
});

test('Calls on a stream that is over do nothing', () => {
  const side = new ServerSide();
  side.send(headers(1, GET));
  const { stream } = side.last;
  stream.headers(new ResponseHeaderMap(204), true);
  side.sent();
  stream.headers(new ResponseHeaderMap(200), false);
  stream.informational(new ResponseHeaderMap(103));
  assert.equal(stream.data(Buffer.from('x'), true), true);
  stream.trailers(new HeaderMap(['a', 'b']));
  stream.reset('local reset');
  stream.pause();
  stream.resume();
  assert.deepEqual(side.sent(), []);
});
