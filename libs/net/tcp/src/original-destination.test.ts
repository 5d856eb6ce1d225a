import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { loadOriginalDestination, parseSockaddr } from './original-destination.ts';

test('reads what the kernel writes', () => {
  const v4 = Buffer.from('0200' + '1f90' + '0a000102' + '00'.repeat(20), 'hex');
  assert.deepEqual(parseSockaddr(v4), { ip: '10.0.1.2', port: 8080, text: '10.0.1.2:8080' });
  const v6 = Buffer.from('0a00' + '01bb' + '00000000' + '20010db8000000000000000000000001' + '00000000', 'hex');
  assert.deepEqual(parseSockaddr(v6), { ip: '2001:db8::1', port: 443, text: '[2001:db8::1]:443' });
  assert.equal(parseSockaddr(Buffer.alloc(28)), undefined);
});

test('finds nothing for a connection that was not redirected', { skip: process.platform !== 'linux' }, async () => {
  const original = loadOriginalDestination();
  assert.equal(typeof original, 'function', String(original));
  if (typeof original === 'string') return;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const socket = await accepted;
  // Without connection tracking the kernel knows nothing; with it, that the destination is the socket's own.
  const found = original(socket);
  assert.ok(found === undefined || found.port === socket.localPort);
  client.destroy();
  socket.destroy();
  server.close();
});
