import { createFakeRuntime } from '@weft/core-runtime/testing';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer } from './index.ts';
import { makeMessage, writeMessage } from './messages.ts';
import { testMesh } from './testing.ts';

function server(): XdsServer {
  const cache = new SnapshotCache();
  cache.set('proxy-1', Snapshot.of(testMesh(['a', 'b'], 'a')));
  return new XdsServer({ cache, runtime: createFakeRuntime() });
}

const post = (path: string, body: object) => ({
  method: 'POST',
  peerAddress: '127.0.0.1:1',
  path,
  body: JSON.stringify(body),
});

test('clusters are fetched as JSON, and are the same the next time', () => {
  const xds = server();
  const first = xds.rest(post('/v3/discovery:clusters', { node: { id: 'proxy-1' } }));
  assert.equal(first?.status, 200);
  const body = JSON.parse(first.body) as { versionInfo: string; typeUrl: string; resources: { name: string }[] };
  assert.equal(body.typeUrl, TYPE_URL.cluster);
  assert.deepEqual(body.resources.map(({ name }) => name).sort(), ['a', 'b']);
  const again = xds.rest(post('/v3/discovery:clusters', { node: { id: 'proxy-1' }, version_info: body.versionInfo }));
  assert.deepEqual(again, { status: 304, body: '' });
});

test('only the endpoints that are named are fetched', () => {
  const body = { node: { id: 'proxy-1' }, resource_names: ['b'] };
  const fetched = server().rest(post('/v3/discovery:endpoints', body));
  const { resources } = JSON.parse(fetched?.body ?? '') as { resources: { clusterName: string }[] };
  assert.deepEqual(
    resources.map(({ clusterName }) => clusterName),
    ['b'],
  );
});

test('a node that fetches is connected until it has not for five minutes, and its status is told', () => {
  const runtime = createFakeRuntime();
  const cache = new SnapshotCache();
  const heard: string[] = [];
  const xds = new XdsServer({
    cache,
    runtime,
    owner: {
      onConnected: ({ id }) => {
        heard.push(`+${id}`);
        cache.set(id, Snapshot.of(testMesh(['a'], 'a')));
      },
      onDisconnected: ({ id }) => heard.push(`-${id}`),
    },
  });
  const clusters = (version: string): string => {
    const body = { node: { id: 'proxy-1' }, version_info: version };
    const fetched = xds.rest(post('/v3/discovery:clusters', body));
    return fetched?.status === 200 ? (JSON.parse(fetched.body) as { versionInfo: string }).versionInfo : '';
  };
  const state = (): readonly string[] =>
    xds.status().flatMap(({ protocol, types }) => types.map((type) => `${protocol} ${type.state}`));
  const version = clusters('');
  assert.deepEqual(state(), ['rest NEVER_ACKNOWLEDGED']);
  clusters(version);
  assert.deepEqual(state(), ['rest SYNCED']);
  runtime.timers.advance(299_000);
  clusters(version);
  runtime.timers.advance(299_000);
  assert.deepEqual(heard, ['+proxy-1']);
  runtime.timers.advance(1000);
  assert.deepEqual([heard, state()], [['+proxy-1', '-proxy-1'], []]);
});

test('nodes that nobody bears are not fetched for without end', () => {
  const xds = server();
  const statuses = Array.from({ length: 1001 }, (_, i) =>
    xds.rest(post('/v3/discovery:clusters', { node: { id: `forged-${i}` } })),
  ).map((answer) => answer?.status);
  assert.deepEqual([statuses[999], statuses[1000]], [200, 503]);
  assert.equal(xds.status().length, 1000);
});

test('what is withheld is not fetched', () => {
  const cache = new SnapshotCache();
  const xds = new XdsServer({
    cache,
    runtime: createFakeRuntime(),
    owner: { withholds: ({ peerCertificate }, type) => type === TYPE_URL.secret && peerCertificate === undefined },
  });
  const ask = post('/v3/discovery:secrets', { node: { id: 'proxy-1' }, resource_names: ['key'] });
  assert.equal(xds.rest(ask)?.status, 403);
  assert.equal(xds.rest({ ...ask, peerCertificate: new Uint8Array(1) })?.status, 200);
});

test('what is no fetch is told why', () => {
  const xds = server();
  assert.equal(xds.rest(post('/v3/other', {})), undefined);
  assert.equal(xds.rest({ ...post('/v3/discovery:clusters', {}), method: 'GET' })?.status, 405);
  assert.equal(xds.rest({ ...post('/v3/discovery:clusters', {}), body: '{' })?.status, 400);
  assert.deepEqual(xds.rest(post('/v3/discovery:clusters', {})), {
    status: 400,
    body: '{"message":"a fetch must name its node"}',
  });
});

test('the unary methods answer one request', () => {
  const net = new InMemoryGrpc(server().services);
  const heard: unknown[] = [];
  const call = net.call('/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters', {
    onMessage: (octets) => heard.push(octets.length > 0),
    onEnd: ({ code }) => heard.push(code),
  });
  call.send(writeMessage(makeMessage('envoy.service.discovery.v3.DiscoveryRequest', { node: { id: 'proxy-1' } })));
  call.end();
  net.deliver();
  assert.deepEqual(heard, [true, 0]);
});
