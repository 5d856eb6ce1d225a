import type { Message } from '@bufbuild/protobuf';
import type { HealthCheckSpecifier } from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import type { LoadStatsResponse } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import type { ClientStatusResponse } from '@weft/api-envoy/gen/envoy/service/status/v3/csds_pb';
import type { GrpcCall, GrpcServices } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accessLogService,
  clientStatusService,
  encodeResource,
  HealthDiscoveryService,
  LoadReportService,
  metricsService,
  Snapshot,
  SnapshotCache,
  TYPE_URL,
  XdsServer,
} from './index.ts';
import { makeMessage, readMessage, writeMessage } from './messages.ts';
import { testCluster, TestProxy } from './testing.ts';

interface Caller {
  readonly heard: Uint8Array[];
  readonly ends: number[];
  readonly call: GrpcCall;
  say(message: Message): void;
}

function caller(net: InMemoryGrpc, path: string): Caller {
  const heard: Uint8Array[] = [];
  const ends: number[] = [];
  const call = net.call(path, { onMessage: (octets) => heard.push(octets), onEnd: ({ code }) => ends.push(code) });
  const say = (message: Message): void => {
    call.send(writeMessage(message));
    net.deliver();
  };
  return { heard, ends, call, say };
}

const NODE = { id: 'proxy-1' };
const net = (services: GrpcServices): InMemoryGrpc => new InMemoryGrpc(services);

test('a proxy is told which loads to report, is told again when that changes, and reports them', () => {
  const loads: unknown[] = [];
  let intervalMs = 1500;
  const service = new LoadReportService({
    wish: () => ({ clusters: intervalMs === 1500 ? 'all' : ['a'], intervalMs }),
    onLoad: (node, reported) => loads.push(node.id, reported),
  });
  const wire = net(service.services);
  const proxy = caller(wire, '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats');
  const name = 'envoy.service.load_stats.v3.LoadStatsRequest';
  proxy.say(makeMessage(name, { node: NODE }));
  intervalMs = 3000;
  service.renew();
  wire.deliver();
  const locality = {
    locality: { zone: 'z' },
    totalSuccessfulRequests: 7n,
    totalErrorRequests: 1n,
    totalIssuedRequests: 9n,
  };
  const interval = { seconds: 1n, nanos: 500_000_000 };
  const stats = {
    clusterName: 'a',
    upstreamLocalityStats: [locality],
    totalDroppedRequests: 2n,
    loadReportInterval: interval,
  };
  proxy.say(makeMessage(name, { clusterStats: [stats] }));
  const told = proxy.heard.map((octets) =>
    readMessage<LoadStatsResponse>('envoy.service.load_stats.v3.LoadStatsResponse', octets),
  );
  assert.deepEqual(
    told.map((wish) => [wish?.sendAllClusters, wish?.clusters, wish?.loadReportingInterval?.nanos]),
    [
      [true, [], 500_000_000],
      [false, ['a'], 0],
    ],
  );
  assert.deepEqual(loads, [
    'proxy-1',
    [
      {
        cluster: 'a',
        serviceName: '',
        localities: [
          {
            locality: { region: '', zone: 'z', subZone: '' },
            priority: 0,
            succeeded: 7,
            inProgress: 0,
            failed: 1,
            issued: 9,
          },
        ],
        dropped: 2,
        droppedByCategory: {},
        intervalMs: 1500,
      },
    ],
  ]);
});

