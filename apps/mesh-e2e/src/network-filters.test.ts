// Connections and datagrams that are no HTTP, through real sockets.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cluster, fileLog, loopback, startWeft, type RunningProxy } from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;

const filter = (name: string, type: string, fields: Json = {}): Json => ({
  name,
  typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.network.${type}`, ...fields },
});
const tcpProxy = (fields: Json = {}): Json =>
  filter('tcp', 'tcp_proxy.v3.TcpProxy', { stat_prefix: 't', cluster: 'up', ...fields });
const chain = (name: string, ...filters: Json[]): Json => ({
  name,
  address: loopback(0),
  filter_chains: [{ filters }],
});

/** A server of plain bytes, for the time of a test. */
async function upstream(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function proxyOf(t: TestContext, listeners: readonly Json[], port: number): Promise<RunningProxy> {
  const proxy = await startWeft({
    bootstrap: { static_resources: { listeners, clusters: [cluster('up', [port])] } },
    args: ['--file-flush-interval-msec', '20'],
  });
  t.after(() => proxy.stop());
  return proxy;
}

/** What a client gets that sends `text` and half-closes; `closed` where it got nothing. */
async function tell(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.end(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString() || 'closed';
}

test('256 MiB each way pass a tcp_proxy unchanged, a slow reader included, and little is kept', async (t) => {
  const total = 256 * 1024 * 1024;
  const block = Buffer.from(Array.from({ length: 65_537 }, (_, i) => (i * 31) % 251));
  const expected = createHash('sha256');
  for (let sent = 0; sent < total; sent += block.length) expected.update(block.subarray(0, total - sent));
  const digest = expected.digest('hex');
  const send = (socket: Socket): void => {
    let sent = 0;
    const go = (): void => {
      while (sent < total) {
        const piece = block.subarray(0, total - sent);
        sent += piece.length;
        if (!socket.write(piece)) {
          socket.once('drain', go);
          return;
        }
      }
      socket.end();
    };
    go();
  };
  const receive = async (socket: Socket): Promise<string> => {
    const hash = createHash('sha256');
    let pauses = 0;
    socket.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      if ((pauses += 1) % 200 !== 0) return;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await once(socket, 'end');
    return hash.digest('hex');
  };
  const arrived = Promise.withResolvers<string>();
  const port = await upstream(t, (socket) => {
    send(socket);
    void receive(socket).then(arrived.resolve);
  });
  const proxy = await proxyOf(t, [chain('in', tcpProxy())], port);
  const client = connect({ port: proxy.port('in'), host: '127.0.0.1', allowHalfOpen: true });
  send(client);
  assert.deepEqual([await receive(client), await arrived.promise], [digest, digest]);
  const stats = await proxy.stats('tcp.t.');
  assert.equal(stats.get('tcp.t.downstream_cx_rx_bytes_total'), total);
  assert.equal(stats.get('tcp.t.downstream_cx_tx_bytes_total'), total);
  const allocated = (await proxy.stats('server.memory_allocated')).get('server.memory_allocated') ?? 0;
  assert.ok(allocated < 200 * 1024 * 1024, `${allocated} bytes`);
});

test('filters in a row decide in their order, and what they deny never reaches the upstream', async (t) => {
  const reached: string[] = [];
  const port = await upstream(t, (socket) => {
    socket.on('data', (chunk: Buffer) => reached.push(chunk.toString()));
    socket.pipe(socket);
  });
  const rbac = (action: string): Json =>
    filter('rbac', 'rbac.v3.RBAC', {
      stat_prefix: 'net',
      rules: {
        action,
        policies: {
          loopback: {
            permissions: [{ any: true }],
            principals: [{ direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } }],
          },
        },
      },
    });
  const limit = filter('limit', 'connection_limit.v3.ConnectionLimit', { stat_prefix: 'c', max_connections: 1 });
  const proxy = await proxyOf(
    t,
    [
      chain('allowed', limit, rbac('ALLOW'), tcpProxy()),
      chain('denied', rbac('DENY'), tcpProxy()),
      chain('echo', filter('echo', 'echo.v3.Echo')),
      chain('fixed', filter('fixed', 'direct_response.v3.Config', { response: { inline_string: 'no service\n' } })),
    ],
    port,
  );
  assert.equal(await tell(proxy.port('allowed'), 'hello'), 'hello');
  assert.equal(await tell(proxy.port('denied'), 'hello'), 'closed');
  assert.deepEqual(reached, ['hello']);
  assert.equal(await tell(proxy.port('echo'), 'back'), 'back');
  assert.equal(await tell(proxy.port('fixed'), 'anything'), 'no service\n');
  const held = connect({ port: proxy.port('allowed'), host: '127.0.0.1' });
  held.write('first');
  await once(held, 'data');
  assert.equal(await tell(proxy.port('allowed'), 'second'), 'closed');
  held.destroy();
  const stats = await proxy.stats('(net|connection_limit)');
  assert.deepEqual(
    ['net.rbac.allowed', 'net.rbac.denied', 'connection_limit.c.limited_connections'].map((name) => stats.get(name)),
    [2, 1, 1],
  );
});

test('the access log of a tcp_proxy says what became of each connection', async (t) => {
  const port = await upstream(t, (socket) => socket.on('data', () => socket.resetAndDestroy()));
  const folder = mkdtempSync(join(tmpdir(), 'weft-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'access.log');
  const format = '%ACCESS_LOG_TYPE% %PROTOCOL% %RESPONSE_FLAGS% %BYTES_RECEIVED%/%BYTES_SENT% %UPSTREAM_CLUSTER%';
  const listeners = [
    chain('in', tcpProxy({ access_log: [fileLog(file, format)] })),
    chain('nowhere', tcpProxy({ cluster: 'nowhere', access_log: [fileLog(file, format)] })),
  ];
  const proxy = await proxyOf(t, listeners, port);
  assert.equal(await tell(proxy.port('in'), 'bytes'), 'closed');
  assert.equal(await tell(proxy.port('nowhere'), ''), 'closed');
  let text = '';
  while (text.split('\n').length < 3) {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      // Not written yet.
    }
  }
  assert.deepEqual(text.trim().split('\n').toSorted(), ['TcpConnectionEnd - NC 0/0 -', 'TcpConnectionEnd - UR 5/0 up']);
});

test('datagrams of each client reach a host, and their answers come back', async (t) => {
  const host = createSocket('udp4');
  host.on('message', (datagram, from) => host.send(`re: ${datagram.toString()}`, from.port, from.address));
  host.bind(0, '127.0.0.1');
  await once(host, 'listening');
  t.after(() => host.close());
  const proxy = await proxyOf(
    t,
    [
      {
        name: 'udp',
        address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: 0 } },
        listener_filters: [
          {
            name: 'envoy.filters.udp_listener.udp_proxy',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig',
              stat_prefix: 'u',
              matcher: {
                on_no_match: {
                  action: {
                    name: 'route',
                    typed_config: {
                      '@type': 'type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.Route',
                      cluster: 'up',
                    },
                  },
                },
              },
            },
          },
        ],
      },
    ],
    host.address().port,
  );
  const client = (): Datagrams => {
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    return socket;
  };
  const answer = async (socket: Datagrams, text: string): Promise<string> => {
    socket.send(text, proxy.port('udp'), '127.0.0.1');
    const [datagram] = (await once(socket, 'message')) as [Buffer];
    return datagram.toString();
  };
  const [one, two] = [client(), client()];
  assert.deepEqual(
    [await answer(one, 'a'), await answer(two, 'b'), await answer(one, 'c')],
    ['re: a', 're: b', 're: c'],
  );
  const stats = await proxy.stats('udp');
  assert.deepEqual(
    ['udp.u.downstream_sess_total', 'udp.u.downstream_sess_rx_datagrams', 'cluster.up.udp.sess_rx_datagrams'].map(
      (name) => stats.get(name),
    ),
    [2, 3, 3],
  );
});
