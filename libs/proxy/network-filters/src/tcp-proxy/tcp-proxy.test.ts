import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import { RecordingTransport } from '@weft/core-bytes/testing';
import { socketAddress } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { ConnectionHandler, ServerContext } from '@weft/proxy-filter-api';
import { FakeCluster, FakeClusters } from '@weft/proxy-filter-api/testing';
import { tcpProxyFactory } from './tcp-proxy.ts';
import type { TcpProxyConfig } from './config.decode.ts';

function decode(yaml: string): { config: TcpProxyConfig | undefined; faults: string[] } {
  const typeName = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  const { message, faults } = loadConfig({ text: yaml, file: 'tcp.yaml', typeName });
  const cx = new DecodeContext(sourceNamed('tcp.yaml'));
  const config = message && tcpProxyFactory.decode(message, cx);
  return { config, faults: [...faults, ...cx.faults].map((fault) => fault.message) };
}

/** One client connection to a tcp_proxy in front of the clusters `a` and `b`. */
function connectionTo(cluster: FakeCluster, fields = '', draws: readonly number[] = [0]) {
  const runtime = createFakeRuntime(draws);
  const stats = createNullScope();
  const other = new FakeCluster('b');
  const server = { runtime, stats, clusters: new FakeClusters(cluster, other) } as unknown as ServerContext;
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
  });
  return { handler, downstream, runtime, other, stat: (name: string) => stats.counter(`tcp.t.${name}`).value };
}

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
  connection?.owner.onPoolReady(connection.transport, connection.host, undefined);
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
  assert.equal(downstream.destroyed, true);
  assert.equal(cluster.requestStats.upstreamCxConnectAttemptsExceeded.value, 1);
});

test('a cluster that is not there, or has no host, closes the connection', () => {
  const unknown = connectionTo(new FakeCluster('a'), 'cluster: nowhere');
  assert.equal(unknown.downstream.destroyed, true);
  assert.equal(unknown.stat('downstream_cx_no_route'), 1);
  const empty = new FakeCluster('a', 0);
  assert.equal(connectionTo(empty).downstream.destroyed, true);
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

test('what a tcp_proxy does not say has the defaults of Envoy', () => {
  assert.deepEqual(decode('{stat_prefix: t, cluster: a}').config, {
    statPrefix: 't',
    clusters: [{ name: 'a', weight: 1 }],
    idleTimeoutMs: 3_600_000,
    maxConnectAttempts: 1,
    maxConnectionDurationMs: 0,
  });
});

test('a tcp_proxy without a cluster is refused', () => {
  assert.match(decode('{stat_prefix: t}').faults.join('\n'), /has no cluster/);
});
