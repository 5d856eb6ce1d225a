import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import { socketAddress, type SocketAddress, type StreamInfo } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { DatagramAddress, DatagramOwner } from '@weft/net-udp';
import type { ServerContext } from '@weft/proxy-filter-api';
import { FakeCluster, FakeClusters } from '@weft/proxy-filter-api/testing';
import { createUdpProxyFactory } from './udp-proxy.ts';

const ROUTE_TO_A = `matcher: {on_no_match: {action: {name: route, typed_config:
  {"@type": type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.Route, cluster: a}}}}`;

interface FakeSocket {
  readonly to: string;
  readonly owner: DatagramOwner;
  readonly sent: string[];
  closed: boolean;
}

function decode(yaml: string) {
  const sockets: FakeSocket[] = [];
  const logged: string[] = [];
  const logger = {
    log: ({ accessLogType, downstream, bytesReceived, bytesSent, requestId }: StreamInfo) =>
      logged.push(
        `${accessLogType} ${bytesReceived}/${bytesSent} ${JSON.stringify([...(downstream.metadata ?? [])])} ${requestId}`,
      ),
  };
  const factory = createUdpProxyFactory({
    accessLogs: (configs) => configs.map(() => logger),
    connect: (to: DatagramAddress, owner) => {
      const socket: FakeSocket = { to: `${to.ip}:${to.port}`, owner, sent: [], closed: false };
      sockets.push(socket);
      return {
        localAddress: undefined,
        send: (datagram) => socket.sent.push(datagram.toString()),
        close: () => {
          socket.closed = true;
        },
      };
    },
  });
  const { message, faults } = loadConfig({ text: yaml, file: 'udp.yaml', typeName: factory.typeName });
  const cx = new DecodeContext(sourceNamed('udp.yaml'));
  const config = message && factory.decode(message, cx);
  return {
    factory,
    config,
    sockets,
    logged,
    faults: [...faults, ...cx.faults].map(({ path, message: text }) => `${path}: ${text}`),
  };
}

/** A udp_proxy to the cluster `a`. */
function udpProxy(fields = '', a = new FakeCluster('a', 2)) {
  const { factory, config, faults, sockets, logged } = decode(`{stat_prefix: u, ${ROUTE_TO_A}, ${fields}}`);
  assert.ok(config, faults.join('\n'));
  const runtime = createFakeRuntime();
  const stats = createNullScope();
  const clusters = new FakeClusters(a);
  const server = { runtime, stats, clusters } as unknown as ServerContext;
  const sent: string[] = [];
  const filter = factory.prepare(config, server, { name: 'l', trafficDirection: 'UNSPECIFIED' }).create({
    localAddress: socketAddress('127.0.0.1', 53),
    sendTo: (datagram: Buffer, to: SocketAddress) => sent.push(`${datagram.toString()} to ${to.port}`),
  });
  const from = (port: number, text: string): void =>
    filter.onDatagram(Buffer.from(text), socketAddress('10.9.9.9', port));
  return {
    filter,
    from,
    sent,
    sockets,
    logged,
    runtime,
    clusters,
    a,
    value: (name: string) => stats.counter(name).value,
  };
}

test('each client has a session of its own with one host, and gets its answers', () => {
  const { from, sockets, sent, value } = udpProxy();
  from(1, 'one');
  from(2, 'two');
  from(1, 'more');
  assert.deepEqual(
    sockets.map((socket) => [socket.to, ...socket.sent]),
    [
      ['10.0.0.1:80', 'one', 'more'],
      ['10.0.0.2:80', 'two'],
    ],
  );
  sockets[1]!.owner.onDatagram(Buffer.from('answer'), socketAddress('10.0.0.2', 80));
  assert.deepEqual(sent, ['answer to 2']);
  assert.deepEqual(
    ['downstream_sess_total', 'downstream_sess_active', 'downstream_sess_rx_datagrams', 'downstream_sess_rx_bytes', 'downstream_sess_tx_bytes'].map((name) => value(`udp.u.${name}`)),
    [2, 2, 3, 10, 6],
  ); // prettier-ignore
  assert.deepEqual(
    ['udp.sess_tx_datagrams', 'udp.sess_rx_datagrams', 'upstream_cx_tx_bytes_total', 'upstream_cx_rx_bytes_total'].map((name) => value(`cluster.a.${name}`)),
    [3, 1, 10, 6],
  ); // prettier-ignore
});

