import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { listeningInodes, portInUse } from './port-in-use.ts';

test('of a port that is taken the process is told that has it, and of a free one nothing', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.match(
    (await portInUse(port, '127.0.0.1')) ?? '',
    RegExp(`^port ${port} is held by process ${process.pid}: node`),
  );
  assert.match((await portInUse(port, '0.0.0.0')) ?? '', /is held by process/, 'all addresses are this one too');
  server.close();
  await once(server, 'close');
  assert.equal(await portInUse(port, '127.0.0.1'), undefined);
});

test('an address of another machine is told as one', async () => {
  assert.equal(await portInUse(0, '192.0.2.1'), '192.0.2.1 is no address of this machine');
});

test('listeners are told from connections, and a port from one that ends alike', () => {
  const table = [
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1',
    '   2: 00000000:0F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0',
  ];
  assert.deepEqual(listeningInodes(table, 8080), ['111']);
});
