import { GRPC_STATUS } from '@weft/core-grpc';
import { systemClock, SystemTimers } from '@weft/core-runtime';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { GrpcServer } from '@weft/net-grpc';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { groupProbe } from './group-probe.ts';
import { HealthWatch } from './health-watch.ts';
import { probeOf } from './probe.ts';
import { programHealth } from './program-health.ts';
import { parseRunOptions, type RunOptions } from './run-options.ts';

const timers = new SystemTimers(systemClock);

function optionsOf(text: string): RunOptions {
  const parsed = parseRunOptions(`--name web --group web --state-dir /tmp ${text} -- true`.split(/ +/));
  assert.ok(parsed.kind === 'options');
  return parsed.options;
}

test('a probe of a WorkloadGroup is read with the defaults of Istio', () => {
  assert.equal(groupProbe(undefined), undefined);
  assert.equal(groupProbe({ periodSeconds: 5 }), undefined);
  assert.deepEqual(groupProbe({ httpGet: { port: 8080 } }), {
    probe: { kind: 'http', path: '/', port: 8080, secure: false, headers: {} },
    timing: { initialDelayMs: 0, periodMs: 10_000, timeoutMs: 1000, successes: 1, failures: 3 },
  });
  const written = {
    ...{ initialDelaySeconds: 2, periodSeconds: 3, timeoutSeconds: 4, successThreshold: 2, failureThreshold: 5 },
    httpGet: { port: 1, host: '::1', path: '/up', scheme: 'HTTPS', httpHeaders: [{ name: 'Host', value: 'a.test' }] },
  };
  assert.deepEqual(groupProbe(written), {
    probe: { kind: 'http', path: '/up', host: '::1', port: 1, secure: true, headers: { host: 'a.test' } },
    timing: { initialDelayMs: 2000, periodMs: 3000, timeoutMs: 4000, successes: 2, failures: 5 },
  });
  assert.deepEqual(groupProbe({ tcpSocket: { port: 5 } })?.probe, { kind: 'tcp', port: 5 });
  assert.deepEqual(groupProbe({ exec: { command: ['test', '-f', 'x'] } })?.probe, {
    kind: 'exec',
    command: ['test', '-f', 'x'],
  });
  assert.deepEqual(groupProbe({ grpc: { port: 5 } })?.probe, { kind: 'grpc', port: 5, service: '' });
});

test('a program is asked when and as often as its group says', async () => {
  const runtime = createFakeRuntime();
  const heard: boolean[] = [];
  let good = true;
  let asked = 0;
  const watch = new HealthWatch({
    probe: () => {
      asked += 1;
      return Promise.resolve(good);
    },
    timing: { initialDelayMs: 2000, periodMs: 3000, successes: 2, failures: 2 },
    runtime,
    onChange: (healthy) => heard.push(healthy),
  });
  const pass = async (ms: number): Promise<void> => {
    runtime.clock.advance(ms);
    await new Promise(setImmediate);
  };
  watch.start();
  await pass(1999);
  assert.equal(asked, 0);
  await pass(1);
  assert.deepEqual([asked, heard.length], [1, 0]);
  await pass(3000);
  assert.deepEqual(heard, [true]);
  good = false;
  await pass(3000);
  assert.deepEqual(heard, [true]);
  await pass(3000);
  assert.deepEqual(heard, [true, false]);
  assert.equal(asked, 4);
  watch.close();
});

test('HTTP asks with the headers of the group, at its port', async (t) => {
  const server = createServer((request, response) => {
    response.writeHead(request.headers.host === 'a.test' && request.headers['x-a'] === 'b' ? 200 : 500).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const ask = (headers: Readonly<Record<string, string>>) =>
    probeOf({ kind: 'http', path: '/', port, headers }, 1, timers)();
  assert.equal(await ask({ host: 'a.test', 'x-a': 'b' }), true);
  assert.equal(await ask({}), false);
});

test('gRPC asks the standard health service, and takes nothing but SERVING', async (t) => {
  const status = new Map([
    ['', 1],
    ['down', 2],
  ]);
  const server = new GrpcServer({
    timers,
    services: new Map([
      [
        '/grpc.health.v1.Health/Check',
        (call) => ({
          onMessage: (message: Uint8Array) => {
            const known = status.get(Buffer.from(message).subarray(2).toString());
            if (known === undefined) return void call.end({ code: GRPC_STATUS.NOT_FOUND, message: '' });
            call.send(Buffer.from([0x08, known]));
            call.end({ code: GRPC_STATUS.OK, message: '' });
          },
          onHalfClose: () => undefined,
          onCancelled: () => undefined,
        }),
      ],
    ]),
  });
  const at = await server.listen({ address: '127.0.0.1:0' });
  const port = Number(at.split(':').at(-1));
  t.after(() => server.stop(0));
  const ask = (service: string) => probeOf({ kind: 'grpc', port, service }, 1, timers)();
  assert.equal(await ask(''), true);
  assert.equal(await ask('down'), false);
  assert.equal(await ask('unknown'), false);
});

test('a command tells by its exit code, in its time; a flag goes before the group', async () => {
  const runtime = { ...createFakeRuntime(), timers };
  const health = async (command: readonly string[], flags = ''): Promise<boolean | undefined> => {
    const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
    const watch = programHealth({
      options: optionsOf(flags),
      told: { exec: { command }, failureThreshold: 1 },
      runtime,
      wrap: (program) => program,
      env: process.env,
      say: (line) => {
        if (line.includes('does not answer yet')) resolve(undefined);
      },
      onHealth: resolve,
    });
    watch.start();
    const found = await promise;
    watch.close();
    return found;
  };
  assert.equal(await health(['true']), true);
  assert.equal(await health(['false']), undefined);
  assert.equal(await health(['/nothing/here']), undefined);
  assert.equal(await health(['false'], '--probe none'), true);
});

test('a command that a registry asks for in the clear is not run', () => {
  const told = { exec: { command: ['true'] } };
  const options = optionsOf('--insecure-registry --registry http://10.0.0.1:8080');
  const given = { told, runtime: createFakeRuntime(), env: {}, say: () => undefined, onHealth: () => undefined };
  const wrap = <T>(program: T): T => program;
  assert.throws(
    () => programHealth({ ...given, options, wrap }),
    /who answers at http:\/\/10\.0\.0\.1:8080 in the clear/,
  );
});
