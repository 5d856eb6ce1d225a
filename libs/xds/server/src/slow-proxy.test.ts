import type { GrpcServerCall, GrpcStatus } from '@weft/core-grpc';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiscoveryResponse } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import { Snapshot, SnapshotCache, TYPE_URL, XdsServer } from './index.ts';
import { makeMessage, readMessage, writeMessage } from './messages.ts';
import { testCluster, testListener, testRoute } from './testing.ts';

/** A caller that takes nothing off its connection until it says so. */
class SlowCall implements GrpcServerCall {
  readonly metadata = [];
  readonly peerAddress = '127.0.0.1:1';
  readonly peerCertificate = undefined;
  readonly sent: DiscoveryResponse[] = [];
  status: GrpcStatus | undefined;

  send(message: Uint8Array): boolean {
    const response = readMessage<DiscoveryResponse>('envoy.service.discovery.v3.DiscoveryResponse', message);
    if (response !== undefined) this.sent.push(response);
    return false;
  }
  end(status?: GrpcStatus): void {
    this.status = status;
  }
}

test('a proxy that does not read makes the server hold one response, and gets the newest state when it reads again', () => {
  const runtime = createFakeRuntime();
  const cache = new SnapshotCache();
  const server = new XdsServer({ cache, runtime });
  const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
  const call = new SlowCall();
  const receiver = server.services.get(path)?.(call);
  assert.ok(receiver !== undefined);
  const ask = (fields: object): void =>
    receiver.onMessage(writeMessage(makeMessage('envoy.service.discovery.v3.DiscoveryRequest', fields)));
  const publish = (mark: number): void => {
    cache.set('proxy-1', Snapshot.of([testCluster('a', mark), testListener('web', 'web'), testRoute('web', 'a')]));
    runtime.timers.advance(1000);
  };
  publish(1);
  for (const typeUrl of [TYPE_URL.cluster, TYPE_URL.listener]) ask({ node: { id: 'proxy-1' }, typeUrl });
  for (let mark = 2; mark < 100; mark += 1) publish(mark);
  // Not even one who makes up acknowledgements of what it has not read is sent more.
  const { nonce = '', versionInfo = '' } = call.sent[0] ?? {};
  ask({ typeUrl: TYPE_URL.cluster, responseNonce: nonce, versionInfo });
  publish(100);
  assert.equal(call.sent.length, 1);
  receiver.onDrain?.();
  assert.deepEqual(
    call.sent.map(({ typeUrl }) => typeUrl),
    [TYPE_URL.cluster, TYPE_URL.cluster],
  );
  assert.equal(call.sent[1]?.versionInfo, Snapshot.of([testCluster('a', 100)]).resources(TYPE_URL.cluster).version);
  receiver.onCancelled();
});
