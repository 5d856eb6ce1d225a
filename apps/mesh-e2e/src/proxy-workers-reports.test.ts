// What a proxy with worker threads tells servers, and asks them, as one: loads, stats, health, names.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { LoadStatsRequest } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import type { GrpcHandler, GrpcServerCall } from '@weft/core-grpc';
import { createRuntime } from '@weft/core-runtime';
import { GrpcServer } from '@weft/net-grpc';
import {
  call,
  cluster,
  connectionManager,
  eventually,
  http2Upstream,
  listener,
  loopback,
  routesOf,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';
import { startNamedUpstream, type NamedUpstream } from './named-upstream.ts';

const LOADS = 'envoy.service.load_stats.v3';
const HEALTH = 'envoy.service.health.v3';
const METRICS = 'envoy.service.metrics.v3';
const REQUESTS = 40;

/** One method: its streams, and what came on them. */
class Heard<T extends Message> {
  readonly calls: GrpcServerCall[] = [];
  readonly messages: T[] = [];
  readonly handler: GrpcHandler = (opened) => {
    this.calls.push(opened);
    return {
      onMessage: (octets) => void this.messages.push(fromBinary(registry().getMessage(this.typeName)!, octets) as T),
      onHalfClose: () => opened.end(),
      onCancelled: () => undefined,
    };
  };
  private readonly typeName: string;

  constructor(typeName: string) {
    this.typeName = typeName;
  }
}

const loads = new Heard<LoadStatsRequest>(`${LOADS}.LoadStatsRequest`);
const health = new Heard(`${HEALTH}.HealthCheckRequestOrEndpointHealthResponse`);
const metrics = new Heard(`${METRICS}.StreamMetricsMessage`);
const runtime = createRuntime('error', (line) => process.stderr.write(line));
const server = new GrpcServer({
  services: new Map([
    [`/${LOADS}.LoadReportingService/StreamLoadStats`, loads.handler],
    [`/${HEALTH}.HealthDiscoveryService/StreamHealthCheck`, health.handler],
    [`/${METRICS}.MetricsService/StreamMetrics`, metrics.handler],
  ]),
  timers: runtime.timers,
});
let upstream: NamedUpstream;
let proxy: RunningProxy;

before(async () => {
  const address = await server.listen({ address: '127.0.0.1:0' });
  upstream = await startNamedUpstream('A');
  const service = { envoy_grpc: { cluster_name: 'reports' } };
  const api = { api_type: 'GRPC', transport_api_version: 'V3', grpc_services: [service] };
  const named = { socket_address: { address: 'localhost', port_value: upstream.port } };
  proxy = await startWeft({
    args: ['--concurrency', '2'],
    bootstrap: {
      node: { id: 'n', cluster: 'c' },
      cluster_manager: { load_stats_config: api },
      hds_config: api,
      stats_flush_interval: '0.2s',
      stats_sinks: [
        {
          name: 'ms',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig',
            grpc_service: service,
            transport_api_version: 'V3',
          },
        },
      ],
      static_resources: {
        listeners: [
          listener('in', connectionManager('in', routesOf({ match: { prefix: '/' }, route: { cluster: 'up' } }))),
        ],
        clusters: [
          {
            ...cluster('up', []),
            type: 'STRICT_DNS',
            dns_lookup_family: 'V4_ONLY',
            dns_refresh_rate: '600s',
            load_assignment: { cluster_name: 'up', endpoints: [{ lb_endpoints: [{ endpoint: { address: named } }] }] },
          },
          {
            name: 'reports',
            type: 'STATIC',
            connect_timeout: '1s',
            load_assignment: {
              cluster_name: 'reports',
              endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(Number(address.split(':').at(-1))) } }] }],
            },
            ...http2Upstream(),
          },
        ],
      },
    },
  });
});
after(async () => {
  await proxy?.stop();
  await server.stop(0);
  upstream?.stop();
});

test('loads of all workers go out as one report', async () => {
  const first = await eventually('the proxy says who it is', () => loads.messages[0]);
  assert.equal(first.node?.id, 'n');
  const desc = registry().getMessage(`${LOADS}.LoadStatsResponse`)!;
  const fields = { clusters: ['up'], loadReportingInterval: { seconds: 0n, nanos: 100_000_000 } };
  loads.calls[0]?.send(toBinary(desc, create(desc, fields as Record<string, unknown>)));
  const asked = async (): Promise<number> => loads.messages.length;
  const reports = await asked();
  await eventually('a first report', async () => (await asked()) > reports || undefined);
  const replies = Array.from({ length: REQUESTS }, () =>
    call({ port: proxy.port('in'), headers: { connection: 'close' } }),
  );
  for (const { status } of await Promise.all(replies)) assert.equal(status, 200);
  const told = (): number =>
    loads.messages
      .flatMap(({ clusterStats }) => clusterStats.flatMap(({ upstreamLocalityStats }) => upstreamLocalityStats))
      .reduce((sum, { totalSuccessfulRequests }) => sum + Number(totalSuccessfulRequests), 0);
  await eventually('every request is told of', () => told() >= REQUESTS || undefined);
  const stats = await proxy.stats(String.raw`worker_\d\.downstream_cx_total`);
  assert.ok(
    [...stats.values()].every((count) => count > 0),
    'both workers had some',
  );
  assert.equal(told(), REQUESTS);
  assert.ok(
    loads.messages.every(({ clusterStats }) => clusterStats.length <= 1),
    'a cluster is in a report once',
  );
});

test('each server has one stream', async () => {
  await eventually('two flushes', () => metrics.messages.length >= 2 || undefined);
  assert.deepEqual([loads.calls.length, health.calls.length, metrics.calls.length], [1, 1, 1]);
});

test('a name is resolved once', async () => {
  const stats = await proxy.stats('^dns');
  assert.equal(stats.get('dns.cares.resolve_total'), 1);
  assert.match(
    (await proxy.ask('/clusters')).body,
    new RegExp(`^up::127\\.0\\.0\\.1:\\d+::rq_total::${REQUESTS}$`, 'm'),
  );
});
