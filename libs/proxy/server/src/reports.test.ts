import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { HealthCheckRequestOrEndpointHealthResponse as HealthMessage } from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import type { LoadStatsRequest } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import type { StreamMetricsMessage } from '@weft/api-envoy/gen/envoy/service/metrics/v3/metrics_service_pb';
import type { GrpcServerCall, GrpcServices } from '@weft/core-grpc';
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  cluster,
  createXdsWorld,
  endpoints,
  type XdsWorld,
  type XdsWorldOptions,
} from './xds-world.testing.ts';

/** A service that remembers what it hears of one kind of message. */
class Heard<T extends Message> {
  readonly messages: T[] = [];
  readonly services: GrpcServices;
  private call: GrpcServerCall | undefined;

  constructor(path: string, typeName: string) {
    this.services = new Map([
      [
        path,
        (call: GrpcServerCall) => {
          this.call = call;
          return {
            onMessage: (octets: Uint8Array) =>
              void this.messages.push(fromBinary(registry().getMessage(typeName)!, octets) as T),
            onHalfClose: () => undefined,
            onCancelled: () => undefined,
          };
        },
      ],
    ]);
  }

  say(typeName: string, fields: Record<string, unknown>): void {
    const desc = registry().getMessage(typeName)!;
    this.call?.send(toBinary(desc, create(desc, fields)));
  }
}

const LOADS = 'envoy.service.load_stats.v3.';
const service = (name: string): string => `{envoy_grpc: {cluster_name: ${name}}}`;

/** A proxy with the EDS cluster `a`, which is up. */
async function up(t: TestContext, options: XdsWorldOptions): Promise<XdsWorld> {
  const world = createXdsWorld('sotw', options);
  t.after(() => world.stop());
  await world.settle();
  world.send(CLUSTER, 'c', [cluster('a')]);
  await world.settle();
  world.send(ENDPOINTS, 'e', [endpoints('a', 81)]);
  await world.settle();
  world.send(LISTENER, 'l', []);
  await world.started;
  return world;
}

