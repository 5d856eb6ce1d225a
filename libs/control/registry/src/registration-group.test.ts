import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registrationRoutes, type RegistryTokens, type WorkloadDocuments } from './registration-routes.ts';
import { RegistrationStore } from './registration-store.ts';

const SUBJECT = {
  identity: { trustDomain: 'cluster.local', namespace: 'videos', serviceAccount: 'web' },
  name: 'web-1',
  service: '',
  labels: {},
};
const TOKENS: RegistryTokens = { issue: () => '', verify: () => ({ ok: true, value: SUBJECT }) };

test('a workload joins a WorkloadGroup of its service account, and stays in it while it renews', () => {
  const listener = { onRegistered: () => undefined, onUnregistered: () => undefined };
  const store = new RegistrationStore({ runtime: createFakeRuntime(), listener });
  let groups: WorkloadDocuments['group'] = (_, name) =>
    name === 'web' ? { template: { serviceAccount: 'web' } } : name === 'open' ? { template: {} } : undefined;
  const routes = registrationRoutes(store, TOKENS, () => ({ spanCluster: '', metricsService: '', statsd: '' }), {
    group: (namespace, name) => groups(namespace, name),
    entry: () => undefined,
  });
  const ask = (group: string) =>
    routes['PUT /v1/workloads/*/*']?.({
      parts: ['videos', 'web-1'],
      body: JSON.stringify({ addresses: ['127.0.0.1'], serviceAccount: 'web', group }),
      headers: { authorization: 'Bearer x' },
    });
  const errorOf = (group: string) => [ask(group)?.status, (ask(group)?.body as { error: string }).error];
  assert.deepEqual(errorOf('nothing'), [403, 'there is no WorkloadGroup videos/nothing']);
  assert.deepEqual(errorOf('open'), [
    403,
    'WorkloadGroup videos/open is for the service account default, the token is for web',
  ]);
  assert.equal(ask('No Name')?.status, 400);
  assert.equal(ask('web')?.status, 200);
  assert.equal(store.get('videos', 'web-1')?.group, 'web');
  assert.equal((ask('web')?.body as { probe?: unknown }).probe, undefined);
  const probe = { tcpSocket: { port: 8080 } };
  groups = () => ({ template: { serviceAccount: 'web' }, probe });
  assert.deepEqual((ask('web')?.body as { probe?: unknown }).probe, probe);
  groups = () => undefined;
  assert.equal(ask('web')?.status, 200);
  store.close();
});

test('a workload of another service account takes no name of a WorkloadEntry', () => {
  const listener = { onRegistered: () => undefined, onUnregistered: () => undefined };
  const store = new RegistrationStore({ runtime: createFakeRuntime(), listener });
  let serviceAccount: string | undefined = 'payments';
  const entry = (namespace: string, name: string) =>
    namespace === 'videos' && name === 'web-1'
      ? { ...(serviceAccount === undefined ? {} : { serviceAccount }) }
      : undefined;
  const routes = registrationRoutes(store, TOKENS, () => ({ spanCluster: '', metricsService: '', statsd: '' }), {
    group: () => undefined,
    entry,
  });
  const ask = () =>
    routes['PUT /v1/workloads/*/*']?.({
      parts: ['videos', 'web-1'],
      body: JSON.stringify({ addresses: ['127.0.0.1'], serviceAccount: 'web' }),
      headers: { authorization: 'Bearer x' },
    });
  assert.equal(ask()?.status, 403);
  const text = 'WorkloadEntry videos/web-1 is of the service account payments, the token is for web';
  assert.equal((ask()?.body as { error: string }).error, text);
  for (serviceAccount of ['web', undefined]) assert.equal(ask()?.status, 200);
  store.close();
});
