import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import { ANY_HOST, type PoolFailure, type TcpPoolCallbacks } from '@weft/proxy-filter-api';
import { ScriptedUpstream, testCluster } from './testing.ts';

let upstream: ScriptedUpstream;
beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(() => upstream.close());

class Client implements TcpPoolCallbacks, TransportReceiver {
  transport: Transport | undefined;
  failure: PoolFailure | undefined;
  text = '';
  ended = false;
  closed: TransportClose | undefined;
  private waiting: (() => void)[] = [];

  onPoolReady(transport: Transport): void {
    this.transport = transport;
    transport.setReceiver(this);
    this.wake();
  }
  onPoolFailure(failure: PoolFailure): void {
    this.failure = failure;
    this.wake();
  }
  onData(chunk: Buffer): void {
    this.text += chunk.toString();
    this.wake();
  }
  onEnd(): void {
    this.ended = true;
    this.wake();
  }
  onDrain(): void {
    this.wake();
  }
  onClose(close: TransportClose): void {
    this.closed = close;
    this.wake();
  }
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}

test('raw bytes go both ways on a connection of their own, and are counted', async () => {
  const { cluster, stat } = testCluster([upstream.port]);
  const client = new Client();
  cluster.newConnection(cluster.pick(ANY_HOST)!, 'default', client);
  assert.equal(stat('upstream_rq_pending_active'), 1);
  await client.until(() => client.transport !== undefined);
  client.transport?.write(Buffer.from('ping'));
  const socket = await upstream.connection(0);
  assert.equal(String((await once(socket, 'data'))[0]), 'ping');
  socket.end('pong!');
  await client.until(() => client.ended);
  assert.equal(client.text, 'pong!');
  client.transport?.end();
  await client.until(() => client.closed !== undefined);
  assert.deepEqual(
    [
      'upstream_cx_tx_bytes_total',
      'upstream_cx_rx_bytes_total',
      'upstream_cx_active',
      'upstream_rq_pending_active',
      'upstream_rq_total',
      'upstream_rq_active',
    ].map(stat),
    [4, 5, 0, 0, 1, 0],
  );
});

test('connections above the limit are refused', async () => {
  const { cluster, stat } = testCluster([upstream.port], 'circuit_breakers: {thresholds: [{max_connections: 1}]}');
  const [first, second] = [new Client(), new Client()];
  const handle = cluster.newConnection(cluster.pick(ANY_HOST)!, 'default', first);
  cluster.newConnection(cluster.pick(ANY_HOST)!, 'default', second);
  assert.equal(second.failure?.reason, 'overflow');
  assert.equal(stat('upstream_cx_overflow'), 1);
  handle?.cancel();
  assert.equal(stat('circuit_breakers.default.cx_open'), 0);
});

test('a host that refuses is a failure with its reason', async () => {
  const { port } = upstream;
  await upstream.close();
  const { cluster, stat } = testCluster([port]);
  const client = new Client();
  cluster.newConnection(cluster.pick(ANY_HOST)!, 'default', client);
  await client.until(() => client.failure !== undefined);
  upstream = await ScriptedUpstream.start();
  assert.equal(client.failure?.reason, 'remote connection failure');
  assert.deepEqual(['upstream_cx_connect_fail', 'upstream_cx_active'].map(stat), [1, 0]);
});

test('what was sent is counted while the connection lasts, and it counts as a request', async () => {
  const { cluster, stat } = testCluster([upstream.port], 'circuit_breakers: {thresholds: [{max_requests: 1}]}');
  const [first, second] = [new Client(), new Client()];
  cluster.newConnection(cluster.pick(ANY_HOST)!, 'default', first);
  await first.until(() => first.transport !== undefined);
  first.transport?.write(Buffer.from('12345'));
  assert.deepEqual(['upstream_cx_tx_bytes_total', 'upstream_rq_active'].map(stat), [5, 1]);
  cluster.newConnection(cluster.pick(ANY_HOST)!, 'default', second);
  await second.until(() => second.failure !== undefined);
  assert.equal(second.failure?.reason, 'overflow');
  assert.equal(stat('upstream_rq_active_overflow'), 1);
});