describe('what a proxy reports', () => {
  it('of loads goes to the server of load_stats_config', async (t) => {
    const heard = new Heard<LoadStatsRequest>(
      `/${LOADS}LoadReportingService/StreamLoadStats`,
      `${LOADS}LoadStatsRequest`,
    );
    const world = await up(t, {
      services: heard.services,
      more: `cluster_manager: {load_stats_config: {api_type: GRPC, transport_api_version: V3, grpc_services: [${service('xds')}]}}`,
    });
    await world.settle();
    assert.equal(heard.messages[0]?.node?.id, 'n1');
    heard.say(`${LOADS}LoadStatsResponse`, { sendAllClusters: true, loadReportingInterval: { seconds: 1n, nanos: 0 } });
    await world.settle();
    const [host] = world.proxy.clusters.all.find((one) => one.cluster.name === 'a')!.cluster.hosts;
    Object.assign(host!.stats, { rqTotal: 3, rqSuccess: 2, rqError: 1 });
    world.runtime.timers.advance(1000);
    await world.settle();
    const told = heard.messages[1]?.clusterStats.find(({ clusterName }) => clusterName === 'a');
    const [load] = told?.upstreamLocalityStats ?? [];
    assert.deepEqual(
      [load?.totalIssuedRequests, load?.totalSuccessfulRequests, load?.totalErrorRequests],
      [3n, 2n, 1n],
    );
    assert.equal(world.store.counter('load_reporter.requests').value, 1);
  });

  it('of stats goes to the metrics service', async (t) => {
    const heard = new Heard<StreamMetricsMessage>(
      '/envoy.service.metrics.v3.MetricsService/StreamMetrics',
      'envoy.service.metrics.v3.StreamMetricsMessage',
    );
    const world = await up(t, {
      services: heard.services,
      more: `stats_sinks: [{name: ms, typed_config: {"@type": type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig,
        grpc_service: ${service('xds')}, transport_api_version: V3}}]`,
    });
    const [sink] = world.proxy.reports.createStatsSinks();
    sink?.flush(world.store);
    await world.settle();
    const [message] = heard.messages;
    assert.equal(message?.identifier?.node?.id, 'n1');
    const found = message?.envoyMetrics.find(({ name }) => name === 'cluster_manager.active_clusters');
    assert.equal(found?.metric[0]?.gauge?.value, 2);
  });

  it('of health goes to the server that says whom to check', async (t) => {
    const heard = new Heard<HealthMessage>(
      `/${HEALTH}HealthDiscoveryService/StreamHealthCheck`,
      `${HEALTH}HealthCheckRequestOrEndpointHealthResponse`,
    );
    const world = await up(t, {
      services: heard.services,
      more: `hds_config: {api_type: GRPC, transport_api_version: V3, grpc_services: [${service('xds')}]}`,
    });
    await world.settle();
    const [first] = heard.messages;
    assert.ok(first?.requestType.case === 'healthCheckRequest');
    assert.equal(first.requestType.value.node?.id, 'n1');
    const statuses = new Map([['/well', 200]]);
    const well = await listening(
      t,
      createServer((request, answer) => void answer.writeHead(statuses.get(request.url ?? '') ?? 503).end()),
    );
    const tcp = await listening(
      t,
      createTcpServer((socket) =>
        socket.on('data', () => socket.write('pong')).on('error', () => undefined),
      ) as unknown as Server,
    );
    const check = (more: object) => ({ timeout: SECOND, interval: SECOND, ...more });
    const http = (path: string) =>
      check({ timeout: MINUTE, healthChecker: { case: 'httpHealthCheck', value: { path } } });
    const bytes = (text: string) => ({ payload: { case: 'binary', value: Buffer.from(text) } });
    const ping = (want: string) =>
      check({ healthChecker: { case: 'tcpHealthCheck', value: { send: bytes('ping'), receive: [bytes(want)] } } });
    const asked = (clusterName: string, healthCheck: object, port: number) => ({
      clusterName,
      healthChecks: [healthCheck],
      localityEndpoints: [{ locality: { region: 'r' }, endpoints: [endpointAt(port)] }],
    });
    heard.say(`${HEALTH}HealthCheckSpecifier`, {
      interval: SECOND,
      clusterHealthChecks: [
        asked('well', http('/well'), well),
        asked('ill', http('/ill'), well),
        asked('pong', ping('pong'), tcp),
        asked('silent', ping('other'), tcp),
        asked('gone', http('/'), 1),
      ],
    });
    const told = async (): Promise<string[]> => {
      await world.settle();
      heard.messages.length = 0;
      await new Promise((resolve) => setImmediate(resolve));
      world.runtime.timers.advance(1000);
      await world.until(() => heard.messages.length > 0);
      const { requestType } = heard.messages.at(-1)!;
      assert.ok(requestType.case === 'endpointHealthResponse');
      return requestType.value.clusterEndpointsHealth.map(
        ({ clusterName, localityEndpointsHealth: [one] }) => `${clusterName} ${one?.endpointsHealth[0]?.healthStatus}`,
      );
    };
    await world.settle();
    let last: string[] = [];
    // HEALTHY is 1, UNHEALTHY 2, TIMEOUT 4.
    const expected = ['well 1', 'ill 2', 'pong 1', 'silent 4', 'gone 2'];
    for (let i = 0; i < 20 && last.join() !== expected.join(); i += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await world.settle();
      last = await told();
    }
    assert.deepEqual(last, expected);
    statuses.delete('/well');
    for (let i = 0; i < 20 && last[0] !== 'well 2'; i += 1) last = await told();
    assert.equal(last[0], 'well 2');
    assert.equal(world.store.counter('hds_delegate.updates').value, 1);
  });
});

const HEALTH = 'envoy.service.health.v3.';
const SECOND = { seconds: 1n, nanos: 0 };
const MINUTE = { seconds: 60n, nanos: 0 };

function endpointAt(port: number): object {
  const value = { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } };
  return { address: { address: { case: 'socketAddress', value } } };
}

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
