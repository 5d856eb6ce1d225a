import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  cluster,
  connectionManager,
  listener,
  RawClient,
  routesOf,
  ScriptedUpstream,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const TCP_PROXY = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const MIB = 1 << 20;

function bootstrap(tcpPort: number, httpPort: number): object {
  const tcp = {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: { '@type': TCP_PROXY, stat_prefix: 'tcp', cluster: 'tcp' },
  };
  const http = connectionManager('http', routesOf({ match: { prefix: '/' }, route: { cluster: 'http' } }));
  return {
    static_resources: {
      listeners: [listener('tcp', tcp), listener('http', http)],
      clusters: [cluster('tcp', [tcpPort]), cluster('http', [httpPort])],
    },
  };
}

/** Everything a socket brings, to its end. */
async function drained(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

describe('connections that end on one side', () => {
  let server: Server;
  let upstream: ScriptedUpstream;
  let proxy: RunningProxy;
  let serve: (socket: Socket) => unknown = () => undefined;
  before(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
    upstream = await ScriptedUpstream.start(({ path }, socket) => {
      if (path === '/until-the-end') socket.end('HTTP/1.1 200 OK\r\n\r\neverything');
      else if (path === '/cut') socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
      else if (path === '/answer') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
    proxy = await startWeft({ bootstrap: bootstrap((server.address() as AddressInfo).port, upstream.port) });
  });
  after(async () => {
    await proxy?.stop();
    await upstream?.stop();
    server?.close();
  });
  const client = (): RawClient => new RawClient(proxy.port('tcp'));

  it('tcp_proxy: an answer comes after the client has ended', async () => {
    serve = async (socket) => socket.end(`${(await drained(socket)).length} bytes`);
    const one = client();
    one.socket.end('x'.repeat(4 * MIB));
    assert.equal(await one.end(), `${4 * MIB} bytes`);
  });

  it('tcp_proxy: the client goes on after the upstream has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    serve = (socket) => {
      socket.end('bye');
      void drained(socket).then(resolve);
    };
    const one = client();
    one.socket.allowHalfOpen = true;
    assert.equal(await one.end(), 'bye');
    one.socket.end('y'.repeat(MIB));
    assert.equal((await promise).length, MIB);
    await proxy.statReaches('tcp.tcp.downstream_cx_total', (value) => value >= 2);
    await proxy.statReaches('cluster.tcp.upstream_cx_active', (value) => value === 0);
  });

  it('tcp_proxy: what the upstream said last arrives before its end', async () => {
    serve = (socket) => socket.end('z'.repeat(4 * MIB));
    const text = await client().end();
    assert.equal(text.length, 4 * MIB);
  });

  it('tcp_proxy: a connection that breaks on one side breaks on the other', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    serve = (socket) => socket.once('close', () => resolve(true)).resume();
    const one = client().send('hello');
    await proxy.statReaches('cluster.tcp.upstream_cx_active', (value) => value === 1);
    one.socket.resetAndDestroy();
    assert.equal(await promise, true);
  });

  it('HTTP/1.1: a client that ends while it waits has left, as Envoy sees it', async () => {
    const before = (await proxy.stats()).get('http.http.downstream_cx_destroy_remote_active_rq') ?? 0;
    const { length } = upstream.requests;
    const one = new RawClient(proxy.port('http')).send('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
    await upstream.received(length + 1);
    one.socket.end();
    assert.equal(await one.end(), '');
    await proxy.statReaches('http.http.downstream_cx_destroy_remote_active_rq', (value) => value === before + 1);
    await proxy.statReaches('cluster.http.upstream_rq_active', (value) => value === 0);
  });

  it('HTTP/1.1: a client that ends behind its answer gets the end', async () => {
    const one = new RawClient(proxy.port('http')).send('GET /answer HTTP/1.1\r\nHost: a\r\n\r\n');
    await one.until(/ok$/);
    one.socket.end();
    assert.match(await one.end(), /ok$/);
  });

  it('HTTP/1.1: a response without a length ends with its connection, one with a length is cut', async () => {
    const whole = new RawClient(proxy.port('http')).send('GET /until-the-end HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await whole.until(/\r\n0\r\n\r\n$/), /transfer-encoding: chunked[^]*everything/);
    whole.close();
    const cut = new RawClient(proxy.port('http')).send('GET /cut HTTP/1.1\r\nHost: a\r\n\r\n');
    const text = await cut.end();
    assert.match(text, /content-length: 10\r\n/);
    assert.match(text, /\r\n\r\n(?:half)?$/);
  });
});
