import { RequestHeaderMap, ResponseHeaderMap, StreamInfo, socketAddress } from '@weft/core-http';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import { FakeRandom, FakeTime } from '@weft/core-runtime/testing';
import type { AccessLogContext, LineSink } from './access-log.ts';
import type { LoggedStream } from './operator.ts';

/** A request for /x?y=1 that an upstream answered with 200 after 6 ms. */
export function finishedStream(): LoggedStream {
  const downstream = {
    id: 7,
    localAddress: socketAddress('127.0.0.1', 28200),
    directRemoteAddress: socketAddress('10.0.0.1', 45380),
    tls: false,
    requestedServerName: '',
  };
  // 2026-11-21T05:24:37.165Z
  const info = new StreamInfo(downstream, 100, 1_795_238_677_165);
  info.remoteAddress = socketAddress('2001:db8::1', 0);
  info.responseCode = 200;
  info.responseCodeDetails = 'via_upstream';
  info.bytesReceived = 4;
  info.bytesSent = 5;
  info.routeName = 'rt';
  info.upstreamCluster = 'up';
  info.upstreamHost = socketAddress('127.0.0.1', 28281);
  info.upstreamLocalAddress = socketAddress('127.0.0.1', 45328);
  info.upstreamHostName = 'hh';
  info.attemptCount = 1;
  info.requestId = '017ef860-c482-4846-8a2d-001dbac8016d';
  info.requestCompleteMs = 100.4;
  info.firstUpstreamTxMs = 101;
  info.lastUpstreamTxMs = 101.5;
  info.firstUpstreamRxMs = 105.9;
  info.lastUpstreamRxMs = 106;
  info.firstDownstreamTxMs = 106;
  info.endMs = 106.2;
  const request = new RequestHeaderMap('POST', '/x?y=1', 'shop.example', [
    'x-a',
    'abcdef',
    'x-b',
    'bbb',
    'user-agent',
    'curl/7',
  ]);
  return { info, request, response: new ResponseHeaderMap(200, ['x-upstream', 'u']), trailers: undefined };
}

/** A sink in memory. */
export class MemorySink implements LineSink {
  readonly lines: string[] = [];
  write(line: string): void {
    this.lines.push(line);
  }
}

export interface FakeAccessLogContext extends AccessLogContext {
  readonly sinks: Map<string, MemorySink>;
}

/** The outside world of access logs: files in memory, a host called `vm`, runtime keys as given. */
export function fakeContext(values: Readonly<Record<string, number>> = {}): FakeAccessLogContext {
  const sinks = new Map<string, MemorySink>();
  const flags: RuntimeSnapshot = {
    get: (key) => values[key]?.toString(),
    integer: (key, otherwise) => values[key] ?? otherwise,
    boolean: (_key, otherwise) => otherwise,
    enabled: (key, otherwise, draw) => draw % otherwise.denominator < (values[key] ?? otherwise.numerator),
  };
  return {
    sinks,
    flags,
    clock: new FakeTime(),
    random: new FakeRandom([0xab]),
    hostname: 'vm',
    environment: (name) => (name === 'HOME' ? '/root' : undefined),
    open(path) {
      const sink = sinks.get(path) ?? new MemorySink();
      sinks.set(path, sink);
      return sink;
    },
  };
}
