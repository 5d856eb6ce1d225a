import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { PORT_NAMES } from '../ports.ts';
import { choosePorts } from './choose-ports.ts';

test('the system chooses different ports for everything that is not chosen', async () => {
  const ports = await choosePorts({ auto: true, chosen: {}, unused: [] });
  assert.equal(new Set(Object.values(ports)).size, PORT_NAMES.length);
});

test('a taken port is named with its use, its flag, and the process that holds it', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  await assert.rejects(choosePorts({ auto: true, chosen: { gateway: port }, unused: [] }), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`^a port is taken:\n {2}${port}, for the gateway: .*; --gateway-port N chooses another one\n`),
    );
    assert.match(error.message, new RegExp(`held by process ${process.pid}: `));
    return true;
  });
});

test('two uses of one port are refused', async () => {
  const same = choosePorts({ auto: true, chosen: { gateway: 1, statusPage: 1 }, unused: [] });
  await assert.rejects(same, /port 1 is wanted twice: for the gateway.*, and for the status page/);
});
