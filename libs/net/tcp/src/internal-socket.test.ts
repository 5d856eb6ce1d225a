import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TransportClose, TransportReceiver } from '@weft/core-bytes';
import { socketAddress } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { InternalSocket } from './internal-socket.ts';
import { SocketTransport } from './socket-transport.ts';

class Recorder implements TransportReceiver {
  text = '';
  ended = false;
  drains = 0;
  closed: TransportClose | undefined;
  onData(chunk: Buffer): void {
    this.text += chunk.toString();
  }
  onEnd(): void {
    this.ended = true;
  }
  onDrain(): void {
    this.drains += 1;
  }
  onClose(close: TransportClose): void {
    this.closed = close;
  }
}

const { timers } = createFakeRuntime();
const turns = async (count = 5): Promise<void> => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

function pair(highWaterMark = 1024) {
  const at = { localAddress: socketAddress('a', 0), remoteAddress: socketAddress('b', 0) };
  return InternalSocket.pair(highWaterMark).map((socket) => {
    const transport = new SocketTransport(socket, timers, at);
    const receiver = new Recorder();
    return { transport, receiver };
  }) as unknown as [End, End];
}
interface End {
  readonly transport: SocketTransport;
  readonly receiver: Recorder;
}

test('bytes go both ways, and ends are half-closes', async () => {
  const [one, two] = pair();
  one.transport.setReceiver(one.receiver);
  two.transport.setReceiver(two.receiver);
  one.transport.writeLatin1('hello');
  assert.equal(two.receiver.text, '');
  await turns();
  assert.equal(two.receiver.text, 'hello');
  one.transport.end();
  await turns();
  assert.ok(two.receiver.ended);
  two.transport.writeLatin1('back');
  await turns();
  assert.equal(one.receiver.text, 'back');
  two.transport.close();
  await turns();
  assert.equal(one.receiver.closed?.by, 'remote');
  assert.equal(two.receiver.closed?.by, 'local');
});

test('a writer waits for a reader', async () => {
  const [one, two] = pair(1024);
  one.transport.setReceiver(one.receiver);
  two.transport.setReceiver(two.receiver);
  two.transport.pauseReading();
  let accepted = 0;
  while (one.transport.write(Buffer.alloc(512)) && accepted < 100) {
    accepted += 1;
    await turns(1);
  }
  assert.ok(accepted < 10, String(accepted));
  two.transport.resumeReading();
  await turns();
  assert.equal(one.receiver.drains, 1);
  assert.equal(two.receiver.text.length, (accepted + 1) * 512);
});

test('a reset is seen as one', async () => {
  const [one, two] = pair();
  one.transport.setReceiver(one.receiver);
  two.transport.setReceiver(two.receiver);
  one.transport.destroy();
  await turns();
  assert.equal((two.receiver.closed?.error as NodeJS.ErrnoException).code, 'ECONNRESET');
});

test('writing to an end that is gone fails', async () => {
  const [one, two] = InternalSocket.pair(1024);
  two.destroy();
  await turns();
  one.write('x');
  const [error] = (await once(one, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'EPIPE');
});
