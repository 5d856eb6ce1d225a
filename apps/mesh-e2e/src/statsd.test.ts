// Stats over UDP, for Weft and Envoy: the same lines of the same calls, to statsd and to DogStatsD.
import {
  call,
  eventually,
  envoyProgram,
  startEnvoy,
  startWeft,
  type ProxyStart,
  type RunningProxy,
} from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';

const TYPE = 'type.googleapis.com/envoy';

async function receiver(t: TestContext): Promise<{ readonly port: number; readonly lines: string[] }> {
  const socket: Socket = createSocket('udp4');
  const lines: string[] = [];
  socket.on('message', (datagram: Buffer) => lines.push(...datagram.toString().split('\n')));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { port: socket.address().port, lines };
}

const sink = (name: string, kind: string, port: number, more: object = {}) => ({
  name,
  typed_config: {
    '@type': `${TYPE}.config.metrics.v3.${kind}`,
    address: { socket_address: { address: '127.0.0.1', port_value: port, protocol: 'UDP' } },
    ...more,
  },
});

const bootstrap = (statsd: number, dog: number) => ({
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
  stats_flush_interval: '0.3s',
  stats_sinks: [
    sink('envoy.stat_sinks.statsd', 'StatsdSink', statsd),
    sink('envoy.stat_sinks.dog_statsd', 'DogStatsdSink', dog, { prefix: 'dog', max_bytes_per_datagram: 512 }),
  ],
  static_resources: {
    listeners: [
      {
        name: 'http',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'hcm',
                typed_config: {
                  '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
                  stat_prefix: 'in',
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
                      },
                    ],
                  },
                  http_filters: [
                    {
                      name: 'envoy.filters.http.router',
                      typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  },
});

const suite = (title: string, choose: () => Promise<(start: ProxyStart) => Promise<RunningProxy>>): void =>
  void test(`${title} tells statsd and DogStatsD of its calls`, async (t) => {
    const [statsd, dog] = [await receiver(t), await receiver(t)];
    const start = await choose();
    const proxy = await start({ bootstrap: bootstrap(statsd.port, dog.port) });
    t.after(() => proxy.stop());
    const port = await proxy.portOf('http');
    for (let i = 0; i < 3; i += 1) assert.equal((await call({ port, path: '/' })).status, 200);
    const sum = (lines: readonly string[], pattern: RegExp): number =>
      lines.reduce((total, line) => total + Number(pattern.exec(line)?.[1] ?? 0), 0);
    await eventually('the calls are told', () => {
      const told = [
        sum(statsd.lines, /^envoy\.http\.in\.downstream_rq_2xx:(\d+)\|c$/),
        sum(
          dog.lines,
          /^dog\.http\.downstream_rq_xx:(\d+)\|c\|#envoy\.response_code_class:2,envoy\.http_conn_manager_prefix:in$/,
        ),
      ];
      return told.every((count) => count === 3) || undefined;
    });
    assert.ok(statsd.lines.some((line) => /^envoy\.http\.in\.downstream_cx_active:[01]\|g$/.test(line)));
    assert.ok(statsd.lines.some((line) => /^envoy\.server\.live:1\|g$/.test(line)));
    await eventually('how long they took is told', () => {
      const times = dog.lines.filter((line) =>
        /^dog\.http\.downstream_rq_time:[\d.]+\|ms(\|@[\d.]+)?\|#envoy\.http_conn_manager_prefix:in$/.test(line),
      );
      const count = times.reduce((total, line) => total + Math.round(1 / Number(/@([\d.]+)/.exec(line)?.[1] ?? 1)), 0);
      return count === 3 || undefined;
    });
  });

suite('Weft', () => Promise.resolve(startWeft));
suite('Weft with two workers', () => Promise.resolve((start) => startWeft({ ...start, args: ['--concurrency', '2'] })));
suite('Envoy', async () => {
  const found = await envoyProgram();
  return (start) => startEnvoy(found, start);
});
