import { GRPC_STATUS, type GrpcHandler, type GrpcServerCall, type GrpcStatus } from '@weft/core-grpc';
import { FakeTime } from '@weft/core-runtime/testing';
import { systemClock } from '@weft/core-runtime';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GrpcJsChannel, GrpcServer, GrpcTls, type GrpcChannelTls, type GrpcListenAddress } from './index.ts';
import { makeAuthority, type Issued } from './testdata/authority.ts';

/** What one call heard, and promises of what is still to come. */
class Heard {
  readonly messages: string[] = [];
  readonly status: Promise<GrpcStatus>;
  onEnd!: (status: GrpcStatus) => void;
  private waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor() {
    this.status = new Promise((resolve) => (this.onEnd = resolve));
  }

  onMessage(message: Uint8Array): void {
    this.messages.push(message.length > 100 ? String(message.length) : Buffer.from(message).toString());
    if (this.waiting !== undefined && this.messages.length >= this.waiting.count) this.waiting.resolve();
  }

  count(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = { count, resolve };
      if (this.messages.length >= count) resolve();
    });
  }
}

const octets = (text: string): Uint8Array => Buffer.from(text);

const echo: GrpcHandler = (call) => ({
  onMessage: (message) => void call.send(message),
  onHalfClose: () => call.end(),
  onCancelled: () => undefined,
});

interface World {
  readonly server: GrpcServer;
  readonly target: string;
  channel(tls?: GrpcChannelTls): GrpcJsChannel;
}

async function world(t: TestContext, handler: GrpcHandler, listen: Partial<GrpcListenAddress> = {}): Promise<World> {
  const server = new GrpcServer({ services: new Map([['/test.Test/Call', handler]]), timers: new FakeTime() });
  const target = await server.listen({ address: '127.0.0.1:0', ...listen });
  const channels: GrpcJsChannel[] = [];
  t.after(async () => {
    for (const channel of channels) channel.close();
    await server.stop(0);
  });
  return {
    server,
    target,
    channel: (tls) => {
      const channel = new GrpcJsChannel({ target, clock: systemClock, ...(tls === undefined ? {} : { tls }) });
      channels.push(channel);
      return channel;
    },
  };
}

test('a call that says no more holds nothing of what it said', async (t) => {
  const { target } = await world(t, (call) => ({
    onMessage: () => void call.send(octets('heard')),
    onHalfClose: () => call.end(),
    onCancelled: () => undefined,
  }));
  const message = Buffer.alloc(3 * 1024 * 1024);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().arrayBuffers;
  // A client without the library, which keeps what it sent.
  const session = connect(`http://${target}`);
  t.after(() => session.destroy());
  for (let calls = 0; calls < 8; calls += 1) {
    const call = session.request({ ':method': 'POST', ':path': '/test.Test/Call', 'content-type': 'application/grpc' });
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    call.write(frame);
    call.write(message);
    await once(call, 'data');
  }
  const held = await eventuallyLess(() => {
    collect();
    return process.memoryUsage().arrayBuffers - before;
  }, 2 * message.length);
  assert.ok(held < 2 * message.length, `24 MiB were sent, and ${held} bytes are held`);
});

/** The value as soon as it is below `bound`, else the last of some: buffers are given back beside the program. */
async function eventuallyLess(read: () => number, bound: number): Promise<number> {
  let value = read();
  for (let tries = 0; tries < 20 && value >= bound; tries += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    value = read();
  }
  return value;
}

test('messages go both ways on one call, and a half close is answered', async (t) => {
  const { channel } = await world(t, echo);
  const heard = new Heard();
  const call = channel().call('/test.Test/Call', heard);
  call.send(octets('one'));
  await heard.count(1);
  call.send(octets('two'));
  call.end();
  assert.deepEqual(await heard.status, { code: GRPC_STATUS.OK, message: 'OK' });
  assert.deepEqual(heard.messages, ['one', 'two']);
});

test('a status that the server ends with arrives after what it sent', async (t) => {
  const { channel } = await world(t, (call) => {
    call.send(octets('last words'));
    call.end({ code: GRPC_STATUS.PERMISSION_DENIED, message: 'not you' });
    return { onMessage: () => undefined, onHalfClose: () => undefined, onCancelled: () => assert.fail('it ended') };
  });
  const heard = new Heard();
  channel().call('/test.Test/Call', heard);
  assert.deepEqual(await heard.status, { code: GRPC_STATUS.PERMISSION_DENIED, message: 'not you' });
  assert.deepEqual(heard.messages, ['last words']);
});

test('a method that nobody serves is unimplemented', async (t) => {
  const { channel } = await world(t, echo);
  const heard = new Heard();
  channel().call('/test.Test/Other', heard);
  assert.equal((await heard.status).code, GRPC_STATUS.UNIMPLEMENTED);
});

