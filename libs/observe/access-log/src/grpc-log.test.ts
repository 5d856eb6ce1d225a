import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { StreamAccessLogsMessage } from '@weft/api-envoy/gen/envoy/service/accesslog/v3/als_pb';
import type { GrpcServerCall } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { ResponseFlag, ResponseHeaderMap, WireBytes } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { GrpcLogs, type GrpcLogConfig } from './grpc-log.ts';
import { finishedStream } from './testing.ts';

function world(more: Partial<GrpcLogConfig> = {}) {
  const heard: StreamAccessLogsMessage[] = [];
  let call: GrpcServerCall | undefined;
  const desc = registry().getMessage('envoy.service.accesslog.v3.StreamAccessLogsMessage')!;
  const grpc = new InMemoryGrpc(
    new Map([
      [
        '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
        (opened: GrpcServerCall) => {
          call = opened;
          return {
            onMessage: (octets: Uint8Array) => void heard.push(fromBinary(desc, octets) as StreamAccessLogsMessage),
            onHalfClose: () => undefined,
            onCancelled: () => undefined,
          };
        },
      ],
    ]),
  );
  const { clock, timers } = createFakeRuntime();
  const stats = createNullScope();
  const logs = new GrpcLogs({ channels: () => grpc, node: { id: 'n' }, clock, timers, stats });
  const sink = logs.open({
    logName: 'log',
    service: { timeoutMs: 0, initialMetadata: [], kind: 'cluster', cluster: 'als', authority: 'als' },
    kind: 'http',
    flushIntervalMs: 1000,
    bufferBytes: 16_384,
    requestHeaders: ['x-a'],
    responseHeaders: ['x-upstream'],
    responseTrailers: [],
    ...more,
  });
  return {
    sink,
    logs,
    grpc,
    count: (name: string) => stats.counter(`access_logs.grpc_access_log.${name}`).value,
    end: () => {
      call?.end();
      grpc.deliver();
    },
    heard: (afterMs = 0) => {
      timers.advance(afterMs);
      grpc.deliver();
      return heard.splice(0);
    },
  };
}

function httpEntries(messages: readonly StreamAccessLogsMessage[]) {
  return messages.flatMap(({ logEntries }) => (logEntries.case === 'httpLogs' ? logEntries.value.logEntry : []));
}

describe('an access log to a server', () => {
  it('tells of a request what is known of it', () => {
    const { sink, heard } = world();
    const stream = finishedStream();
    stream.info.setFlag(ResponseFlag.UpstreamRetryLimitExceeded | ResponseFlag.DnsResolutionFailed);
    sink.log(stream);
    const messages = heard(1000);
    assert.deepEqual(
      [messages[0]?.identifier?.node?.id, messages[0]?.identifier?.logName, messages.length],
      ['n', 'log', 1],
    );
    const [entry] = httpEntries(messages);
    const { commonProperties: common, request, response } = entry!;
    assert.deepEqual(
      [request?.requestMethod, request?.path, request?.authority, request?.userAgent, request?.requestHeaders],
      [3, '/x?y=1', 'shop.example', 'curl/7', { 'x-a': 'abcdef' }],
    );
    assert.deepEqual([response?.responseCode, response?.responseCodeDetails], [200, 'via_upstream']);
    assert.deepEqual(response?.responseHeaders, { 'x-upstream': 'u' });
    assert.deepEqual([common?.routeName, common?.upstreamCluster, entry?.protocolVersion], ['rt', 'up', 2]);
    assert.deepEqual([common?.startTime?.seconds, common?.startTime?.nanos], [1_795_238_677n, 165_000_000]);
    assert.equal(common?.timeToFirstUpstreamRxByte?.nanos, 5_900_000);
    const { upstreamRetryLimitExceeded, dnsResolutionFailure, noRouteFound } = common!.responseFlags!;
    assert.deepEqual([upstreamRetryLimitExceeded, dnsResolutionFailure, noRouteFound], [true, true, false]);
  });

  it('tells what a request cost on the wire', () => {
    const { sink, heard } = world();
    const stream = finishedStream();
    stream.info.downstreamBytes = Object.assign(new WireBytes(), {
      sent: 1,
      received: 2,
      headerSent: 3,
      headerReceived: 4,
    });
    stream.info.upstreamBytes = Object.assign(new WireBytes(), {
      sent: 5,
      received: 6,
      headerSent: 7,
      headerReceived: 8,
    });
    sink.log(stream);
    const { commonProperties: common, request, response } = httpEntries(heard(1000))[0]!;
    assert.deepEqual([common?.downstreamWireBytesSent, common?.downstreamWireBytesReceived], [1n, 2n]);
    assert.deepEqual([common?.upstreamWireBytesSent, common?.upstreamWireBytesReceived], [5n, 6n]);
    assert.deepEqual([response?.downstreamHeaderBytesSent, request?.downstreamHeaderBytesReceived], [3n, 4n]);
    assert.deepEqual([request?.upstreamHeaderBytesSent, response?.upstreamHeaderBytesReceived], [7n, 8n]);
  });

  it('tells of a connection how many bytes it carried', () => {
    const { sink, heard } = world({ kind: 'tcp' });
    sink.log(finishedStream());
    const { logEntries } = heard(1000)[0]!;
    assert.ok(logEntries.case === 'tcpLogs');
    const [entry] = logEntries.value.logEntry;
    assert.deepEqual([entry?.connectionProperties?.receivedBytes, entry?.connectionProperties?.sentBytes], [4n, 5n]);
  });

  it('sends what came within the interval at once, and says once who it is', () => {
    const { sink, heard, count } = world();
    for (let i = 0; i < 3; i += 1) sink.log(finishedStream());
    assert.deepEqual(heard(999), []);
    const messages = heard(1);
    assert.deepEqual([messages.length, httpEntries(messages).length, count('logs_written')], [1, 3, 3]);
    sink.log(finishedStream());
    const [next] = heard(1000);
    assert.equal(next?.identifier, undefined);
  });

  it('sends as soon as its buffer is full', () => {
    const { sink, heard } = world({ bufferBytes: 600 });
    sink.log(finishedStream());
    assert.deepEqual(heard(), []);
    for (let i = 0; i < 3; i += 1) sink.log(finishedStream());
    assert.equal(httpEntries(heard()).length > 1, true);
    const each = world({ bufferBytes: 0 });
    each.sink.log(finishedStream());
    assert.equal(each.heard().length, 1);
  });

  it('drops what a full buffer has no room for while the server is away, and goes on when it is back', () => {
    const { sink, heard, end, count, grpc } = world({ bufferBytes: 300 });
    sink.log(finishedStream());
    sink.log(finishedStream());
    heard();
    grpc.setUp(false);
    end();
    for (let i = 0; i < 5; i += 1) sink.log(finishedStream());
    assert.equal(count('logs_dropped') > 0, true);
    grpc.setUp(true);
    const [first] = heard(1000);
    assert.equal(first?.identifier?.logName, 'log');
    assert.equal(httpEntries([first!]).length + count('logs_dropped'), 5);
  });

  it('sends what waits when it is closed', () => {
    const { sink, logs, heard } = world();
    sink.log({ ...finishedStream(), response: new ResponseHeaderMap(204) });
    logs.close();
    assert.equal(httpEntries(heard()).length, 1);
  });
});
