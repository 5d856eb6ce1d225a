import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { clusterConfig } from '@weft/model-cluster/testing';
import { InternalSocket, SocketTransport } from '@weft/net-tcp';
import type { InternalListeners } from '@weft/proxy-filter-api';
import { clusterOf } from './testing.ts';

const HOST = '{endpoint: {address: {envoy_internal_address: {server_listener_name: inside, endpoint_id: "1"}}}}';
const config = (more = ''): ReturnType<typeof clusterConfig> =>
  clusterConfig(`name: c\nload_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [${HOST}]}]}\n${more}`);

test('a host may be a listener of this process', async () => {
  const asked: string[] = [];
  const seen = Promise.withResolvers<Socket>();
  const listeners: InternalListeners = {
    connect: (name) => {
      asked.push(name);
      const [client, server] = InternalSocket.pair(1024);
      seen.resolve(server);
      return new SocketTransport(client, world.runtime.timers);
    },
  };
  const world = clusterOf(config(), listeners);
  const request = world.request('/in');
  const server = await seen.promise;
  const [head] = (await once(server, 'data')) as [Buffer];
  assert.match(head.toString(), /^GET \/in HTTP\/1\.1/);
  server.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  await request.over();
  assert.equal(request.body, 'ok');
  assert.deepEqual(asked, ['inside']);
  assert.equal(world.cluster.hosts[0]?.address.text, 'envoy://inside/1');
});

test('a listener that there is not is a connection failure that names it', async () => {
  const request = await clusterOf(config()).request().over();
  assert.equal(request.failure?.details, 'there is no internal listener "inside"');
  assert.equal(request.failure?.reason, 'remote connection failure');
});

test('what was to be encrypted is not sent in plaintext', async () => {
  const tls =
    'transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}}';
  const request = await clusterOf(config(tls), { connect: () => assert.fail('connected') })
    .request()
    .over();
  assert.match(request.failure?.details ?? '', /TLS to the internal listener "inside" is not implemented/);
});
