import { GRPC_STATUS, type GrpcReceiver, type GrpcStatus } from '@weft/core-grpc';
import { systemClock, SystemTimers } from '@weft/core-runtime';
import { testCluster } from '@weft/proxy-upstream/testing';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { ClusterGrpcChannel } from './cluster-grpc-channel.ts';
import { framed } from './message-reader.ts';

const HTTP2 = `typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    explicit_http_config: {http2_protocol_options: {}}`;

/** What a caller hears, and a way to wait for it. */
class Heard implements GrpcReceiver {
  readonly messages: string[] = [];
  status: GrpcStatus | undefined;
  private wake: () => void = () => undefined;

  onMessage(message: Uint8Array): void {
    this.messages.push(Buffer.from(message).toString());
    this.wake();
  }
  onEnd(status: GrpcStatus): void {
    assert.equal(this.status, undefined, 'a call ends once');
    this.status = status;
    this.wake();
  }
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) await new Promise<void>((resolve) => (this.wake = resolve));
  }
  async end(): Promise<GrpcStatus> {
    await this.until(() => this.status !== undefined);
    return this.status as GrpcStatus;
  }
}

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

async function channelTo(
  answer: Answer,
  pendingSecrets?: Promise<void>,
  target: { readonly localIp?: string; readonly maxReceiveBytes?: number } = {},
): Promise<{ channel: ClusterGrpcChannel; server: Http2Server; charged: () => readonly number[] }> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, headers);
  });
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { cluster } = testCluster([(server.address() as AddressInfo).port], HTTP2);
  if (pendingSecrets !== undefined) Object.defineProperty(cluster, 'pendingSecrets', { value: pendingSecrets });
  const channel = new ClusterGrpcChannel(
    { cluster: 'c', authority: 'xds.test', initialMetadata: [['x-token', 'abc']], ...target },
    { get: (name) => (name === 'c' ? cluster : undefined) },
    new SystemTimers(systemClock),
  );
  after(() => {
    for (const session of sessions) session.destroy();
    channel.close();
    server.close();
  });
  const { requestStats } = cluster;
  const counter = (name: string): number => cluster.stats.counter(name).value;
  const charged = (): readonly number[] => [
    counter('internal.upstream_rq_200'),
    counter('internal.upstream_rq_504'),
    requestStats.upstreamRqTimeout.value,
  ];
  return { channel, server, charged };
}

test('messages go both ways, and the trailers say how the call ended', async () => {
  const { channel } = await channelTo((stream, headers) => {
    assert.equal(headers[':path'], '/pkg.Service/Method');
    assert.equal(headers[':authority'], 'xds.test');
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(headers['te'], 'trailers');
    assert.equal(headers['x-token'], 'abc');
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5', 'grpc-message': 'not%20here' }));
    stream.on('data', (chunk: Buffer) => stream.write(chunk));
    stream.on('end', () => stream.end());
  });
  const heard = new Heard();
  const call = channel.call('/pkg.Service/Method', heard);
  call.send(Buffer.from('one'));
  await heard.until(() => heard.messages.length === 1);
  call.send(Buffer.from('two'));
  call.send(Buffer.from(''));
  call.end();
  assert.deepEqual(await heard.end(), { code: GRPC_STATUS.NOT_FOUND, message: 'not here' });
  assert.deepEqual(heard.messages, ['one', 'two', '']);
});

test('a message is the same however its octets are cut', async () => {
  const octets = Buffer.concat([framed(Buffer.from('hello')), framed(Buffer.from('')), framed(Buffer.from('world'))]);
  for (let at = 1; at < octets.length; at += 1) {
    const { channel } = await channelTo((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.write(octets.subarray(0, at), () => stream.end(octets.subarray(at)));
    });
    const heard = new Heard();
    channel.call('/a/b', heard);
    assert.deepEqual(await heard.end(), { code: GRPC_STATUS.OK, message: '' });
    assert.deepEqual(heard.messages, ['hello', '', 'world']);
  }
});

test('what is no gRPC answer becomes a status that says so', async () => {
  const answers: [string, Answer, GrpcStatus][] = [
    [
      'an HTTP error',
      (stream) => {
        stream.respond({ ':status': 503, 'content-type': 'text/plain' });
        stream.end('no healthy upstream');
      },
      { code: GRPC_STATUS.UNAVAILABLE, message: 'the server answered with HTTP status 503 and no grpc-status' },
    ],
    [
      'trailers only',
      (stream) =>
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
          { endStream: true },
        ),
      { code: GRPC_STATUS.UNIMPLEMENTED, message: '' },
    ],
    [
      'no trailers',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.end();
      },
      { code: GRPC_STATUS.UNKNOWN, message: 'the response ended without grpc-status' },
    ],
    [
      'a torn message',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from([0, 0, 0, 0, 9, 1]));
      },
      { code: GRPC_STATUS.INTERNAL, message: 'the response ended within a message' },
    ],
    [
      'compression',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.from([1, 0, 0, 0, 1, 1]));
      },
      { code: GRPC_STATUS.UNIMPLEMENTED, message: 'the message is compressed' },
    ],
    [
      'a reset',
      (stream) => stream.close(8),
      { code: GRPC_STATUS.UNAVAILABLE, message: 'the stream ended early: remote reset' },
    ],
  ];
  for (const [what, answer, status] of answers) {
    const { channel } = await channelTo(answer);
    const heard = new Heard();
    channel.call('/a/b', heard);
    assert.deepEqual(await heard.end(), status, what);
  }
});

