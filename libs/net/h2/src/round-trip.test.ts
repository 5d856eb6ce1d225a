import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { ClientSide, cuts, ServerSide, takeWritten } from './fixture.testing.ts';

function answer(side: ServerSide): void {
  for (const { stream } of side.requests) {
    stream.informational(new ResponseHeaderMap(103, ['link', '</x>']));
    stream.headers(new ResponseHeaderMap(200, ['x-a', 'b', 'set-cookie', 'a', 'set-cookie', 'b']), false);
    stream.data(Buffer.from('hel'), false);
    stream.data(Buffer.from('lo'), false);
    stream.trailers(new HeaderMap(['grpc-status', '0']));
  }
}

function ask(side: ClientSide) {
  const get = side.request(new RequestHeaderMap('GET', '/a?b', 'h.test', ['cookie', 'a=b', 'x', 'y']));
  const post = side.request(new RequestHeaderMap('POST', '/', 'h.test', ['content-length', '6']), false);
  post.stream.data(Buffer.from('abc'), false);
  post.stream.data(Buffer.from('def'), true);
  const trailed = side.request(new RequestHeaderMap('POST', '/t', 'h.test'), false);
  trailed.stream.trailers(new HeaderMap(['sum', '1']));
  return [get, post, trailed];
}

function checkRequests(side: ServerSide): void {
  const [get, post, trailed] = side.requests;
  assert.deepEqual(
    side.requests.map(({ head }) => `${head?.method} ${head?.scheme} ${head?.authority} ${head?.path}`),
    ['GET http h.test /a?b', 'POST http h.test /', 'POST http h.test /t'],
  );
  assert.deepEqual(get.head?.raw, ['cookie', 'a=b', 'x', 'y']);
  assert.equal(get.ended, true);
  assert.equal(post.body, 'abcdef');
  assert.equal(post.ended, true);
  assert.deepEqual(trailed.trailerMap?.raw, ['sum', '1']);
  assert.deepEqual(side.faults, []);
}

test('Requests come through wherever their bytes are cut', () => {
  const client = new ClientSide({}, { greet: false });
  ask(client);
  for (const pieces of cuts(takeWritten(client.transport))) {
    const server = new ServerSide({}, { greet: false });
    server.send(...pieces);
    checkRequests(server);
  }
});

test('Responses come through wherever their bytes are cut', () => {
  const first = new ClientSide({}, { greet: false });
  ask(first);
  const server = new ServerSide({}, { greet: false });
  server.send(takeWritten(first.transport));
  answer(server);
  assert.equal(server.codec.activeStreams, 0);
  assert.equal(server.idles, 1);
  for (const pieces of cuts(takeWritten(server.transport))) {
    const client = new ClientSide({}, { greet: false });
    const streams = ask(client);
    client.send(...pieces);
    for (const { receiver } of streams) {
      assert.deepEqual(
        receiver.interim.map((head) => head.status),
        [103],
      );
      assert.equal(receiver.head?.status, 200);
      assert.deepEqual(receiver.head.raw, ['x-a', 'b', 'set-cookie', 'a', 'set-cookie', 'b']);
      assert.equal(receiver.body, 'hello');
      assert.deepEqual(receiver.trailerMap?.raw, ['grpc-status', '0']);
    }
    assert.equal(client.ends, 3);
    assert.equal(client.codec.activeStreams, 0);
    assert.deepEqual(client.faults, []);
  }
});

test('What streams write in a turn goes out as one write', () => {
  const server = new ServerSide();
  const client = new ClientSide();
  const chunks = client.transport.chunks.length;
  ask(client);
  assert.equal(client.transport.chunks.length, chunks);
  server.send(takeWritten(client.transport));
  answer(server);
  takeWritten(server.transport);
  assert.equal(server.requests.length, 3);
});

test('Heads that need more than one frame come through', () => {
  const long = 'v'.repeat(50_000);
  const client = new ClientSide();
  const server = new ServerSide();
  const { receiver } = client.request(new RequestHeaderMap('GET', '/', 'h', ['a', long]));
  server.send(takeWritten(client.transport));
  assert.equal(server.last.head?.get('a'), long);
  server.last.stream.headers(new ResponseHeaderMap(200, ['b', long]), true);
  client.send(takeWritten(server.transport));
  assert.equal(receiver.head?.get('b'), long);
  assert.equal(receiver.ended, true);
});

test('Large bodies come through both ways', () => {
  const body = Buffer.alloc(300_000, 'abcdefg');
  const client = new ClientSide({}, { greet: false });
  const server = new ServerSide({}, { greet: false });
  const { receiver, stream } = client.request(new RequestHeaderMap('POST', '/', 'h'), false);
  stream.data(body, true);
  for (let i = 0; i < 20; i++) {
    server.send(takeWritten(client.transport));
    client.send(takeWritten(server.transport));
    if (server.last.ended) {
      server.last.stream.headers(new ResponseHeaderMap(200), false);
      server.last.stream.data(body, true);
    }
  }
  assert.ok(server.last.body === body.toString());
  assert.ok(receiver.body === body.toString());
  assert.equal(receiver.ended, true);
});

test('A broken stream of octets never throws', () => {
  const client = new ClientSide({}, { greet: false });
  ask(client);
  const bytes = takeWritten(client.transport);
  let seed = 7;
  const below = (bound: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % bound;
  };
  for (let round = 0; round < 3000; round++) {
    const broken = Buffer.from(bytes);
    for (let i = below(4); i >= 0; i--) broken[24 + below(bytes.length - 24)] = below(256);
    const server = new ServerSide({ streamErrorOnInvalidHttpMessage: round % 2 === 0 }, { greet: false });
    server.onRequest = () => answer(server);
    server.send(broken.subarray(0, below(bytes.length)), broken);
    server.sent();
    const answered = new ClientSide({}, { greet: false });
    ask(answered);
    answered.send(broken.subarray(24));
    answered.codec.onClose({ by: 'remote' });
    assert.equal(answered.codec.activeStreams, 0);
  }
});
