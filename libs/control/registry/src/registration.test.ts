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
