import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import type { TransportClose, TransportReceiver } from '@weft/core-bytes';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { listenForSockets } from './listen.ts';
import { SocketTransport } from './socket-transport.ts';
import { createTestCertificate } from './testing.ts';

const { timers } = createFakeRuntime();
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const CERTIFICATE = createSecureContext(createTestCertificate('reads.test'));

/** Bytes that tell their place, whatever the size of a record. */
function patterned(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) % 251));
}

/** Keeps what a transport hands on, in order, and what it hands on to a receiver that had paused. */
class Reader implements TransportReceiver {
  readonly chunks: Buffer[] = [];
  readonly events: ('data' | 'end' | 'close')[] = [];
  unasked = 0;
  closed: TransportClose | undefined;
  paused = false;
  /** Called with each chunk. */
  takes: () => void = () => undefined;
  private readonly transport: SocketTransport;
  private wake: (() => void) | undefined;

  constructor(transport: SocketTransport) {
    this.transport = transport;
  }
  pause(): void {
    this.paused = true;
    this.transport.pauseReading();
  }
  resume(): void {
    this.paused = false;
    this.transport.resumeReading();
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
  onData(chunk: Buffer): void {
    if (this.paused) this.unasked += 1;
    this.chunks.push(chunk);
    this.told('data');
    this.takes();
  }
  onEnd(): void {
    this.told('end');
  }
  onDrain(): void {
    this.wake?.();
  }
  onClose(close: TransportClose): void {
    this.closed = close;
    this.told('close');
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.wake = resolve));
  }
  private told(event: 'data' | 'end' | 'close'): void {
    this.events.push(event);
    this.wake?.();
  }
}

interface Ends {
  readonly transport: SocketTransport;
  readonly reader: Reader;
  readonly peer: TLSSocket;
  /** What is below the peer's TLS. */
  readonly wire: Socket;
}

/** A transport over TLS, as its server or its client, and the other end of the connection as plain Node. */
async function ends(role: 'server' | 'client' = 'server'): Promise<Ends> {
  const accepting = Promise.withResolvers<Socket>();
  const listener = await listenForSockets({ address: '127.0.0.1', port: 0, timers }, accepting.resolve);
  const wire = connectSocket({ host: '127.0.0.1', port: listener.address.port, allowHalfOpen: true });
  await once(wire, 'connect');
  const accepted = new TLSSocket(await accepting.promise, { isServer: true, secureContext: CERTIFICATE });
  const made = connectTls({ socket: wire, rejectUnauthorized: false });
  await Promise.all([once(accepted, 'secure'), once(made, 'secureConnect')]);
  const [socket, peer] = role === 'server' ? [accepted, made] : [made, accepted];
  peer.on('error', () => undefined);
  const transport = new SocketTransport(socket, timers);
  const reader = new Reader(transport);
  cleanUps.push(() => {
    wire.destroy();
    peer.destroy();
    transport.destroy();
    void listener.close();
  });
  return { transport, reader, peer, wire };
}

/** Has been round the event loop of both processes' ends: what was on its way before has arrived. */
async function roundTrip(): Promise<void> {
  const { transport, reader, peer } = await ends();
  transport.setReceiver(reader);
  peer.write('x');
  await reader.until(() => reader.chunks.length > 0);
}

test('A receiver that pauses gets nothing more before it resumes, though TLS has decrypted it, and then all in order', async () => {
  for (const role of ['server', 'client'] as const) {
    const { transport, reader, peer } = await ends(role);
    const sent = patterned(1024 * 1024);
    reader.takes = () => {
      reader.pause();
      setImmediate(() => reader.resume());
    };
    transport.setReceiver(reader);
    peer.end(sent);
    await reader.until(() => reader.events.at(-1) === 'end');
    assert.equal(reader.unasked, 0, role);
    assert.ok(reader.chunks.length > 16, `${reader.chunks.length} chunks`);
    assert.ok(reader.bytes.equals(sent), role);
  }
});

test('A resume inside the pause that follows hands nothing on from inside the call', async () => {
  const { transport, reader, peer } = await ends();
  let inCall = false;
  let nested = 0;
  reader.takes = () => {
    if (inCall) nested += 1;
    inCall = true;
    reader.pause();
    reader.resume();
    inCall = false;
  };
  transport.setReceiver(reader);
  const sent = patterned(200_000);
  peer.end(sent);
  await reader.until(() => reader.events.at(-1) === 'end');
  assert.equal(nested, 0);
  assert.ok(reader.bytes.equals(sent));
});

