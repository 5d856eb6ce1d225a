import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { simulate, type TestCall } from './simulate.testing.ts';
import { statuses } from './status.testing.ts';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

const text = readFileSync(new URL('../testdata/sidecar-egress/in.yaml', import.meta.url), 'utf8');

function caller(name: string) {
  const { snapshot, proxies } = readWorld(text);
  const proxy = proxies.get(name);
  assert.ok(proxy);
  const resources = translate(snapshot, proxy);
  return { resources, call: (call: TestCall) => simulate(resources, 'outbound', call) };
}

test('a captured port has the services that its egress listener names, and no other', () => {
  const { call } = caller('client');
  const reviews = call({ port: 9080, host: 'reviews' });
  assert.deepEqual([reviews.listener, reviews.hosts], ['0.0.0.0_9080', ['10.0.1.1:9080']]);
  assert.equal(call({ port: 9080, host: 'reviews', path: '/teapot' }).route?.action.kind, 'direct_response');
  assert.equal(call({ port: 9080, host: 'ratings' }).cluster, 'PassthroughCluster');
  assert.deepEqual(call({ port: 80, host: 'web' }).hosts, ['10.0.1.3:80']);
});

test('a listener with captureMode NONE is bound, beside that for redirected connections', () => {
  const { call, resources } = caller('client');
  const bound = call({ ip: '127.0.0.1', port: 6379, raw: true });
  assert.deepEqual([bound.listener, bound.hosts], ['127.0.0.1_6379', ['10.0.1.4:6379']]);
  const captured = call({ ip: '10.0.1.4', port: 6379, raw: true });
  assert.deepEqual([captured.listener, captured.hosts], ['0.0.0.0_6379', ['10.0.1.4:6379']]);
  const outbound = resources.listeners.filter(({ name }) => name !== 'virtualInbound');
  const binds = outbound.map(({ name, bindToPort }) => [name, bindToPort ?? true]);
  assert.deepEqual(binds, [
    ['0.0.0.0_9080', false],
    ['127.0.0.1_6379', true],
    ['unix:///run/egress.sock', true],
    ['127.0.0.1_8888', true],
    ['0.0.0.0_80', false],
    ['0.0.0.0_8081', false],
    ['0.0.0.0_6379', false],
    ['virtualOutbound', true],
  ]);
});

test('an HTTP proxy takes calls to every port that a host names', () => {
  const { call } = caller('client');
  const to = (host: string) => call({ ip: '127.0.0.1', port: 8888, host });
  assert.deepEqual(to('web').hosts, ['10.0.1.3:80']);
  assert.deepEqual(to('web:80').hosts, ['10.0.1.3:80']);
  assert.deepEqual(to('web.default:8081').hosts, ['10.0.1.3:8081']);
  assert.deepEqual(to('ratings').hosts, ['10.0.1.2:9080']);
  assert.deepEqual(to('ratings:9080').hosts, ['10.0.1.2:9080']);
  const { route } = to('nowhere.test');
  assert.ok(route?.action.kind === 'direct_response' && route.action.status === 502);
});

test('an explicit sidecar has its egress listeners at the loopback address, or where they say', () => {
  const { call } = caller('tool');
  // One service: whatever Host says.
  assert.deepEqual(call({ ip: '127.0.0.1', port: 9080, host: '127.0.0.1:9080' }).hosts, ['10.0.1.1:9080']);
  assert.deepEqual(call({ ip: '127.0.0.2', port: 8081, host: 'anything' }).hosts, ['10.0.1.3:8081']);
  assert.deepEqual(call({ ip: '127.0.0.2', port: 6379, raw: true }).hosts, ['10.0.1.4:6379']);
  assert.deepEqual(call({ ip: '127.0.0.1', port: 7000, host: 'x' }).hosts, ['10.0.1.2:9080']);
});

test('a Sidecar says which of its egress listeners no service is behind', () => {
  const found = statuses(text);
  assert.equal(found['Sidecar client'], 'effective on 1 proxy');
  assert.equal(found['Sidecar tool'], 'effective on 1 proxy; no service that egress 2 names can be called at port 81');
});
