import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { SocketAddress } from '@weft/core-http';
import { bindDatagrams, connectDatagrams, type BoundDatagrams } from './datagrams.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Remembers what it hears, and tells who waits for it. */
class Heard {
  readonly datagrams: { text: string; from: SocketAddress }[] = [];
  readonly errors: { code: string | undefined; sending: boolean }[] = [];
  private waiter: (() => void) | undefined;

  onDatagram(datagram: Buffer, from: SocketAddress): void {
    this.datagrams.push({ text: datagram.toString(), from });
    this.waiter?.();
  }
  onDatagramError(error: Error, sending: boolean): void {
    this.errors.push({ code: (error as NodeJS.ErrnoException).code, sending });
    this.waiter?.();
  }
  /** Until `done` is true of what was heard. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.waiter = resolve));
  }
}

async function bound(heard: Heard, options = {}): Promise<BoundDatagrams> {
  const socket = await bindDatagrams({ ip: '127.0.0.1', port: 0, ...options }, heard);
  cleanUps.push(() => socket.close());
  return socket;
}

test('datagrams go to a bound socket and back, whole and named by their peers, empty ones too', async () => {
  const [atServer, atClient] = [new Heard(), new Heard()];
  const server = await bound(atServer);
  const client = connectDatagrams(server.address, atClient);
  cleanUps.push(() => client.close());
  for (const text of ['one', '', 'three']) client.send(Buffer.from(text));
  await atServer.until(() => atServer.datagrams.length === 3);
  assert.deepEqual(
    atServer.datagrams.map(({ text }) => text),
    ['one', '', 'three'],
  );
  const { from } = atServer.datagrams[0]!;
  assert.equal(from.text, client.localAddress?.text);
  server.sendTo(Buffer.alloc(60_000, 'x'), from);
  await atClient.until(() => atClient.datagrams.length === 1);
  assert.equal(atClient.datagrams[0]!.text.length, 60_000);
  assert.equal(atClient.datagrams[0]!.from.text, server.address.text);
});

test('a connected socket learns that nobody listens', async () => {
  const unused = await bound(new Heard());
  const { address } = unused;
  unused.close();
  const heard = new Heard();
  const client = connectDatagrams(address, heard);
  cleanUps.push(() => client.close());
  client.send(Buffer.from('hello'));
  await heard.until(() => heard.errors.length > 0);
  assert.equal(heard.errors[0]!.code, 'ECONNREFUSED');
});

test('a taken port is reported by its code, unless it is shared', async () => {
  const first = await bound(new Heard(), { reusePort: true });
  await assert.rejects(bindDatagrams(first.address, new Heard()), { code: 'EADDRINUSE' });
  const second = await bound(new Heard(), { ...first.address, reusePort: true });
  assert.equal(second.address.port, first.address.port);
});

test('a closed socket neither sends nor hears, and may be closed twice', async () => {
  const heard = new Heard();
  const server = await bound(heard);
  server.close();
  server.close();
  server.sendTo(Buffer.from('x'), server.address);
  const client = connectDatagrams(server.address, heard);
  client.close();
  client.send(Buffer.from('x'));
  assert.deepEqual([heard.datagrams, heard.errors], [[], []]);
});

test('an IPv6 socket may take IPv4 peers, and names them by their IPv4 address', async () => {
  const [atServer, atClient] = [new Heard(), new Heard()];
  const server = await bound(atServer, { ip: '::', ipv4Compat: true });
  const client = connectDatagrams({ ip: '127.0.0.1', port: server.address.port }, atClient);
  cleanUps.push(() => client.close());
  client.send(Buffer.from('x'));
  await atServer.until(() => atServer.datagrams.length === 1);
  assert.equal(atServer.datagrams[0]!.from.ip, '127.0.0.1');
  server.sendTo(Buffer.from('y'), atServer.datagrams[0]!.from);
  await atClient.until(() => atClient.datagrams.length === 1);
});
