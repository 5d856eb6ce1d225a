import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRegistration } from './registration.decode.ts';
import { registrationRoutes, type RegistryResponse, type RegistryTokens } from './registration-routes.ts';
import { RegistrationStore } from './registration-store.ts';

const WEB = {
  service: 'videos-web',
  addresses: ['127.0.0.1'],
  ports: [{ port: 80, listenPort: 30_001, appPort: 8080, protocol: 'HTTP' }],
  labels: { version: 'v1' },
  serviceAccount: 'web',
  healthy: true,
};
const IDENTITY = { trustDomain: 'cluster.local', namespace: 'videos', serviceAccount: 'web' };
const PUT = 'PUT /v1/workloads/*/*';
const DELETE = 'DELETE /v1/workloads/*/*';
const OF_WEB = { service: 'videos-web', labels: { app: 'videos-web', version: 'v1' } };

/** A token is the JSON of its subject. */
const BOOTSTRAP = { spanCluster: 'zipkin', metricsService: 'stats.test:9002', statsd: '' };
const TOKENS: RegistryTokens = {
  issue: (subject) => Buffer.from(JSON.stringify(subject)).toString('base64url'),
  verify: (token) => {
    try {
      const value = JSON.parse(Buffer.from(token, 'base64url').toString()) as {
        identity: typeof IDENTITY;
        name: string;
        service: string;
        labels: Record<string, string>;
      };
      return { ok: true, value };
    } catch {
      return { ok: false, fault: 'it is none' };
    }
  },
};

interface World {
  readonly store: RegistrationStore;
  readonly runtime: FakeRuntime;
  readonly heard: string[];
  readonly saved: string[];
  readonly ask: (route: string, body?: object, token?: string) => RegistryResponse;
}

