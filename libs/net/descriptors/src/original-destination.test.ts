import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { originalDestination, parseSockaddr } from './original-destination.ts';
import { getSocketOption, setSocketOption } from './socket-option.ts';

const SKIP = process.platform === 'linux' ? false : 'only Linux has these calls';
const fdOf = (owner: unknown): number => (owner as { _handle: { fd: number } })._handle.fd;

test('reads what the kernel writes', () => {
  const v4 = Buffer.from('0200' + '1f90' + '0a000102' + '00'.repeat(20), 'hex');
  assert.deepEqual(parseSockaddr(v4), { ip: '10.0.1.2', port: 8080 });
  const v6 = Buffer.from('0a00' + '01bb' + '00000000' + '20010db8000000000000000000000001' + '00000000', 'hex');
  assert.deepEqual(parseSockaddr(v6), { ip: '2001:db8::1', port: 443 });
  assert.equal(parseSockaddr(Buffer.alloc(28)), undefined);
});

test(
  'finds nothing for a connection that was not redirected; accepted sockets have what listeners set',
  { skip: SKIP },
  async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const [level, keepAliveIdle] = [6, 4];
    setSocketOption(fdOf(server), { level, name: keepAliveIdle, value: 1234 });
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    const socket = await accepted;
    // Without connection tracking the kernel knows nothing; with it, that the destination is the socket's own.
    const found = originalDestination(fdOf(socket), 'IPv4');
    assert.ok(found === undefined || found.port === socket.localPort);
    assert.equal(getSocketOption(fdOf(socket), level, keepAliveIdle), 1234);
    assert.throws(
      () => setSocketOption(fdOf(socket), { level: 6, name: 9999, value: 1 }),
      /setting the socket option 9999 of level 6: ENOPROTOOPT/,
    );
    client.destroy();
    socket.destroy();
    server.close();
  },
);
