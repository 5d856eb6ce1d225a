import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  cluster,
  connectionManager,
  http2Upstream,
  listener,
  RawClient,
  routesOf,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';
import {
  echoOverHttp1,
  echoOverHttp2,
  webSocketOverHttp1,
  webSocketOverHttp2,
  type EchoServer,
} from './websocket-peers.ts';

const PAIRS = [
  ['http1', 'http1'],
  ['http2', 'http1'],
  ['http1', 'http2'],
  ['http2', 'http2'],
] as const;

function bootstrap(ports: Readonly<Record<'http1' | 'http2', number>>): object {
  const listeners = PAIRS.map(([down, up]) =>
    listener(
      `${down} to ${up}`,
      connectionManager(`${down}_${up}`, {
        ...routesOf({ match: { prefix: '/' }, route: { cluster: up } }),
        upgrade_configs: [{ upgrade_type: 'websocket' }],
        http2_protocol_options: { allow_connect: true },
      }),
    ),
  );
  const closed = connectionManager('no_upgrades', {
    ...routesOf({ match: { prefix: '/' }, route: { cluster: 'http1' } }),
    http2_protocol_options: { allow_connect: true },
  });
  return {
    static_resources: {
      listeners: [...listeners, listener('no upgrades', closed)],
      clusters: [
        cluster('http1', [ports.http1]),
        cluster('http2', [ports.http2], http2Upstream({ allow_connect: true })),
      ],
    },
  };
}

describe('WebSockets through the proxy', () => {
  const servers = {} as Record<'http1' | 'http2', EchoServer>;
  let proxy: RunningProxy;
  before(async () => {
    servers.http1 = await echoOverHttp1();
    servers.http2 = await echoOverHttp2();
    proxy = await startWeft({ bootstrap: bootstrap({ http1: servers.http1.port, http2: servers.http2.port }) });
  });
  after(async () => {
    await proxy?.stop();
    for (const server of Object.values(servers)) server.stop();
  });

  for (const [down, up] of PAIRS)
    it(`echo what is said, from ${down} to ${up}`, async () => {
      const port = proxy.port(`${down} to ${up}`);
      const over = servers[up].closed();
      const socket = await (down === 'http1' ? webSocketOverHttp1(port) : webSocketOverHttp2(port));
      await proxy.statReaches(`http.${down}_${up}.downstream_cx_upgrades_active`, (value) => value === 1);
      assert.equal(await socket.ask('hello'), 'hello');
      for (const size of [1, 125, 126, 65_535, 65_536, 1_000_000]) {
        const message = randomBytes(size);
        assert.deepEqual(await socket.ask(message), message);
      }
      await socket.close();
      await proxy.statReaches(`http.${down}_${up}.downstream_cx_upgrades_active`, (value) => value === 0);
      await proxy.statReaches(`cluster.${up}.upstream_rq_active`, (value) => value === 0);
      assert.equal(servers[up].closed(), over + 1);
    });

  it('are refused where no upgrade is allowed', async () => {
    const port = proxy.port('no upgrades');
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    const client = new RawClient(port).send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`);
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1.1 403 /);
    client.close();
    const socket = await webSocketOverHttp2(port);
    assert.equal(socket.status, 403);
  });
});
