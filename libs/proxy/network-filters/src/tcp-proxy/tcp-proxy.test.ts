import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import { RecordingTransport } from '@weft/core-bytes/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { FakeCluster, FakeClusters, fakeConnectionTo } from '@weft/proxy-filter-api/testing';
import { FilterState, type ConnectionHandler, type ServerContext } from '@weft/proxy-filter-api';
import { responseFlagsShort, socketAddress, type StreamInfo } from '@weft/core-http';
import { TCP_PROXY_CLUSTER } from './shared.ts';
import { createTcpProxyFactory } from './tcp-proxy.ts';
import type { TcpProxyConfig } from './config.decode.ts';

const logged: string[] = [];
/** Notes the type of each line, the flags and the bytes. */
const tcpProxyFactory = createTcpProxyFactory({
  accessLogs: () => [
    {
      log: (info: StreamInfo) =>
        logged.push(
          `${info.accessLogType} ${responseFlagsShort(info.responseFlags)} ${info.bytesReceived}/${info.bytesSent} ` +
            `${info.upstreamCluster} ${info.attemptCount} ${info.endMs - info.startMs}`,
        ),
    },
  ],
});
beforeEach(() => logged.splice(0));

function decode(yaml: string): { config: TcpProxyConfig | undefined; faults: string[] } {
  const typeName = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  const { message, faults } = loadConfig({ text: yaml, file: 'tcp.yaml', typeName });
  const cx = new DecodeContext(sourceNamed('tcp.yaml'));
  const config = message && tcpProxyFactory.decode(message, cx);
  return { config, faults: [...faults, ...cx.faults].map((fault) => fault.message) };
}

/** One client connection to a tcp_proxy in front of the clusters `a` and `b`. */
function connectionTo(cluster: FakeCluster, fields = '', draws: readonly number[] = [0], pinned = '') {
  const filterState = new FilterState();
  if (pinned !== '') filterState.set(TCP_PROXY_CLUSTER, pinned);
  const runtime = createFakeRuntime(draws);
  const stats = createNullScope();
  const other = new FakeCluster('b');
  const server = {
    runtime,
    stats,
    clusters: new FakeClusters(cluster, other),
    draining: false,
  } as unknown as ServerContext & { draining: boolean };
  const { config, faults } = decode(`{stat_prefix: t, ${fields === '' ? 'cluster: a' : fields}}`);
  assert.ok(config, faults.join('\n'));
  const downstream = new RecordingTransport(16);
  const address = socketAddress('127.0.0.1', 1);
  const filter = tcpProxyFactory.prepare(config, server, { name: 'l', trafficDirection: 'UNSPECIFIED' });
  const handler: ConnectionHandler = filter.create({
    transport: downstream,
    info: {
      id: 1,
      localAddress: address,
      directRemoteAddress: address,
      tls: false,
      requestedServerName: '',
    },
    bufferLimitBytes: 1024,
    filterState,
  });
  return { handler, downstream, runtime, server, other, stat: (name: string) => stats.counter(`tcp.t.${name}`).value };
}

const FILE_LOG =
  "{name: f, typed_config: {'@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x}}";

const bytes = (text: string): Buffer => Buffer.from(text);

test('bytes go to the upstream and back, and are counted', () => {
  const cluster = new FakeCluster('a');
  const { handler, downstream, stat } = connectionTo(cluster);
  const { transport } = cluster.connections[0]!;
  handler.onData(bytes('ping'));
  assert.equal(transport.take(), 'ping');
  transport.receiver?.onData(bytes('pong!'));
  assert.equal(downstream.take(), 'pong!');
  assert.deepEqual(
    ['downstream_cx_total', 'downstream_cx_rx_bytes_total', 'downstream_cx_tx_bytes_total'].map(stat),
    [1, 4, 5],
  );
});

test('the client is not read before the upstream is there', () => {
  const cluster = new FakeCluster('a');
  cluster.pool = 'wait';
  const { downstream } = connectionTo(cluster);
  assert.equal(downstream.paused, 1);
  const [connection] = cluster.connections;
  connection?.owner.onPoolReady(connection.transport, connection.host, fakeConnectionTo(connection.host));
  assert.equal(downstream.paused, 0);
});