test('a proxy is told whom to check, and what it found reaches the sink by cluster', () => {
  const found: unknown[] = [];
  const specifier = makeMessage<HealthCheckSpecifier>('envoy.service.health.v3.HealthCheckSpecifier', {
    clusterHealthChecks: [{ clusterName: 'a' }],
  });
  const service = new HealthDiscoveryService({
    checks: (_node, protocols) => (protocols.includes('HTTP') ? specifier : undefined),
    onHealth: (node, health) => found.push(node.id, ...health),
  });
  const proxy = caller(net(service.services), '/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck');
  const name = 'envoy.service.health.v3.HealthCheckRequestOrEndpointHealthResponse';
  const capability = { healthCheckProtocols: [0, 1] };
  proxy.say(makeMessage(name, { requestType: { case: 'healthCheckRequest', value: { node: NODE, capability } } }));
  const told = readMessage<HealthCheckSpecifier>(specifier.$typeName, proxy.heard[0] ?? new Uint8Array());
  assert.equal(told?.clusterHealthChecks[0]?.clusterName, 'a');
  const socket = { address: '10.0.0.1', portSpecifier: { case: 'portValue', value: 80 } };
  const endpoint = { address: { address: { case: 'socketAddress', value: socket } } };
  const locality = { endpointsHealth: [{ endpoint, healthStatus: 2 }] };
  const clusters = [{ clusterName: 'a', localityEndpointsHealth: [locality] }];
  const value = { clusterEndpointsHealth: clusters };
  proxy.say(makeMessage(name, { requestType: { case: 'endpointHealthResponse', value } }));
  assert.deepEqual(found, ['proxy-1', { cluster: 'a', address: '10.0.0.1:80', health: 'UNHEALTHY' }]);
});

test('access logs arrive as JSON under the name that the first message gave', () => {
  const batches: unknown[] = [];
  const services = accessLogService({
    onAccessLogs: (node, { last, ...batch }) => batches.push(node.id, { ...batch, entries: last(1) }),
  });
  const wire = net(services);
  const proxy = caller(wire, '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs');
  const name = 'envoy.service.accesslog.v3.StreamAccessLogsMessage';
  const logEntries = { case: 'httpLogs', value: { logEntry: [{}, { request: { originalPath: '/x' } }] } };
  proxy.say(makeMessage(name, { identifier: { node: NODE, logName: 'web' }, logEntries }));
  proxy.say(makeMessage(name, { logEntries }));
  const batch = { logName: 'web', kind: 'http', size: 2, entries: [{ request: { original_path: '/x' } }] };
  assert.deepEqual(batches, ['proxy-1', batch, 'proxy-1', batch]);
  proxy.call.end();
  wire.deliver();
  assert.deepEqual([proxy.heard.length, proxy.ends], [1, [0]]);
});

test('stats of every kind arrive with their labels', () => {
  const got: unknown[] = [];
  const services = metricsService({ onMetrics: (_node, families) => got.push(...families) });
  const proxy = caller(net(services), '/envoy.service.metrics.v3.MetricsService/StreamMetrics');
  const label = [{ name: 'cluster', value: 'a' }];
  const histogram = { sampleCount: 3n, sampleSum: 30, bucket: [{ upperBound: 10, cumulativeCount: 1n }] };
  const envoyMetrics = [
    { name: 'rq', type: 0, metric: [{ label, counter: { value: 5 } }] },
    { name: 'time', type: 4, metric: [{ histogram }] },
  ];
  proxy.say(makeMessage('envoy.service.metrics.v3.StreamMetricsMessage', { identifier: { node: NODE }, envoyMetrics }));
  assert.deepEqual(got, [
    { name: 'rq', kind: 'counter', samples: [{ labels: { cluster: 'a' }, value: 5, count: undefined, points: [] }] },
    { name: 'time', kind: 'histogram', samples: [{ labels: {}, value: 30, count: 3, points: [[10, 1]] }] },
  ]);
});

test('a stream that does not say whose it is, or is no such message, is refused', () => {
  const services = metricsService({ onMetrics: () => assert.fail('nobody reports') });
  const wire = net(services);
  const path = '/envoy.service.metrics.v3.MetricsService/StreamMetrics';
  const nameless = caller(wire, path);
  nameless.say(makeMessage('envoy.service.metrics.v3.StreamMetricsMessage', {}));
  const broken = caller(wire, path);
  broken.call.send(Uint8Array.of(0xff));
  wire.deliver();
  assert.deepEqual([nameless.ends, broken.ends], [[3], [3]]);
});

