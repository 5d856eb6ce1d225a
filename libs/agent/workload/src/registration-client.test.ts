import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegistrationClient, RegistrationRefused } from './registration-client.ts';

interface Asked {
  readonly method: string;
  readonly token: string;
  readonly body: string;
}

interface World {
  readonly runtime: FakeRuntime;
  readonly client: RegistrationClient;
  readonly asked: Asked[];
  answer: (asked: Asked) => { status: number; body: string };
  /** Lets everything happen that waits for no timer. */
  readonly settle: () => Promise<void>;
}

function world(): World {
  const runtime = createFakeRuntime();
  const asked: Asked[] = [];
  const w: World = {
    runtime,
    asked,
    answer: () => ({ status: 200, body: JSON.stringify({ leaseMs: 15_000, token: `lease-${asked.length}` }) }),
    client: new RegistrationClient({
      call: ({ method, token, body }) => {
        asked.push({ method, token, body });
        try {
          return Promise.resolve(w.answer({ method, token, body }));
        } catch (error) {
          return Promise.reject(error as Error);
        }
      },
      namespace: 'videos',
      name: 'web',
      registration: { service: 'web' },
      token: () => 'first',
      runtime,
    }),
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
  return w;
}

test('a registration is renewed thrice a lease, each time with the token of the last answer', async () => {
  const w = world();
  await w.client.register();
  for (let beat = 0; beat < 3; beat += 1) {
    w.runtime.clock.advance(5000);
    await w.settle();
  }
  assert.deepEqual(
    w.asked.map(({ token }) => token),
    ['first', 'lease-1', 'lease-2', 'lease-3'],
  );
  await w.client.deregister();
  const run = (JSON.parse(w.asked[0]?.body ?? '') as { run: string }).run;
  assert.match(run, /^[0-9a-f]{32}$/);
  assert.deepEqual(w.asked.at(-1), { method: 'DELETE', token: 'lease-4', body: JSON.stringify({ run }) });
  assert.equal(w.runtime.timers.pending, 0);
});

test('what the sidecar is to begin with comes with the answer, and stays where a later answer says nothing', async () => {
  const w = world();
  const { answer } = w;
  w.answer = () => ({ status: 200, body: JSON.stringify({ bootstrap: { spanCluster: 'zipkin' } }) });
  await w.client.register();
  assert.deepEqual(w.client.bootstrap, { spanCluster: 'zipkin' });
  w.answer = answer;
  w.client.setHealthy(true);
  await w.settle();
  assert.deepEqual(w.client.bootstrap, { spanCluster: 'zipkin' });
  await w.client.deregister();
});

test('a change of health is told at once, also while another message is under way', async () => {
  const w = world();
  await w.client.register();
  w.client.setHealthy(true);
  w.client.setHealthy(false);
  await w.settle();
  assert.deepEqual(
    w.asked.map(({ body }) => (JSON.parse(body) as { healthy: boolean }).healthy),
    [false, true, false],
  );
});

test('a control plane that is away is asked every second, and told once in the log', async () => {
  const w = world();
  await w.client.register();
  const good = w.answer;
  w.answer = () => {
    throw new Error('connect ECONNREFUSED');
  };
  w.runtime.clock.advance(5000);
  for (let second = 0; second < 4; second += 1) {
    await w.settle();
    w.runtime.clock.advance(1000);
  }
  await w.settle();
  assert.equal(w.asked.length, 6);
  w.answer = good;
  w.runtime.clock.advance(1000);
  await w.settle();
  assert.equal(w.runtime.logged.filter((line) => line.includes('cannot renew')).length, 1);
  assert.match(w.runtime.logged.at(-1) ?? '', /registered again/);
});

test('a token that is worth nothing any more is exchanged for a new one', async () => {
  const w = world();
  await w.client.register();
  const good = w.answer;
  w.answer = (asked) => (asked.token === 'first' ? good(asked) : { status: 401, body: '{"error":"gone"}' });
  w.runtime.clock.advance(5000);
  await w.settle();
  assert.deepEqual(
    w.asked.map(({ token }) => token),
    ['first', 'lease-1', 'first'],
  );
});

test('a refusal is told with its reason', async () => {
  const w = world();
  w.answer = () => ({ status: 403, body: '{"error":"the token is for another"}' });
  await assert.rejects(w.client.register(), (error: Error) => {
    assert.ok(error instanceof RegistrationRefused);
    assert.match(error.message, /403: the token is for another/);
    return true;
  });
});

test('who has ended does not register again', async () => {
  const w = world();
  await w.client.register();
  await w.client.deregister();
  await assert.rejects(w.client.register(), /the run has ended/);
});