test('half-closes are passed on, each way by itself', () => {
  const cluster = new FakeCluster('a');
  const { handler, downstream } = connectionTo(cluster);
  const { transport } = cluster.connections[0]!;
  handler.onEnd();
  assert.equal(transport.ended, true);
  assert.equal(downstream.ended, false);
  transport.receiver?.onData(bytes('late'));
  assert.equal(downstream.take(), 'late');
  transport.receiver?.onEnd();
  assert.equal(downstream.ended, true);
});

test('a slow upstream pauses the client, and a slow client the upstream', () => {
  const cluster = new FakeCluster('a');
  const { handler, downstream, stat } = connectionTo(cluster);
  const { transport } = cluster.connections[0]!;
  handler.onData(bytes('more than sixteen bytes'));
  assert.equal(downstream.paused, 1);
  transport.drain();
  transport.receiver?.onDrain();
  assert.equal(downstream.paused, 0);
  assert.deepEqual(
    ['downstream_flow_control_paused_reading_total', 'downstream_flow_control_resumed_reading_total'].map(stat),
    [1, 1],
  );
  transport.receiver?.onData(bytes('more than sixteen bytes'));
  assert.equal(transport.paused, 1);
  downstream.drain();
  handler.onDrain();
  assert.equal(transport.paused, 0);
});

test('the end of one connection is the end of the other, and a reset stays a reset', () => {
  for (const error of [undefined, new Error('ECONNRESET')]) {
    const cluster = new FakeCluster('a');
    const fromClient = connectionTo(cluster);
    fromClient.handler.onClose(error === undefined ? { by: 'remote' } : { by: 'remote', error });
    const { transport } = cluster.connections[0]!;
    assert.deepEqual([transport.closed, transport.destroyed], [true, error !== undefined]);
    const fromUpstream = connectionTo(cluster);
    cluster.connections[1]?.transport.receiver?.onClose(
      error === undefined ? { by: 'remote' } : { by: 'remote', error },
    );
    assert.deepEqual([fromUpstream.downstream.closed, fromUpstream.downstream.destroyed], [true, error !== undefined]);
  }
});

test('a client that leaves while the upstream is being connected gives the attempt up', () => {
  const cluster = new FakeCluster('a');
  cluster.pool = 'wait';
  const { handler, runtime } = connectionTo(cluster);
  handler.onClose({ by: 'remote' });
  assert.equal(cluster.connections[0]?.cancelled, true);
  assert.equal(runtime.timers.pending, 0);
});

test('as many attempts are made as may be, each at a host of its own, then the client is let go', () => {
  const cluster = new FakeCluster('a', 3);
  cluster.pool = 'remote connection failure';
  const { downstream } = connectionTo(cluster, 'cluster: a, max_connect_attempts: 3');
  assert.deepEqual(
    cluster.connections.map(({ host }) => host.address.ip),
    ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  );
  assert.deepEqual([downstream.closed, downstream.destroyed], [true, false]);
  assert.equal(cluster.requestStats.upstreamCxConnectAttemptsExceeded.value, 1);
});

test('a cluster that is not there, or has no host, closes the connection', () => {
  const unknown = connectionTo(new FakeCluster('a'), 'cluster: nowhere');
  assert.equal(unknown.downstream.closed, true);
  assert.equal(unknown.stat('downstream_cx_no_route'), 1);
  const empty = new FakeCluster('a', 0);
  assert.equal(connectionTo(empty).downstream.closed, true);
  assert.equal(empty.requestStats.upstreamCxNoneHealthy.value, 1);
});

test('weighted clusters share connections by their weights', () => {
  const fields = 'weighted_clusters: {clusters: [{name: a, weight: 3}, {name: b, weight: 1}]}';
  for (const [draw, first] of [
    [0, true],
    [2, true],
    [3, false],
  ] as const) {
    const cluster = new FakeCluster('a');
    const { other } = connectionTo(cluster, fields, [draw]);
    assert.deepEqual([cluster.connections.length, other.connections.length], first ? [1, 0] : [0, 1]);
  }
});

