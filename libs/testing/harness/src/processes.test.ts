import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePorts } from './free-port.ts';
import { startProcess } from './processes.ts';

const node = (code: string, ready: RegExp) => startProcess({ command: process.execPath, args: ['-e', code], ready });

test('a process is ready when its output says so and ends when it is told to', async () => {
  const started = await node(`console.log('up'); setInterval(() => {}, 1e6)`, /up/);
  assert.ok(started.alive);
  assert.deepEqual(await started.stop(), { code: null, signal: 'SIGTERM' });
  assert.ok(!started.alive);
});

test('later output can be waited for', async () => {
  const started = await node(
    `process.on('SIGUSR2', () => console.log('n=7')); setInterval(() => {}, 1e6); console.log('up')`,
    /up/,
  );
  const match = started.waitFor(/n=(\d)/);
  process.kill(started.pid, 'SIGUSR2');
  assert.equal((await match)[1], '7');
  await started.stop();
});

test('a process that ends before it is ready is an error with its output', async () => {
  await assert.rejects(node(`console.error('no such thing'); process.exit(3)`, /up/), /no such thing/);
});

test('a program that does not exist is an error', async () => {
  await assert.rejects(startProcess({ command: '/nonexistent/program', ready: /up/ }), /ENOENT/);
});

test('free ports are different and can be listened on', async () => {
  const ports = await freePorts(5);
  assert.equal(new Set(ports).size, 5);
  const server = createServer().listen(ports[0], '127.0.0.1');
  await once(server, 'listening');
  server.close();
});