test('a call to nobody ends after it was made, and says why', async () => {
  const timers = new SystemTimers(systemClock);
  const channel = new ClusterGrpcChannel(
    { cluster: 'gone', authority: '', initialMetadata: [] },
    { get: () => undefined },
    timers,
  );
  const heard = new Heard();
  channel.call('/a/b', heard);
  assert.equal(heard.status, undefined);
  assert.deepEqual(await heard.end(), { code: GRPC_STATUS.UNAVAILABLE, message: 'there is no cluster "gone"' });
});

test('a call waits for the certificates of its cluster, unless it is given up', async () => {
  const told = Promise.withResolvers<undefined>();
  const paths: unknown[] = [];
  const { channel } = await channelTo((stream, headers) => {
    paths.push(headers[':path']);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': 0 }, { endStream: true });
  }, told.promise);
  const [heard, cancelled] = [new Heard(), new Heard()];
  channel.call('/a/cancelled', cancelled).cancel();
  const waiting = channel.call('/a/given-up-later', cancelled);
  channel.call('/a/b', heard);
  await new Promise(setImmediate);
  assert.equal(heard.status, undefined);
  waiting.cancel();
  told.resolve(undefined);
  assert.equal((await heard.end()).code, GRPC_STATUS.OK);
  assert.deepEqual(paths, ['/a/b']);
  assert.equal(cancelled.status, undefined);
});

test('a call that is given up is reset, and hears nothing more', async () => {
  let closed: (code: number) => void = () => undefined;
  const code = new Promise<number>((resolve) => (closed = resolve));
  const { channel } = await channelTo((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(framed(Buffer.from('x')));
    stream.on('close', () => closed(stream.rstCode));
  });
  const heard = new Heard();
  const call = channel.call('/a/b', heard);
  await heard.until(() => heard.messages.length === 1);
  call.cancel();
  assert.equal(await code, 8);
  assert.equal(heard.status, undefined);
});

test('a deadline ends a call and is told to the server', async () => {
  let timeout: unknown;
  const { channel } = await channelTo((stream, headers) => {
    timeout = headers['grpc-timeout'];
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  });
  const heard = new Heard();
  channel.call('/a/b', heard, { timeoutMs: 250 });
  assert.deepEqual(await heard.end(), {
    code: GRPC_STATUS.DEADLINE_EXCEEDED,
    message: 'the call took longer than 250 ms',
  });
  assert.equal(timeout, '250m');
});

test('a call is counted as a request of the proxy itself, and says so where it may', async () => {
  const heads: IncomingHttpHeaders[] = [];
  const { channel, charged } = await channelTo(
    (stream, headers) => {
      heads.push(headers);
      if (heads.length === 1)
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': 0 }, { endStream: true });
    },
    undefined,
    { localIp: '192.0.2.1' },
  );
  const answered = new Heard();
  channel.call('/a/b', answered, { timeoutMs: 5000 }).end();
  await answered.end();
  assert.deepEqual(charged(), [1, 0, 0]);
  assert.deepEqual(
    ['x-envoy-internal', 'x-forwarded-for', 'x-envoy-expected-rq-timeout-ms'].map((name) => heads[0]?.[name]),
    ['true', '192.0.2.1', '5000'],
  );
  const late = new Heard();
  channel.call('/a/b', late, { timeoutMs: 50 }).end();
  assert.equal((await late.end()).code, GRPC_STATUS.DEADLINE_EXCEEDED);
  assert.deepEqual(charged(), [1, 1, 1]);
});

test('a message that is too long ends the call before it is gathered', async () => {
  const { channel } = await channelTo(
    (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(framed(Buffer.from('short')));
      stream.write(framed(Buffer.alloc(2000)).subarray(0, 100));
    },
    undefined,
    { maxReceiveBytes: 1000 },
  );
  const heard = new Heard();
  channel.call('/pkg.Service/Method', heard);
  const { code, message } = await heard.end();
  assert.deepEqual(
    [code, message],
    [GRPC_STATUS.RESOURCE_EXHAUSTED, 'the message has 2000 bytes, and 1000 are allowed'],
  );
  assert.deepEqual(heard.messages, ['short']);
});

test('who sends while there is no connection is told to wait beyond a buffer, and when to go on', async () => {
  let took = 0;
  const taken = Promise.withResolvers<true>();
  const { channel } = await channelTo((stream) => {
    stream.on('data', (chunk: Buffer) => {
      took += chunk.length;
      if (took >= 65 * 1029) taken.resolve(true);
    });
  });
  const drained = Promise.withResolvers<true>();
  const receiver = { onMessage: () => undefined, onDrain: () => drained.resolve(true), onEnd: () => undefined };
  const call = channel.call('/pkg.Service/Method', receiver);
  let sent = 1;
  while (call.send(Buffer.alloc(1024))) sent += 1;
  assert.equal(sent, 64);
  await drained.promise;
  call.send(Buffer.alloc(1024));
  await taken.promise;
});