test('a connection without traffic closes after the idle timeout', () => {
  const cluster = new FakeCluster('a');
  const { handler, downstream, runtime, stat } = connectionTo(cluster, 'cluster: a, idle_timeout: 10s');
  runtime.timers.advance(6000);
  handler.onData(bytes('x'));
  runtime.timers.advance(9000);
  assert.equal(downstream.closed, false);
  runtime.timers.advance(1000);
  assert.equal(downstream.closed, true);
  assert.equal(stat('idle_timeout'), 1);
});

test('a connection closes after its longest duration, busy or not', () => {
  const cluster = new FakeCluster('a');
  const { handler, downstream, runtime, stat } = connectionTo(
    cluster,
    'cluster: a, max_downstream_connection_duration: 10s',
  );
  runtime.timers.advance(9999);
  handler.onData(bytes('x'));
  runtime.timers.advance(1);
  assert.equal(downstream.closed, true);
  assert.equal(stat('max_downstream_connection_duration'), 1);
});

test('a filter before it may choose another cluster', () => {
  const cluster = new FakeCluster('a');
  const { other } = connectionTo(cluster, '', [0], 'b');
  assert.deepEqual([cluster.connections.length, other.connections.length], [0, 1]);
});

test('a failed attempt is followed by the next after a growing wait, where one is configured', () => {
  const cluster = new FakeCluster('a');
  cluster.pool = 'remote connection failure';
  const { runtime } = connectionTo(
    cluster,
    'cluster: a, max_connect_attempts: 3, backoff_options: {base_interval: 1s, max_interval: 1.5s}',
    [999, 1499],
  );
  assert.equal(cluster.connections.length, 1);
  runtime.timers.advance(998);
  assert.equal(cluster.connections.length, 1);
  runtime.timers.advance(1);
  assert.equal(cluster.connections.length, 2);
  runtime.timers.advance(1498);
  assert.equal(cluster.connections.length, 2);
  runtime.timers.advance(1);
  assert.equal(cluster.connections.length, 3);
});

test('with early data the client is read up to the limit before the upstream is there', () => {
  const cluster = new FakeCluster('a');
  cluster.pool = 'wait';
  const { handler, downstream, stat } = connectionTo(cluster, 'cluster: a, max_early_data_bytes: 6');
  assert.deepEqual([downstream.paused, cluster.connections.length], [0, 1]);
  handler.onData(bytes('abc'));
  assert.equal(downstream.paused, 0);
  handler.onData(bytes('def'));
  assert.equal(downstream.paused, 1);
  const { owner, transport, host } = cluster.connections[0]!;
  owner.onPoolReady(transport, host, fakeConnectionTo(host));
  assert.deepEqual([transport.take(), downstream.paused, stat('early_data_received_count_total')], ['abcdef', 0, 1]);
});

test('the upstream may be connected with the first data only', () => {
  const cluster = new FakeCluster('a');
  const fields = 'cluster: a, upstream_connect_mode: ON_DOWNSTREAM_DATA, max_early_data_bytes: 100';
  const { handler } = connectionTo(cluster, fields);
  assert.equal(cluster.connections.length, 0);
  handler.onData(bytes('hello'));
  assert.equal(cluster.connections[0]?.transport.take(), 'hello');
  const silent = connectionTo(cluster, fields);
  silent.handler.onEnd();
  assert.equal(silent.downstream.closed, true);
  assert.match(
    decode('{stat_prefix: t, cluster: a, upstream_connect_mode: ON_DOWNSTREAM_DATA}').faults.join(),
    /needs max_early_data_bytes/,
  );
});