function world(kept = ''): World {
  const runtime = createFakeRuntime();
  const heard: string[] = [];
  const saved: string[] = [kept];
  const store = new RegistrationStore({
    runtime,
    listener: {
      onRegistered: ({ name, healthy }) => heard.push(`+${name}${healthy ? '' : ' unhealthy'}`),
      onUnregistered: ({ name }) => heard.push(`-${name}`),
    },
    memory: { load: () => kept, save: (text) => saved.push(text) },
  });
  const routes = registrationRoutes(store, TOKENS, () => BOOTSTRAP);
  const web = TOKENS.issue({ identity: IDENTITY, name: 'web-1', ...OF_WEB });
  const ask = (route: string, body: object = {}, token = web): RegistryResponse =>
    routes[route]?.({
      parts: ['videos', 'web-1'],
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${token}` },
    }) ?? { status: 0, body: undefined };
  return { store, runtime, heard, saved, ask };
}

test('a registration holds while it is renewed, and no longer', () => {
  const { runtime, heard, ask, store } = world();
  const { status, body } = ask('PUT /v1/workloads/*/*', WEB);
  assert.deepEqual([status, (body as { bootstrap: object }).bootstrap], [200, BOOTSTRAP]);
  for (let beat = 0; beat < 5; beat += 1) {
    runtime.clock.advance(5000);
    assert.equal((ask('PUT /v1/workloads/*/*', WEB).body as { changed: boolean }).changed, false);
  }
  assert.deepEqual(heard, ['+web-1']);
  ask('PUT /v1/workloads/*/*', { ...WEB, healthy: false });
  runtime.clock.advance(15_000);
  assert.deepEqual(heard, ['+web-1', '+web-1 unhealthy', '-web-1']);
  assert.deepEqual(store.all(), []);
  assert.match(runtime.logged.join(''), /videos\/web-1 did not renew/);
  assert.equal(runtime.timers.pending, 0);
});

test('a workload takes itself out, and a control plane that restarts knows those that did not', () => {
  const first = world();
  first.ask('PUT /v1/workloads/*/*', WEB);
  const second = world(first.saved.at(-1));
  assert.deepEqual(second.heard, ['+web-1']);
  assert.deepEqual(second.store.all(), first.store.all());
  assert.equal(second.ask('DELETE /v1/workloads/*/*').status, 200);
  assert.equal(second.ask('DELETE /v1/workloads/*/*').status, 404);
  assert.deepEqual(second.heard, ['+web-1', '-web-1']);
  assert.deepEqual(world('{broken').heard, []);
});

test('nobody registers what its token is not for', () => {
  const { ask, heard } = world();
  const other = TOKENS.issue({ identity: IDENTITY, name: 'web-2', ...OF_WEB });
  const foreign = TOKENS.issue({ identity: { ...IDENTITY, namespace: 'other' }, name: 'web-1', ...OF_WEB });
  for (const token of [other, foreign]) {
    assert.equal(ask('PUT /v1/workloads/*/*', WEB, token).status, 403);
    assert.equal(ask('DELETE /v1/workloads/*/*', WEB, token).status, 403);
  }
  assert.equal(ask('PUT /v1/workloads/*/*', { ...WEB, serviceAccount: 'admin' }).status, 403);
  assert.equal(ask('PUT /v1/workloads/*/*', WEB, 'nonsense').status, 401);
  assert.deepEqual(heard, []);
});

test('nobody becomes an endpoint of a service that its token does not name', () => {
  const { ask, heard, store } = world();
  const refused = ask('PUT /v1/workloads/*/*', { ...WEB, service: 'payments' });
  assert.equal(refused.status, 403);
  assert.match(JSON.stringify(refused.body), /service videos-web, not of payments/);
  assert.deepEqual(store.all(), []);
  const renewed = ask('PUT /v1/workloads/*/*', WEB).body as { readonly token: string };
  assert.equal(ask('PUT /v1/workloads/*/*', { ...WEB, service: 'payments' }, renewed.token).status, 403);
  assert.equal(ask('PUT /v1/workloads/*/*', { ...WEB, service: '', ports: [] }, renewed.token).status, 200);
  assert.deepEqual(heard, ['+web-1', '+web-1']);
});

test('nobody makes a selector choose it by labels that its token does not name', () => {
  const { ask, store } = world();
  const put = 'PUT /v1/workloads/*/*';
  for (const labels of [
    { app: 'payments' },
    { version: 'v2' },
    { app: 'videos-web', tier: 'gold' },
    { toString: 'x' },
  ]) {
    const refused = ask(put, { ...WEB, labels });
    assert.equal(refused.status, 403, JSON.stringify(labels));
    const [key = '', value = ''] = Object.entries(labels).at(-1) ?? [];
    assert.match(
      JSON.stringify(refused.body),
      RegExp(`not for the labels ${key}=${value} .it is for app=videos-web,version=v1`),
    );
  }
  assert.deepEqual(store.all(), []);
  const { token } = ask(put, { ...WEB, labels: OF_WEB.labels }).body as { readonly token: string };
  assert.equal(ask(put, { ...WEB, labels: { app: 'payments' } }, token).status, 403, 'a renewal neither');
  assert.equal(ask(put, { ...WEB, labels: {} }, token).status, 200);
});

test('every fault of a registration is told with its path', () => {
  const decoded = decodeRegistration(
    { namespace: 'Videos', name: 'web' },
    JSON.stringify({
      service: 7,
      addresses: ['localhost'],
      ports: [{ port: 0, listenPort: 'x', colour: 'red' }, 5, {}],
      labels: { a: 1 },
      healthy: 'yes',
      adresses: [],
    }),
  );
  assert.ok(!decoded.ok);
  const faults = decoded.faults.join('\n');
  for (const part of [
    /"Videos" is no namespace/,
    /adresses: unknown field/,
    /service: is not a text/,
    /addresses\[0\]: is not an IP/,
    /ports\[0\]\.port: is not a port/,
    /ports\[0\]\.listenPort: is not a port/,
    /ports\[0\]\.colour: unknown/,
    /ports\[1\]: is not an object/,
    /ports\[2\]\.port: is missing/,
    /labels: is not an object/,
    /healthy: is neither/,
  ])
    assert.match(faults, part);
  assert.ok(!decodeRegistration({ namespace: 'videos', name: 'web' }, '[]').ok);
});

test('a registration that expired is told of for an hour, or until the workload is back', () => {
  const { runtime, ask, store } = world();
  ask('PUT /v1/workloads/*/*', WEB);
  runtime.clock.advance(15_000);
  const atMs = runtime.clock.wallMs();
  assert.deepEqual(store.expired(), [{ namespace: 'videos', name: 'web-1', atMs }]);
  assert.deepEqual((ask('GET /v1/workloads').body as { expired: object }).expired, store.expired());
  runtime.clock.advance(3_600_001);
  assert.deepEqual(store.expired(), []);
  ask('PUT /v1/workloads/*/*', WEB);
  runtime.clock.advance(15_000);
  assert.equal(store.expired().length, 1);
  ask('PUT /v1/workloads/*/*', WEB);
  assert.deepEqual(store.expired(), []);
  ask('DELETE /v1/workloads/*/*');
  assert.deepEqual(store.expired(), [], 'who takes its leave did not expire');
});

test('a second run is refused while the first lives, and told what a replica is called', () => {
  const { ask, heard, runtime } = world();
  assert.equal(ask(PUT, { ...WEB, run: 'a', process: 'mark' }).status, 200);
  runtime.clock.advance(5000);
  ask(PUT, { ...WEB, run: 'a', process: 'mark' });
  const second = { ...WEB, addresses: ['127.0.0.2'], run: 'b' };
  const { status, body } = ask(PUT, second);
  assert.equal(status, 409);
  const error =
    'videos/web-1 is already registered by another run, at 127.0.0.1:30001; for a replica: --name web-2 --service videos-web';
  assert.deepEqual(body, { error, faults: [error], holder: { run: 'a', process: 'mark', renewals: 1 } });
  assert.equal(ask(PUT, WEB).status, 409, 'nor one that names no run');
  assert.equal(ask(DELETE, { run: 'b' }).status, 409, 'nor does it take the first one out');
  assert.deepEqual(heard, ['+web-1']);
  runtime.clock.advance(15_000);
  assert.equal(ask(PUT, second).status, 200, 'when the lease is over the name is free');
  assert.equal(ask(PUT, { ...WEB, run: 'a' }).status, 409, 'and the first is late');
  assert.equal(ask(DELETE, { run: 'b' }).status, 200);
  assert.equal(ask(PUT, { ...WEB, run: 'a' }).status, 200);
  assert.equal(ask(DELETE).status, 200, 'a person takes out whom they want');
});

test('a run that is known to have ended is replaced at once, also over a restart of the control plane', () => {
  const first = world();
  first.ask(PUT, { ...WEB, run: 'a', process: 'mark' });
  const second = world(first.saved.at(-1));
  assert.equal(second.ask(PUT, { ...WEB, run: 'b' }).status, 409);
  assert.equal(second.ask(PUT, { ...WEB, run: 'b', replaces: 'z' }).status, 409, 'that was another');
  assert.equal(second.ask(PUT, { ...WEB, run: 'b', replaces: 'a' }).status, 200);
  assert.deepEqual(second.heard, ['+web-1'], 'what proxies are told is the same');
  const third = world(second.saved.at(-1));
  assert.equal(third.ask(PUT, { ...WEB, run: 'a' }).status, 409);
  assert.equal(third.ask(PUT, { ...WEB, run: 'b' }).status, 200);
});

test('a workload that only calls others is told of a name, and long ids are refused', () => {
  const { ask } = world();
  ask(PUT, { ...WEB, service: '', ports: [], run: 'a' });
  assert.match(
    JSON.stringify(ask(PUT, { ...WEB, run: 'b' }).body),
    /at 127\.0\.0\.1; for one beside it: --name web-2"/,
  );
  assert.equal(ask(PUT, { ...WEB, run: 'a'.repeat(513) }).status, 400);
});
