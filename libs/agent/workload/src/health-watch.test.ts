import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock, SystemTimers } from '@weft/core-runtime';
import { HealthWatch } from './health-watch.ts';
import { probeOf } from './probe.ts';

test('a program that has not answered for five seconds is told of once', async () => {
  const runtime = createFakeRuntime();
  let told = 0;
  const onSlow = (): void => void (told += 1);
  const watch = new HealthWatch({ probe: () => Promise.resolve(false), runtime, onChange: () => undefined, onSlow });
  watch.start();
  const quarters = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) {
      await new Promise(setImmediate);
      runtime.clock.advance(250);
    }
    await new Promise(setImmediate);
  };
  await quarters(18);
  assert.equal(told, 0);
  await quarters(60);
  assert.equal(told, 1);
  watch.close();
});

test('one good answer makes healthy, three bad ones in a row make unhealthy', async () => {
  const runtime = createFakeRuntime();
  const heard: boolean[] = [];
  let good = false;
  let asked = 0;
  const watch = new HealthWatch({
    probe: () => {
      asked += 1;
      return Promise.resolve(good);
    },
    runtime,
    onChange: (healthy) => heard.push(healthy),
  });
  const pass = async (ms: number): Promise<void> => {
    runtime.clock.advance(ms);
    await new Promise(setImmediate);
  };
  watch.start();
  await pass(0);
  await pass(250);
  assert.deepEqual(heard, []);
  good = true;
  await pass(250);
  assert.deepEqual(heard, [true]);
  good = false;
  await pass(5000);
  await pass(1000);
  good = true;
  await pass(1000);
  assert.deepEqual(heard, [true], 'two bad answers are not enough');
  good = false;
  await pass(5000);
  await pass(1000);
  await pass(1000);
  assert.deepEqual(heard, [true, false]);
  assert.equal(asked, 9);
  watch.close();
  assert.equal(runtime.timers.pending, 0);
});

test('TCP asks for a connection, HTTP for an answer of 2xx or 3xx', async (t) => {
  const timers = new SystemTimers(systemClock);
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/good' ? 204 : request.url === '/moved' ? 302 : 500).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.equal(await probeOf({ kind: 'tcp' }, port, timers)(), true);
  assert.equal(await probeOf({ kind: 'http', path: '/good' }, port, timers)(), true);
  assert.equal(await probeOf({ kind: 'http', path: '/moved' }, port, timers)(), true);
  assert.equal(await probeOf({ kind: 'http', path: '/bad' }, port, timers)(), false);
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  assert.equal(await probeOf({ kind: 'tcp' }, port, timers)(), false);
  assert.equal(await probeOf({ kind: 'http', path: '/good' }, port, timers)(), false);
});