test('whoever may not report for a node is told why, and a stream keeps to its node', () => {
  const got: string[] = [];
  const services = metricsService({ onMetrics: ({ id }) => got.push(id) }, ({ node: { id } }) =>
    id === 'proxy-1' ? undefined : `${id} is another's`,
  );
  const wire = net(services);
  const path = '/envoy.service.metrics.v3.MetricsService/StreamMetrics';
  const report = (id: string): Message =>
    makeMessage('envoy.service.metrics.v3.StreamMetricsMessage', {
      identifier: { node: { id } },
      envoyMetrics: [{ name: 'rq', type: 0 }],
    });
  const stranger = caller(wire, path);
  stranger.say(report('proxy-2'));
  const changing = caller(wire, path);
  changing.say(report('proxy-1'));
  changing.say(report('proxy-2'));
  assert.deepEqual([stranger.ends, changing.ends, got], [[16], [3], ['proxy-1']]);
});

test('client status tells of each type at each proxy, refusals with their text', () => {
  const cache = new SnapshotCache(() => 'all');
  const xds = new XdsServer({ cache, runtime: createFakeRuntime() });
  cache.set('all', Snapshot.of([testCluster('a')]));
  const wire = net(new Map([...xds.services, ...clientStatusService(() => xds.status())]));
  for (const node of ['one', 'two']) {
    const proxy: TestProxy = new TestProxy(wire, {
      protocol: 'delta',
      node,
      acknowledge: false,
      onResponse: (response) => (node === 'one' ? proxy.acknowledge(response) : proxy.refuse(response, 'no')),
    });
    proxy.subscribe(TYPE_URL.cluster);
  }
  wire.deliver();
  const asked = caller(wire, '/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus');
  const request = 'envoy.service.status.v3.ClientStatusRequest';
  asked.say(makeMessage(request, {}));
  asked.say(makeMessage(request, { nodeMatchers: [{ nodeId: { matchPattern: { case: 'exact', value: 'two' } } }] }));
  const read = asked.heard.map((octets) =>
    readMessage<ClientStatusResponse>('envoy.service.status.v3.ClientStatusResponse', octets)?.config.map((config) => [
      config.node?.id,
      config.genericXdsConfigs.map(({ name, configStatus, errorState }) => [name, configStatus, errorState?.details]),
    ]),
  );
  const two = [
    ['', 4, 'no'],
    ['a', 4, 'no'],
  ];
  const one = [
    ['', 1, undefined],
    ['a', 1, undefined],
  ];
  assert.deepEqual(read, [
    [
      ['one', one],
      ['two', two],
    ],
    [['two', two]],
  ]);
});

