import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HeaderMap,
  RequestHeaderMap,
  ResponseHeaderMap,
  WireBytes,
  type RequestReceiver,
  type ResponseHeaderMap as Response,
  type ServerStream,
} from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import {
  block,
  ClientSide,
  data,
  frame,
  headers,
  POST,
  rstStream,
  ServerSide,
  settings,
  takeWritten,
} from './fixture.testing.ts';
import { Flag, FrameType, SettingId } from './frame.ts';

class CountingServer extends ServerSide {
  override newStream(stream: ServerStream): RequestReceiver {
    stream.bytes = new WireBytes();
    this.counted.push(stream.bytes);
    return super.newStream(stream);
  }
  readonly counted: WireBytes[] = [];
}

const NAMES_AND_VALUES = POST.reduce((sum, [name, value]) => sum + name.length + value.length, 0);

test('A request costs its frames, and nothing of other streams', () => {
  const head = headers(1, POST, false);
  const [bytes] = new CountingServer().send(head, headers(3, POST), data(1, 'hello'), data(1, '', true)).counted;
  assert.equal(bytes.received, head.length + 9 + 5 + 9);
  assert.equal(bytes.headerReceived, head.length);
  assert.equal(bytes.decompressedHeaderReceived, NAMES_AND_VALUES);
});

test('A head in several frames costs each of them, and trailers are fields too', () => {
  const whole = block(POST);
  const first = frame(FrameType.headers, 0, 1, whole.subarray(0, 5));
  const second = frame(FrameType.continuation, Flag.endHeaders, 1, whole.subarray(5));
  const trailers = headers(1, [['sum', '12']]);
  const [bytes] = new CountingServer().send(first, second, trailers).counted;
  assert.equal(bytes.headerReceived, first.length + second.length + trailers.length);
  assert.equal(bytes.received, bytes.headerReceived);
  assert.equal(bytes.decompressedHeaderReceived, NAMES_AND_VALUES + 5);
});

test('A response costs what is written of it', () => {
  const side = new CountingServer().send(headers(1, POST));
  const { stream } = side.last;
  stream.headers(new ResponseHeaderMap(200, ['x-a', 'b', 'connection', 'close']), false);
  const head = takeWritten(side.transport).length;
  stream.data(Buffer.alloc(40_000), false);
  stream.trailers(new HeaderMap(['grpc-status', '0']));
  const rest = takeWritten(side.transport).length;
  const [bytes] = side.counted;
  assert.equal(bytes.sent, head + rest);
  assert.equal(bytes.headerSent, head + rest - 40_000 - 3 * 9);
  assert.equal(bytes.decompressedHeaderSent, ':status200x-abgrpc-status0'.length);
});

test('What waits for the client’s window is counted when the response is handed over', () => {
  const side = new CountingServer().send(settings([SettingId.initialWindowSize, 10]), headers(1, POST));
  takeWritten(side.transport);
  side.last.stream.headers(new ResponseHeaderMap(200), false);
  side.last.stream.data(Buffer.alloc(20_000), true);
  const [bytes] = side.counted;
  assert.equal(bytes.sent - bytes.headerSent, 20_000 + 9 + 2 * 9);
});

test('A client’s stream costs both ways what a server’s does', () => {
  const receiver = new RecordingReceiver<Response>();
  const side = new ClientSide();
  const stream = side.codec.newStream(receiver);
  const bytes = new WireBytes();
  stream.bytes = bytes;
  stream.headers(new RequestHeaderMap('POST', '/a', 'h.test', ['x', 'yz']), false);
  stream.data(Buffer.from('hello'), true);
  assert.equal(bytes.sent, takeWritten(side.transport).length);
  assert.equal(bytes.decompressedHeaderSent, ':methodPOST:schemehttp:path/a:authorityh.testxyz'.length);
  const answer = [headers(1, [[':status', '200']], false), data(1, 'ok'), rstStream(1, 0)];
  side.send(...answer);
  assert.equal(bytes.received, Buffer.concat(answer).length);
  assert.equal(bytes.decompressedHeaderReceived, ':status200'.length);
});

test('A head that is refused tells what it cost', () => {
  const side = new CountingServer();
  const head = headers(1, POST.slice(0, 2));
  side.send(head);
  assert.equal(side.codec.refusedBytes?.received, head.length);
});