test('a session ends when nothing moved for the idle timeout, in either direction', () => {
  const { from, sockets, runtime, value } = udpProxy('idle_timeout: 10s');
  from(1, 'one');
  runtime.timers.advance(9000);
  sockets[0]!.owner.onDatagram(Buffer.from('x'), socketAddress('10.0.0.1', 80));
  runtime.timers.advance(9999);
  assert.equal(sockets[0]!.closed, false);
  runtime.timers.advance(1);
  assert.equal(sockets[0]!.closed, true);
  assert.deepEqual([value('udp.u.idle_timeout'), value('udp.u.downstream_sess_active')], [1, 0]);
  from(1, 'again');
  assert.equal(sockets.length, 2);
});

test('with a host for each packet, clients have a session with each host', () => {
  const { from, sockets } = udpProxy('use_per_packet_load_balancing: true');
  for (const text of ['1', '2', '3']) from(1, text);
  assert.deepEqual(
    sockets.map(({ sent }) => sent),
    [['1', '3'], ['2']],
  );
});

test('datagrams without a route or a host are dropped, and counted', () => {
  const empty = udpProxy('', new FakeCluster('a', 0));
  empty.from(1, 'x');
  assert.equal(empty.a.requestStats.upstreamCxNoneHealthy.value, 1);
  const gone = udpProxy();
  gone.from(1, 'x');
  gone.clusters.remove('a');
  gone.from(1, 'y');
  assert.deepEqual([gone.sockets[0]!.closed, gone.value('udp.u.downstream_sess_no_route')], [true, 1]);
});

test('a session ends when its host leaves the cluster', () => {
  const a = new FakeCluster('a', 2);
  const { from, sockets } = udpProxy('', a);
  from(1, 'x');
  from(2, 'y');
  Object.assign(a, { hosts: a.hosts.slice(1) });
  from(2, 'z');
  assert.deepEqual(
    sockets.map(({ closed }) => closed),
    [true, false],
  );
});

test('errors are counted on their side', () => {
  const { filter, from, sockets, value } = udpProxy('upstream_socket_config: {max_rx_datagram_size: 4}');
  from(1, 'x');
  sockets[0]!.owner.onDatagramError(new Error('ECONNREFUSED'), false);
  sockets[0]!.owner.onDatagramError(new Error('EMSGSIZE'), true);
  sockets[0]!.owner.onDatagram(Buffer.from('longer'), socketAddress('10.0.0.1', 80));
  filter.onReceiveError();
  filter.onSendError();
  assert.deepEqual(
    ['cluster.a.udp.sess_rx_errors', 'cluster.a.udp.sess_tx_errors', 'cluster.a.udp.sess_rx_datagrams_dropped', 'udp.u.downstream_sess_rx_errors', 'udp.u.downstream_sess_tx_errors'].map(value),
    [1, 1, 1, 1, 1],
  ); // prettier-ignore
});

test('lines of log are written for each session, and for the whole at the end', () => {
  const log =
    "{name: f, typed_config: {'@type': type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x}}";
  const { filter, from, runtime, logged } = udpProxy(
    `access_log: [${log}], proxy_access_log: [${log}], access_log_options: {access_log_flush_interval: 5s}`,
  );
  from(1, 'hello');
  runtime.timers.advance(5000);
  filter.close();
  assert.equal(runtime.timers.pending, 0);
  assert.deepEqual(
    logged.map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['UdpPeriodic 5/0', 'UdpSessionEnd 5/0', 'NotSet 0/0'],
  );
  assert.match(logged[1] ?? '', /"udp.proxy.session",\{"cluster_name":"a","bytes_sent":0,"bytes_received":5/);
  assert.match(logged[2] ?? '', /"udp.proxy.proxy".*"session_total":1/);
  const ids = logged.map((line) => line.split(' ').at(-1) ?? '');
  assert.match(ids[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.deepEqual([ids[1], ids[2]], [ids[0], '']);
});

test('what cannot be done yet is refused by name', () => {
  const { config, faults } = decode(
    `{stat_prefix: u, use_original_src_ip: true, matcher: {matcher_list: {matchers: []}}}`,
  );
  assert.equal(config, undefined);
  assert.match(faults.join('\n'), /use_original_src_ip/);
  assert.match(faults.join('\n'), /matcher.matcher_list/);
});