test('the server hears that a caller gave up, and the caller hears nothing more', async (t) => {
  const cancelled = Promise.withResolvers<string>();
  const { channel } = await world(t, (call) => ({
    onMessage: (message) => void call.send(message),
    onHalfClose: () => undefined,
    onCancelled: () => cancelled.resolve('cancelled'),
  }));
  const heard = new Heard();
  const call = channel().call('/test.Test/Call', {
    onMessage: (m) => heard.onMessage(m),
    onEnd: () => assert.fail('no'),
  });
  call.send(octets('one'));
  await heard.count(1);
  call.cancel();
  assert.equal(await cancelled.promise, 'cancelled');
});

test('a message in pieces arrives as one, and the pieces stay as they are', async (t) => {
  const pieces = [octets('one '), octets('two '), octets('three')];
  const { channel } = await world(t, (call) => ({
    onMessage: () => {
      call.sendPieces?.(pieces);
      call.sendPieces?.([]);
      call.send(octets('last'));
    },
    onHalfClose: () => undefined,
    onCancelled: () => undefined,
  }));
  const heard = new Heard();
  channel().call('/test.Test/Call', heard).send(octets('go'));
  await heard.count(3);
  assert.deepEqual(heard.messages.map(String), ['one two three', '', 'last']);
  assert.deepEqual(
    pieces.map((piece) => Buffer.from(piece).toString()),
    ['one ', 'two ', 'three'],
  );
});

test('metadata goes along, and the deadline ends the call', async (t) => {
  const calls: GrpcServerCall[] = [];
  const { channel } = await world(t, (call) => {
    calls.push(call);
    return { onMessage: () => undefined, onHalfClose: () => undefined, onCancelled: () => undefined };
  });
  const heard = new Heard();
  channel().call('/test.Test/Call', heard, {
    metadata: [
      ['x-token', 'abc'],
      ['x-raw-bin', 'AAE='],
    ],
    timeoutMs: 100,
  });
  assert.equal((await heard.status).code, GRPC_STATUS.DEADLINE_EXCEEDED);
  assert.deepEqual(
    calls[0]?.metadata.filter(([name]) => name.startsWith('x-')),
    [
      ['x-token', 'abc'],
      ['x-raw-bin', 'AAE='],
    ],
  );
  assert.match(calls[0]?.peerAddress ?? '', /^127\.0\.0\.1:\d+$/);
  assert.equal(calls[0]?.peerCertificate, undefined);
});

test('an answer may be of any size, a request only of the size that is allowed', async (t) => {
  const cancelled = Promise.withResolvers<string>();
  const { channel } = await world(t, (call) => ({
    onMessage: () => void call.send(new Uint8Array(20 * 1024 * 1024)),
    onHalfClose: () => call.end(),
    onCancelled: () => cancelled.resolve('cancelled'),
  }));
  const big = new Heard();
  const call = channel().call('/test.Test/Call', big);
  call.send(octets('give'));
  await big.count(1);
  assert.deepEqual(big.messages, [String(20 * 1024 * 1024)]);
  call.send(new Uint8Array(5 * 1024 * 1024));
  assert.equal((await big.status).code, GRPC_STATUS.RESOURCE_EXHAUSTED);
  assert.equal(await cancelled.promise, 'cancelled', 'the handler hears that the call is over');
});

test('a server that sends faster than the caller reads is told to wait, and when to go on', async (t) => {
  const drained = Promise.withResolvers<number>();
  const { channel } = await world(t, (call) => {
    let sent = 1;
    while (call.send(new Uint8Array(256 * 1024))) sent += 1;
    return {
      onMessage: () => undefined,
      onHalfClose: () => undefined,
      onDrain: () => drained.resolve(sent),
      onCancelled: () => undefined,
    };
  });
  const heard = new Heard();
  const call = channel().call('/test.Test/Call', heard);
  const sent = await drained.promise;
  await heard.count(sent);
  assert.ok(sent < 1000, `${String(sent)} messages were taken at once`);
  call.cancel();
});

test('what waits for a caller that does not read is counted in bytes, not in messages', async (t) => {
  const taken = Promise.withResolvers<readonly [small: number, large: boolean]>();
  const { channel } = await world(t, (call) => {
    let small = 1;
    while (call.send(new Uint8Array(1024))) small += 1;
    taken.resolve([small, call.send(new Uint8Array(1024))]);
    return { onMessage: () => undefined, onHalfClose: () => undefined, onCancelled: () => undefined };
  });
  channel().call('/test.Test/Call', new Heard());
  assert.deepEqual(await taken.promise, [65, false]);
});