test('lines of log are written at the start, when connected, from time to time and at the end', () => {
  const cluster = new FakeCluster('a');
  cluster.pool = 'wait';
  const { handler, runtime } = connectionTo(
    cluster,
    `cluster: a, access_log: [${FILE_LOG}], access_log_options:
      {flush_access_log_on_start: true, flush_access_log_on_connected: true, access_log_flush_interval: 2s}`,
  );
  runtime.timers.advance(5);
  const { owner, transport, host } = cluster.connections[0]!;
  owner.onPoolReady(transport, host, fakeConnectionTo(host));
  handler.onData(bytes('abc'));
  runtime.timers.advance(2000);
  transport.receiver?.onData(bytes('d'));
  handler.onClose({ by: 'remote' });
  assert.deepEqual(logged, [
    'TcpConnectionStart - 0/0  0 0',
    'TcpUpstreamConnected - 0/0 a 1 5',
    'TcpPeriodic - 3/0 a 1 2000',
    'TcpConnectionEnd - 3/1 a 1 2005',
  ]);
  assert.equal(runtime.timers.pending, 0);
});

test('the line at the end says by its flags why there was no upstream', () => {
  const refused = new FakeCluster('a');
  refused.pool = 'remote connection failure';
  const full = new FakeCluster('a');
  full.pool = 'overflow';
  for (const [cluster, fields, flags] of [
    [refused, 'cluster: a', 'URX,UF'],
    [full, 'cluster: a', 'UO'],
    [new FakeCluster('a', 0), 'cluster: a', 'UH'],
    [new FakeCluster('a'), 'cluster: nowhere', 'NC'],
  ] as const) {
    const { handler } = connectionTo(cluster, fields);
    handler.onClose({ by: 'local' });
    assert.equal(logged.pop()?.split(' ')[1], flags);
  }
});

test('while the proxy drains, a connection may be asked to close with its next byte', () => {
  const { handler, downstream, server, stat } = connectionTo(
    new FakeCluster('a'),
    'cluster: a, check_drain_close: true',
  );
  handler.onData(bytes('a'));
  assert.equal(downstream.closed, false);
  server.draining = true;
  handler.onData(bytes('b'));
  assert.deepEqual([downstream.closed, stat('downstream_cx_drain_close')], [true, 1]);
});

test('a client that leaves early lets the upstream have what it sent', () => {
  const cluster = new FakeCluster('a');
  const { handler, stat } = connectionTo(cluster);
  const { transport } = cluster.connections[0]!;
  handler.onData(bytes('more than sixteen bytes'));
  handler.onClose({ by: 'remote' });
  assert.deepEqual([transport.closed, transport.destroyed], [true, false]);
  assert.deepEqual([stat('upstream_flush_total'), stat('upstream_flush_active')], [1, 1]);
  transport.receiver?.onClose({ by: 'local' });
  assert.equal(stat('upstream_flush_active'), 0);
});

test('the longest duration may differ by a share between connections', () => {
  const { downstream, runtime } = connectionTo(
    new FakeCluster('a'),
    'cluster: a, max_downstream_connection_duration: 10s, max_downstream_connection_duration_jitter_percentage: {value: 50}',
    [500_000],
  );
  runtime.timers.advance(12_499);
  assert.equal(downstream.closed, false);
  runtime.timers.advance(1);
  assert.equal(downstream.closed, true);
});

test('what a tcp_proxy does not say has the defaults of Envoy', () => {
  assert.deepEqual(decode('{stat_prefix: t, cluster: a}').config, {
    statPrefix: 't',
    clusters: [{ name: 'a', weight: 1 }],
    idleTimeoutMs: 3_600_000,
    maxConnectAttempts: 1,
    backoff: undefined,
    maxConnectionDurationMs: 0,
    maxConnectionDurationJitter: 0,
    connectOnData: false,
    maxEarlyDataBytes: 0,
    checkDrainClose: false,
    onDemand: undefined,
    accessLogs: [],
    accessLogFlushIntervalMs: 0,
    flushAccessLogOnConnected: false,
    flushAccessLogOnStart: false,
  });
});

test('a tcp_proxy without a cluster is refused', () => {
  assert.match(decode('{stat_prefix: t}').faults.join('\n'), /has no cluster/);
});
