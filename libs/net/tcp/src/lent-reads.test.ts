import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { connect } from './connect.ts';
import { listen } from './listen.ts';
import type { SocketTransport } from './socket-transport.ts';

const { timers } = createFakeRuntime();
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const ignore = { onData: () => undefined, onEnd: () => undefined, onDrain: () => undefined, onClose: () => undefined };

/** Both ends of one connection: as it was accepted, and as it was made. */
async function pair(): Promise<{ accepted: SocketTransport; connected: SocketTransport }> {
  const accepting = Promise.withResolvers<SocketTransport>();
  const listener = await listen({ address: '127.0.0.1', port: 0, timers }, accepting.resolve);
  const connecting = Promise.withResolvers<SocketTransport>();
  connect(
    { address: '127.0.0.1', port: listener.address.port, timers },
    { onConnected: connecting.resolve, onConnectFailure: () => assert.fail('not connected') },
  );
  const ends = { accepted: await accepting.promise, connected: await connecting.promise };
  cleanUps.push(() => {
    void listener.close();
    ends.accepted.destroy();
    ends.connected.destroy();
  });
  return ends;
}

const MANY = 24 * 1024 * 1024;

/** Sends bytes that tell their place, as fast as they are taken. */
function send(transport: SocketTransport): void {
  const chunk = Buffer.from(Array.from({ length: 100_003 }, (_, i) => i % 251));
  let sent = 0;
  const go = (): void => {
    while (sent < MANY) {
      sent += chunk.length;
      if (!transport.write(chunk)) return;
    }
    transport.end();
  };
  transport.setReceiver({ ...ignore, onDrain: go });
  go();
}

/** Passes everything from one to the other as it is lent; says how many buffers that took. */
function passOn(from: SocketTransport, to: SocketTransport): { readonly buffers: Set<ArrayBufferLike> } {
  const buffers = new Set<ArrayBufferLike>();
  from.lendReads();
  let paused = false;
  to.setReceiver({
    ...ignore,
    onDrain: () => {
      if (paused) from.resumeReading();
      paused = false;
    },
  });
  from.setReceiver({
    ...ignore,
    onData: (chunk) => {
      if (chunk.length >= 16 * 1024) buffers.add(chunk.buffer);
      if (to.writeLent(chunk) || paused) return;
      paused = true;
      from.pauseReading();
    },
    onEnd: () => to.end(),
  });
  return { buffers };
}

/** Whether what arrives is what `send` sends. Reads slowly: nothing before the ones in between had to wait. */
function receive(transport: SocketTransport): Promise<number> {
  return new Promise((resolve) => {
    let got = 0;
    transport.setReceiver({
      ...ignore,
      onData: (chunk) => {
        for (const byte of chunk) {
          if (byte !== (got % 100_003) % 251) assert.fail(`byte ${got} is ${byte}`);
          got += 1;
        }
      },
      onEnd: () => resolve(got),
    });
  });
}

test('Lent chunks arrive whole behind a slow reader, from either kind of connection, through few buffers', async () => {
  for (const direction of ['accepted', 'connected'] as const) {
    const [client, upstream] = [await pair(), await pair()];
    const other = direction === 'accepted' ? 'connected' : 'accepted';
    const { buffers } = passOn(client[direction], upstream[other]);
    const received = receive(upstream[direction]);
    send(client[other]);
    assert.equal(await received, Math.ceil(MANY / 100_003) * 100_003);
    // Copies of the first reads come from slabs; all else from the connection's buffer, which grows once.
    assert.ok(buffers.size <= 4, `${buffers.size} buffers`);
  }
});

test('Node keeps its read buffers where this library changes them', () => {
  const names = Object.getOwnPropertySymbols(new Socket()).map(({ description }) => description);
  for (const name of ['kBuffer', 'kBufferCb', 'kBufferGen']) assert.ok(names.includes(name), name);
});
