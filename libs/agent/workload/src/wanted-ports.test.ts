import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { parseRunOptions, type RunOptions } from './run-options.ts';
import { mustBeFree, wantedPorts } from './wanted-ports.ts';

const HERE = { address: '127.0.0.1', captured: false };

function options(...flags: string[]): RunOptions {
  const parsed = parseRunOptions(['--name', 'me', '--config-dir', 'mesh', ...flags, '--', 'true']);
  assert.equal(parsed.kind, 'options', JSON.stringify(parsed));
  return (parsed as { options: RunOptions }).options;
}

function faults(...flags: string[]): readonly string[] {
  const parsed = parseRunOptions(['--name', 'me', '--config-dir', 'mesh', ...flags, '--', 'true']);
  return parsed.kind === 'faults' ? parsed.faults : [];
}

test('every taken port is told at once, with who has it and what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const wanted = options('--upstream', `web:8000=${port}`, '--upstream', 'db:6379=0');
  await assert.rejects(mustBeFree(wantedPorts(wanted, HERE)), (error: Error) => {
    const told = `^--upstream web:8000=${port}: port ${port} is held by process ${process.pid}: .*; --upstream web:8000=0 takes`;
    assert.match(error.message, RegExp(told));
    return true;
  });
  const admin = options('--admin-port', String(port), '--readiness-port', String(port + 1));
  await assert.rejects(
    mustBeFree(wantedPorts(admin, HERE)),
    /--admin-port \d+: port .*; without the flag one is chosen$/,
  );
  server.close();
  await once(server, 'close');
  await mustBeFree(wantedPorts(wanted, HERE));
});

test('a captured workload has the ports of its own network', () => {
  assert.deepEqual(wantedPorts(options('--upstream', 'web:8000=9000'), { ...HERE, captured: true }), []);
});

test('one port for two ends is a fault of the command line', () => {
  assert.deepEqual(faults('--port', '80:9000', '--upstream', 'web:8000=9000'), [
    '--upstream web:8000=9000: the program itself listens on 9000 (--port)',
  ]);
  assert.deepEqual(faults('--upstream', 'web:8000=9000', '--upstream', 'api:1=9000', '--admin-port', '9000'), [
    '--upstream api:1=9000: --upstream web:8000=9000 has port 9000 already',
    '--admin-port 9000: --upstream api:1=9000 has port 9000 already',
  ]);
  assert.deepEqual(faults('--port', '80:9000', '--upstream', 'web:8000=9001', '--upstream', 'api:1=0'), []);
});
