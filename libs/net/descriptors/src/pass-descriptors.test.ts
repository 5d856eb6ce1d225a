import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { closeDescriptor, connectBlocking, duplicate, peerUserId, sendWithDescriptor } from './index.ts';

const fdOf = (handle: Server | Socket): number =>
  (handle as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;

/** Takes a listening socket from the Unix socket named in its argument, and answers one client on it. */
const CHILD = `
  import { createServer } from 'node:net';
  const { connectBlocking, receive, closeDescriptor } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)});
  const socket = connectBlocking(process.argv[1], 5000);
  const { data, fd } = receive(socket, 100);
  closeDescriptor(socket);
  const server = createServer((client) => { client.end(data); server.close(); });
  server.listen({ fd }, () => process.stdout.write('ready'));`;

describe('descriptors', () => {
  it('pass to another process, which then serves the same port', async () => {
    const listener = createServer(() => assert.fail('the child should have it')).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const path = `@weft-test-${process.pid}`;
    const meeting = createServer((socket) => {
      assert.equal(peerUserId(fdOf(socket)), process.getuid?.());
      sendWithDescriptor(fdOf(socket), Buffer.from('hello'), fdOf(listener));
      socket.end();
    }).listen(`\0${path.slice(1)}`);
    await once(meeting, 'listening');
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    // The child's copy keeps the socket alive.
    listener.close();
    const client = connect(port, '127.0.0.1');
    const [text] = (await once(client, 'data')) as [Buffer];
    assert.equal(text.toString(), 'hello');
    meeting.close();
    await once(child, 'exit');
  });

  it('can be doubled: the copy stays when the first is closed', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const copy = duplicate(fdOf(listener));
    const second = createServer((socket) => socket.end('second')).listen({ fd: copy });
    await once(second, 'listening');
    listener.close();
    const [text] = (await once(connect(port, '127.0.0.1'), 'data')) as [Buffer];
    assert.equal(text.toString(), 'second');
    second.close();
  });

  it('tell why they cannot be had', () => {
    assert.throws(() => duplicate(99_999), /duplicating a descriptor: EBADF/);
    assert.throws(
      () => connectBlocking('@weft-nobody-listens', 100),
      /connecting to @weft-nobody-listens: ECONNREFUSED/,
    );
    assert.throws(() => connectBlocking(`/${'x'.repeat(200)}`, 100), /too long/);
    closeDescriptor(99_999);
  });
});