test('a channel may be told how long a message may be', async (t) => {
  const { target } = await world(t, (call) => {
    call.send(new Uint8Array(2000));
    return { onMessage: () => undefined, onHalfClose: () => undefined, onCancelled: () => undefined };
  });
  const channel = new GrpcJsChannel({ target, clock: systemClock, maxReceiveBytes: 1000 });
  t.after(() => channel.close());
  const heard = new Heard();
  channel.call('/test.Test/Call', heard);
  assert.equal((await heard.status).code, GRPC_STATUS.RESOURCE_EXHAUSTED);
});

test('a Unix socket serves as an address does', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-grpc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { channel, target } = await world(t, echo, { address: `unix:${folder}/s` });
  assert.equal(target, `unix:${folder}/s`);
  const heard = new Heard();
  channel().call('/test.Test/Call', heard).send(octets('hi'));
  await heard.count(1);
});

test('a server that went away is unavailable, and a channel finds it again', async (t) => {
  const { channel, server, target } = await world(t, echo);
  const mine = channel();
  const before = new Heard();
  mine.call('/test.Test/Call', before).send(octets('hi'));
  await before.count(1);
  const stopped = server.stop(60_000);
  const second = new GrpcServer({ services: new Map([['/test.Test/Call', echo]]), timers: new FakeTime() });
  t.after(() => second.stop(0));
  // The port is free at once: a draining server only keeps its connections.
  await second.listen({ address: target });
  for (;;) {
    const after = new Heard();
    const call = mine.call('/test.Test/Call', after);
    call.send(octets('again'));
    call.end();
    if ((await after.status).code === GRPC_STATUS.OK) break;
  }
  mine.close();
  await stopped;
});

test('a closed channel answers unavailable', async (t) => {
  const { channel } = await world(t, echo);
  const mine = channel();
  const open = new Heard();
  mine.call('/test.Test/Call', open);
  mine.close();
  const late = new Heard();
  mine.call('/test.Test/Call', late);
  assert.equal((await open.status).code, GRPC_STATUS.UNAVAILABLE);
  assert.equal((await late.status).code, GRPC_STATUS.UNAVAILABLE);
});

const peers: GrpcHandler = (call) => {
  const { peerCertificate } = call;
  const name = peerCertificate === undefined ? 'nobody' : new X509Certificate(peerCertificate).subjectAltName;
  call.send(octets(name ?? ''));
  return { onMessage: () => undefined, onHalfClose: () => call.end(), onCancelled: () => undefined };
};

async function nameOf(channel: GrpcJsChannel): Promise<string> {
  const heard = new Heard();
  channel.call('/test.Test/Call', heard).end();
  const { code } = await heard.status;
  return code === GRPC_STATUS.OK ? (heard.messages[0] ?? '') : `status ${String(code)}`;
}

test('callers show certificates where they must or may, and the server replaces its own while it serves', async (t) => {
  const [ours, theirs] = [makeAuthority(), makeAuthority()];
  const material = (issued: Issued): { certificateChain: string; privateKey: string } => ({
    certificateChain: issued.cert,
    privateKey: issued.key,
  });
  const server = material(ours.issue('DNS:xds.test'));
  const client = { rootCa: ours.ca, serverName: 'xds.test', ...material(ours.issue('URI:spiffe://mesh/a')) };
  const stranger = { rootCa: ours.ca, serverName: 'xds.test', ...material(theirs.issue('URI:spiffe://mesh/b')) };
  const required = await world(t, peers, { tls: new GrpcTls({ ...server, clientCa: ours.ca }) });
  assert.equal(await nameOf(required.channel(client)), 'URI:spiffe://mesh/a');
  assert.equal(await nameOf(required.channel(stranger)), 'status 14');
  assert.equal(await nameOf(required.channel({ rootCa: ours.ca, serverName: 'xds.test' })), 'status 14');

  const tls = new GrpcTls({ ...server, clientCa: ours.ca }, 'request');
  const requested = await world(t, peers, { tls });
  assert.equal(await nameOf(requested.channel(client)), 'URI:spiffe://mesh/a');
  assert.equal(await nameOf(requested.channel(stranger)), 'nobody');
  const standing = requested.channel({ rootCa: ours.ca, serverName: 'xds.test' });
  assert.equal(await nameOf(standing), 'nobody');

  tls.replace({ ...material(theirs.issue('DNS:xds.test')), clientCa: theirs.ca });
  assert.equal(await nameOf(standing), 'nobody', 'a connection that stands keeps what it has');
  assert.equal(await nameOf(requested.channel({ rootCa: ours.ca, serverName: 'xds.test' })), 'status 14');
  assert.equal(await nameOf(requested.channel({ ...stranger, rootCa: theirs.ca })), 'URI:spiffe://mesh/b');
});
