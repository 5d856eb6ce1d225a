import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { RequestHeaderMap, StreamInfo, socketAddress, type DownstreamConnection, type Protocol } from '@weft/core-http';
import { createTestCertificate } from '@weft/net-tcp/testing';
import { ANY_HOST, type Host, type LoadBalancerContext } from '@weft/proxy-filter-api';
import { ScriptedUpstream, testCluster, TestRequest, type TestCluster } from './testing.ts';

let upstream: ScriptedUpstream;
const servers: Server[] = [];
beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await upstream.close();
});

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const typed = (options: string): string =>
  `typed_extension_protocol_options: {${OPTIONS}: {"@type": type.googleapis.com/${OPTIONS}, ${options}}}`;
const TLS = `transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}}`;

interface Asked {
  readonly id?: number;
  readonly protocol?: Protocol;
  readonly authority?: string;
}

function asked({ id = 1, protocol = 'HTTP/1.1', authority = 'up.test' }: Asked = {}): LoadBalancerContext {
  const downstream: DownstreamConnection = {
    id,
    localAddress: socketAddress('10.0.0.1', 80),
    directRemoteAddress: socketAddress('10.9.9.9', 4000 + id),
    tls: false,
    requestedServerName: '',
  };
  const info = new StreamInfo(downstream, 0, 0);
  info.protocol = protocol;
  return { ...ANY_HOST, stream: { info, requestHeaders: new RequestHeaderMap('GET', '/', authority) } };
}

function send({ cluster }: TestCluster, cx: LoadBalancerContext): TestRequest {
  const request = new TestRequest();
  cluster.newStream(cluster.pick(cx) as Host, 'default', request, cx);
  return request;
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('an upstream is spoken to as the client speaks, where that is configured', async () => {
  const world = testCluster([upstream.port], typed('use_downstream_protocol_config: {http2_protocol_options: {}}'));
  send(world, asked({ protocol: 'HTTP/2' }));
  const socket = await upstream.connection(0);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  assert.match(chunk.toString('latin1'), /^PRI \* HTTP\/2\.0/);
  const plain = send(world, asked({ protocol: 'HTTP/1.1' }));
  assert.match(await upstream.answer(1), /^GET \/ HTTP\/1\.1/);
  await plain.over();
  assert.deepEqual(['upstream_cx_http1_total', 'upstream_cx_http2_total'].map(world.stat), [1, 1]);
});

test('ALPN decides where the configuration leaves it to it', async () => {
  const certificate = createTestCertificate('up.test');
  const two = createSecureServer(certificate, (_request, response) => response.end('two'));
  const one = createHttpsServer(certificate, (_request, response) => response.end('one'));
  for (const [server, body, stat] of [
    [two, 'two', 'upstream_cx_http2_total'],
    [one, 'one', 'upstream_cx_http1_total'],
  ] as const) {
    const world = testCluster([await listening(server)], `${typed('auto_config: {}')}\n${TLS}`);
    const requests = [send(world, ANY_HOST), send(world, ANY_HOST), send(world, ANY_HOST)];
    await Promise.all(requests.map((request) => request.over()));
    assert.deepEqual(
      requests.map((request) => request.body),
      [body, body, body],
    );
    assert.equal(world.stat(stat), body === 'two' ? 1 : world.stat('upstream_cx_total'));
    world.cluster.drain();
  }
});

test('each client has connections of its own, where that is configured', async () => {
  const world = testCluster([upstream.port], 'connection_pool_per_downstream_connection: true');
  const first = send(world, asked({ id: 1 }));
  await upstream.answer(0);
  await first.over();
  const second = send(world, asked({ id: 2 }));
  await upstream.answer(1);
  await second.over();
  const again = send(world, asked({ id: 1 }));
  await upstream.answer(0);
  await again.over();
  assert.equal(upstream.sockets.length, 2);
});

test('a pool for one client makes room for another when it is idle, where pools are limited', async () => {
  const world = testCluster(
    [upstream.port],
    'connection_pool_per_downstream_connection: true\ncircuit_breakers: {thresholds: [{max_connection_pools: 1}]}',
  );
  const first = send(world, asked({ id: 1 }));
  assert.equal(send(world, asked({ id: 2 })).failure?.reason, 'overflow');
  await upstream.answer(0);
  await first.over();
  const second = send(world, asked({ id: 2 }));
  await upstream.answer(1);
  await second.over();
  assert.equal(second.body, 'ok');
  assert.equal(world.stat('upstream_cx_pool_overflow'), 1);
});

test('auto_sni names the host of the request, without its port and never an address', async () => {
  const names: unknown[] = [];
  const server = createHttpsServer(createTestCertificate('up.test'), (request, response) => {
    names.push((request.socket as unknown as { servername: unknown }).servername);
    response.end();
  });
  const world = testCluster(
    [await listening(server)],
    `${typed('upstream_http_protocol_options: {auto_sni: true}, explicit_http_config: {http_protocol_options: {}}')}\n${TLS}`,
  );
  for (const authority of ['a.test:8443', 'b.test', 'a.test', '[::1]:80', '1.2.3.4'])
    await send(world, asked({ authority })).over();
  assert.deepEqual(names, ['a.test', 'b.test', 'a.test', false, false]);
  // a.test has one connection, whichever port was asked for.
  assert.equal(world.stat('upstream_cx_total'), 3);
  world.cluster.drain();
});

test('a connection begins with the client addresses, and clients do not share it', async () => {
  const socket = (version: string): string => `transport_socket: {name: p, typed_config: {
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport,
    config: {version: ${version}}, transport_socket: {name: raw_buffer}}}`;
  const world = testCluster([upstream.port], socket('V1'));
  const first = send(world, asked({ id: 1 }));
  const head = await upstream.answer(0);
  assert.match(head, /^PROXY TCP4 10\.9\.9\.9 10\.0\.0\.1 4001 80\r\nGET \/ HTTP/);
  await first.over();
  const second = send(world, asked({ id: 2 }));
  assert.match(await upstream.answer(1), /^PROXY TCP4 10\.9\.9\.9 10\.0\.0\.1 4002 80\r\n/);
  await second.over();
  const own = testCluster([upstream.port], socket('V1'));
  const probe = send(own, ANY_HOST);
  assert.match(await upstream.answer(2), /^PROXY UNKNOWN\r\n/);
  await probe.over();
});