test('The end of a TLS peer waits behind what a paused receiver has not taken, and the other way stays open', async () => {
  const { transport, reader, peer } = await ends();
  const sent = patterned(48 * 1024);
  reader.takes = () => {
    if (reader.chunks.length === 1) reader.pause();
  };
  transport.setReceiver(reader);
  peer.end(sent);
  await reader.until(() => reader.chunks.length === 1);
  await roundTrip();
  assert.deepEqual(reader.events, ['data']);
  reader.resume();
  await reader.until(() => reader.events.includes('end'));
  assert.equal(reader.events.indexOf('end'), reader.events.length - 1);
  assert.ok(reader.bytes.equals(sent));
  assert.equal(transport.closed, false);
  transport.writeLatin1('answer');
  transport.end();
  const [answer] = (await once(peer, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'answer');
  await reader.until(() => reader.closed !== undefined);
  assert.equal(reader.closed?.error, undefined);
});

test('A connection that breaks while its receiver pauses is told once, and nothing comes behind it', async () => {
  const { transport, reader, peer, wire } = await ends();
  reader.takes = () => reader.pause();
  transport.setReceiver(reader);
  peer.write(patterned(48 * 1024));
  await reader.until(() => reader.chunks.length === 1);
  await roundTrip();
  wire.resetAndDestroy();
  await roundTrip();
  reader.takes = () => undefined;
  reader.resume();
  await reader.until(() => reader.closed !== undefined);
  await roundTrip();
  assert.equal(reader.closed?.by, 'remote');
  assert.equal(reader.events.filter((event) => event === 'close').length, 1);
  assert.equal(reader.events.at(-1), 'close');
});

test('Closing or destroying a paused TLS connection drops what waits', async () => {
  for (const way of ['close', 'destroy'] as const) {
    const { transport, reader, peer } = await ends();
    reader.takes = () => reader.pause();
    transport.setReceiver(reader);
    peer.write(patterned(48 * 1024));
    await reader.until(() => reader.chunks.length === 1);
    transport[way]();
    peer.end();
    await reader.until(() => reader.closed !== undefined);
    assert.deepEqual([reader.events, reader.closed], [['data', 'close'], { by: 'local' }]);
  }
});

test('Records of any size arrive whole through any pauses, and what is written is counted before TLS adds to it', async () => {
  const { transport, reader, peer } = await ends();
  const sizes = [1, 7, 16383, 16384, 16385, 100, 40_001, 65_536, 3, 999];
  const sent = patterned(1024 * 1024);
  reader.takes = () => {
    const place = reader.chunks.length % 5;
    if (place === 0 || place === 3) {
      reader.pause();
      if (place === 0) setImmediate(() => reader.resume());
      else process.nextTick(() => reader.resume());
    }
  };
  transport.setReceiver(reader);
  for (let at = 0, i = 0; at < sent.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    const record = sent.subarray(at, at + size);
    at += size;
    if (i % 3 === 0) await new Promise((resolve) => peer.write(record, resolve));
    else peer.write(record);
  }
  peer.end();
  await reader.until(() => reader.events.at(-1) === 'end');
  assert.equal(reader.unasked, 0);
  assert.ok(reader.bytes.equals(sent));

  const received: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => received.push(chunk));
  transport.writeLatin1('caf\u00e9');
  transport.write(sent.subarray(0, 70_000));
  transport.writeLent(sent.subarray(0, 20_000));
  assert.equal(transport.bytesWritten, 90_004);
  transport.end();
  await once(peer, 'end');
  assert.equal(Buffer.concat(received).length, 90_004);
  assert.equal(transport.bytesWritten, 90_004);
});

test('What a socket read before it had a receiver comes first, then the rest', async () => {
  const { transport, reader, peer } = await ends();
  const sent = patterned(300_000);
  peer.end(sent);
  // Read by the socket itself, before it had a receiver.
  await roundTrip();
  transport.setReceiver(reader);
  await reader.until(() => reader.events.at(-1) === 'end');
  assert.ok(reader.bytes.equals(sent));
});
