import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import type { TransportClose, TransportReceiver } from '@weft/core-bytes';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { listen, type SocketListener } from './listen.ts';
import type { SocketTransport } from './socket-transport.ts';

/** Keeps what a transport says, and wakes whoever waits for it. */
class Recorder implements TransportReceiver {
  text = '';
  ended = false;
  drains = 0;
  closed: TransportClose | undefined;
  private wake: (() => void) | undefined;

  onData(chunk: Buffer): void {
    this.text += chunk.toString('latin1');
    this.wake?.();
  }
  onEnd(): void {
    this.ended = true;
    this.wake?.();
  }
  onDrain(): void {
    this.drains += 1;
    this.wake?.();
  }
  onClose(close: TransportClose): void {
    this.closed = close;
    this.wake?.();
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

const { timers } = createFakeRuntime();
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

interface Pair {
  client: Socket;
  transport: SocketTransport;
  receiver: Recorder;
  listener: SocketListener;
}

async function pair(options: { path?: string; perConnectionBufferLimitBytes?: number } = {}): Promise<Pair> {
  const receiver = new Recorder();
  const accepted = Promise.withResolvers<SocketTransport>();
  const listener = await listen({ address: '127.0.0.1', port: 0, timers, ...options }, accepted.resolve);
  const { path } = options;
  const client = connectSocket(path === undefined ? { host: '127.0.0.1', port: listener.address.port } : { path });
  client.on('error', () => undefined);
  const transport = await accepted.promise;
  transport.setReceiver(receiver);
  cleanUps.push(() => {
    client.destroy();
    transport.destroy();
    void listener.close();
  });
  return { client, transport, receiver, listener };
}

test('Bytes go both ways, and both ends are named by their addresses', async () => {
  const { client, transport, receiver, listener } = await pair();
  client.write('hello');
  await receiver.until(() => receiver.text === 'hello');
  transport.writeLatin1('caf\u00e9 ');
  transport.write(Buffer.from('bytes'));
  const [first] = (await once(client, 'data')) as [Buffer];
  let got = first.toString('latin1');
  while (got.length < 10) got += ((await once(client, 'data')) as [Buffer])[0].toString('latin1');
  assert.equal(got, 'caf\u00e9 bytes');
  assert.equal(transport.localAddress.text, listener.address.text);
  assert.equal(transport.remoteAddress.port, client.localPort);
});

test('A peer that half-closes can still be answered', async () => {
  const { client, transport, receiver } = await pair();
  client.end('question');
  await receiver.until(() => receiver.ended);
  assert.equal(receiver.text, 'question');
  assert.equal(transport.closed, false);
  transport.writeLatin1('answer');
  transport.end();
  const [answer] = (await once(client, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'answer');
  await receiver.until(() => receiver.closed !== undefined);
});

test('Reading stops while it is paused as often as it was not resumed', async () => {
  const { client, transport, receiver } = await pair();
  transport.pauseReading();
  transport.pauseReading();
  client.write('held');
  transport.resumeReading();
  // A full round trip on another connection: the held bytes have long arrived by then.
  const other = await pair();
  other.client.write('x');
  await other.receiver.until(() => other.receiver.text === 'x');
  assert.equal(receiver.text, '');
  transport.resumeReading();
  await receiver.until(() => receiver.text === 'held');
});

test('A writer above the high watermark is told to stop, and to go on when the queue is empty', async () => {
  const { client, transport, receiver } = await pair({ perConnectionBufferLimitBytes: 64 * 1024 });
  client.pause();
  let below = true;
  let written = 0;
  for (; below && written < 64 * 1024 * 1024; written += 65536) below = transport.write(Buffer.alloc(65536));
  assert.equal(below, false);
  assert.ok(transport.bufferedBytes >= 64 * 1024);
  client.resume();
  await receiver.until(() => receiver.drains === 1);
  assert.equal(transport.bufferedBytes, 0);
});

test('Closing sends what is queued, drops what comes, and ends when the peer closes too', async () => {
  const { client, transport, receiver } = await pair();
  transport.writeLatin1('last words');
  transport.close();
  assert.equal(transport.closed, true);
  client.write('too late');
  const [words] = (await once(client, 'data')) as [Buffer];
  assert.equal(words.toString(), 'last words');
  await receiver.until(() => receiver.closed !== undefined);
  assert.deepEqual(receiver.closed, { by: 'local' });
  assert.equal(receiver.text, '');
});

test('Closing waits for a peer that stays open, but no longer than a second', async () => {
  const { timers: time } = createFakeRuntime();
  const accepted = Promise.withResolvers<SocketTransport>();
  const listener = await listen({ address: '127.0.0.1', port: 0, timers: time }, accepted.resolve);
  const client = connectSocket({ host: '127.0.0.1', port: listener.address.port, allowHalfOpen: true });
  cleanUps.push(() => {
    client.destroy();
    void listener.close();
  });
  const receiver = new Recorder();
  const transport = await accepted.promise;
  transport.setReceiver(receiver);
  transport.close();
  client.resume();
  await once(client, 'end');
  assert.equal(receiver.closed, undefined);
  time.advance(1000);
  await receiver.until(() => receiver.closed !== undefined);
  assert.deepEqual(receiver.closed, { by: 'local' });
  assert.equal(time.pending, 0);
});

test('Who pauses and closes before anything was read hears when the peer has closed too', async () => {
  const receiver = new Recorder();
  const accepted = Promise.withResolvers<SocketTransport>();
  const listener = await listen({ address: '127.0.0.1', port: 0, timers }, accepted.resolve);
  const client = connectSocket({ host: '127.0.0.1', port: listener.address.port });
  const transport = await accepted.promise;
  transport.pauseReading();
  transport.close();
  transport.setReceiver(receiver);
  client.resume();
  await receiver.until(() => receiver.closed !== undefined);
  assert.equal(receiver.closed?.by, 'local');
  await listener.close();
});

test('How long closing waits can be chosen, and who chose it hears that it was not enough', async () => {
  const { timers: time } = createFakeRuntime();
  for (const ms of [5000, 0]) {
    const accepted = Promise.withResolvers<SocketTransport>();
    const listener = await listen({ address: '127.0.0.1', port: 0, timers: time }, accepted.resolve);
    const client = connectSocket({ host: '127.0.0.1', port: listener.address.port, allowHalfOpen: true });
    cleanUps.push(() => {
      client.destroy();
      void listener.close();
    });
    const receiver = new Recorder();
    const transport = await accepted.promise;
    transport.setReceiver(receiver);
    let timeouts = 0;
    transport.setDelayedClose(ms, () => (timeouts += 1));
    transport.writeLatin1('bye');
    transport.close();
    client.resume();
    await once(client, 'end');
    time.advance(4999);
    assert.equal(timeouts, 0);
    time.advance(1);
    await receiver.until(() => receiver.closed !== undefined);
    assert.equal(timeouts, ms === 0 ? 0 : 1);
    assert.equal(time.pending, 0);
  }
});

test('Destroying is a reset to the peer', async () => {
  const { client, transport, receiver } = await pair();
  client.write('hello');
  await receiver.until(() => receiver.text === 'hello');
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => client.once('error', resolve));
  transport.destroy();
  assert.equal((await failed).code, 'ECONNRESET');
  await receiver.until(() => receiver.closed !== undefined);
  assert.equal(receiver.closed?.by, 'local');
});

test('A reset by the peer is reported with the error of the system', async () => {
  const { client, receiver } = await pair();
  client.resetAndDestroy();
  await receiver.until(() => receiver.closed !== undefined);
  assert.equal(receiver.closed?.by, 'remote');
  assert.equal((receiver.closed.error as NodeJS.ErrnoException).code, 'ECONNRESET');
});

test('Writing to a closed transport does nothing', async () => {
  const { transport, receiver } = await pair();
  transport.destroy();
  assert.equal(transport.write(Buffer.from('x')), true);
  transport.end();
  transport.close();
  transport.destroy();
  await receiver.until(() => receiver.closed !== undefined);
});

test('A Unix socket is listened on, also where a dead process left its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-tcp-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const { client, receiver, transport, listener } = await pair({ path });
  client.write('by path');
  await receiver.until(() => receiver.text === 'by path');
  assert.equal(listener.address.text, path);
  assert.equal(transport.localAddress.text, path);
  const again = await pair({ path });
  again.client.write('again');
  await again.receiver.until(() => again.receiver.text === 'again');
});

test('A file that is no socket is not removed to make place for one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-tcp-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, 'precious');
  await assert.rejects(
    listen({ address: '', port: 0, path, timers }, () => undefined),
    { code: 'EADDRINUSE' },
  );
});

test('A taken port is reported by its code, and a closed listener frees it', async () => {
  const { listener } = await pair();
  const { port } = listener.address;
  const ignore = (): void => undefined;
  await assert.rejects(listen({ address: '127.0.0.1', port, timers }, ignore), { code: 'EADDRINUSE' });
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
  await listener.close();
  const again = await listen({ address: '127.0.0.1', port, timers }, ignore);
  await again.close();
});

test('An IPv6 listener takes IPv4 clients only where it is told to, and names them by their IPv4 address', async () => {
  const accepted = Promise.withResolvers<SocketTransport>();
  const listener = await listen({ address: '::', port: 0, ipv4Compat: true, timers }, accepted.resolve);
  const client = connectSocket({ host: '127.0.0.1', port: listener.address.port });
  const transport = await accepted.promise;
  assert.equal(transport.remoteAddress.ip, '127.0.0.1');
  client.destroy();
  transport.destroy();
  await listener.close();
});