for (const protocol of ['sotw', 'delta'] as const)
  test(`client status tells of each resource, what is in force and what was refused: ${protocol}`, () => {
    const runtime = createFakeRuntime();
    const cache = new SnapshotCache(() => 'all');
    const xds = new XdsServer({ cache, runtime });
    const [first, second] = [Snapshot.of([testCluster('a'), testCluster('b')]), testCluster('b', 2)];
    cache.set('all', first);
    const wire = net(new Map([...xds.services, ...clientStatusService(() => xds.status())]));
    let answer: 'acknowledge' | 'refuse' | 'nothing' = 'acknowledge';
    const proxy: TestProxy = new TestProxy(wire, {
      protocol,
      metadata: { NAMESPACE: 'shop' },
      acknowledge: false,
      onResponse: (response) => {
        if (answer === 'acknowledge') proxy.acknowledge(response);
        if (answer === 'refuse') proxy.refuse(response, 'b is bad');
      },
    });
    proxy.subscribe(TYPE_URL.cluster);
    wire.deliver();
    const push = (): void => {
      runtime.timers.advance(100);
      wire.deliver();
    };
    const see = (fields: object): readonly (readonly unknown[])[] => {
      const asked = caller(wire, '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus');
      asked.say(makeMessage('envoy.service.status.v3.ClientStatusRequest', fields));
      const [octets = new Uint8Array()] = asked.heard;
      const response = readMessage<ClientStatusResponse>('envoy.service.status.v3.ClientStatusResponse', octets);
      return (response?.config[0]?.genericXdsConfigs ?? [])
        .filter(({ name }) => name !== '')
        .map(({ name, configStatus, versionInfo, xdsConfig, errorState }) => {
          const shown = [xdsConfig, errorState?.failedConfiguration].map(
            (any) => any && (any.value.length > 0 ? 'content' : ''),
          );
          return [name, configStatus, versionInfo, ...shown, errorState?.details];
        });
    };
    const versionOf = (name: string): string => first.resources(TYPE_URL.cluster).get(name)?.version ?? '';
    const good = (name: string): unknown[] => [name, 1, versionOf(name), 'content', undefined, undefined];
    assert.deepEqual(see({}), [good('a'), good('b')]);
    assert.deepEqual(see({ excludeResourceContents: true })[0], [
      'a',
      1,
      versionOf('a'),
      undefined,
      undefined,
      undefined,
    ]);
    answer = 'refuse';
    cache.set('all', first.with({ set: [second] }));
    push();
    assert.deepEqual(see({}), [good('a'), ['b', 4, versionOf('b'), 'content', 'content', 'b is bad']]);
    answer = 'nothing';
    const newest = testCluster('b', 3);
    cache.set('all', first.with({ set: [newest, testCluster('c')] }));
    push();
    assert.deepEqual(
      see({}).map((entry) => entry.slice(0, 3)),
      [
        ['a', 1, versionOf('a')],
        ['b', 3, newest.version],
        ['c', 3, testCluster('c').version],
      ],
    );
    const metadata = (value: string): object => ({
      nodeMatchers: [
        {
          nodeMetadatas: [
            {
              path: [{ segment: { case: 'key', value: 'NAMESPACE' } }],
              value: { matchPattern: { case: 'stringMatch', value: { matchPattern: { case: 'exact', value } } } },
            },
          ],
        },
      ],
    });
    assert.deepEqual([see(metadata('shop')).length, see(metadata('other')).length], [3, 0]);
  });

test('client status leaves out what would make it larger than clients take, and what is secret', () => {
  const cache = new SnapshotCache(() => 'all');
  const xds = new XdsServer({ cache, runtime: createFakeRuntime() });
  const clusters = Array.from({ length: 500 }, (_, i) =>
    encodeResource(
      makeMessage('envoy.config.cluster.v3.Cluster', { name: `c${String(i)}`, altStatName: 'x'.repeat(5000) }),
    ),
  );
  const secret = encodeResource(makeMessage('envoy.extensions.transport_sockets.tls.v3.Secret', { name: 's' }));
  cache.set('all', Snapshot.of([...clusters, secret]));
  const wire = net(new Map([...xds.services, ...clientStatusService(() => xds.status())]));
  for (const node of ['one', 'two']) {
    const proxy = new TestProxy(wire, { protocol: 'delta', node });
    proxy.subscribe(TYPE_URL.cluster);
    proxy.subscribe(TYPE_URL.secret, ['s']);
  }
  wire.deliver();
  const asked = caller(wire, '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus');
  asked.say(makeMessage('envoy.service.status.v3.ClientStatusRequest', {}));
  const [octets = new Uint8Array()] = asked.heard;
  assert.ok(octets.length < 4 * 1024 * 1024 && octets.length > 2 * 1024 * 1024, String(octets.length));
  const response = readMessage<ClientStatusResponse>('envoy.service.status.v3.ClientStatusResponse', octets);
  const seen = response?.config.map(({ genericXdsConfigs }) => [
    genericXdsConfigs.length,
    genericXdsConfigs.filter(({ xdsConfig }) => xdsConfig !== undefined).length,
  ]);
  assert.deepEqual(seen, [
    [503, 500],
    [503, 0],
  ]);
});
