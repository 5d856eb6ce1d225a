import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { LoadStatsRequest } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import type { GrpcServerCall } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { LoadCounter, type ReportedCluster } from './load-counter.ts';
import { LoadReporter } from './load-reporter.ts';
import { service } from './world.testing.ts';

const PACKAGE = 'envoy.service.load_stats.v3.';

function world() {
  const heard: LoadStatsRequest[] = [];
  let call: GrpcServerCall | undefined;
  let streams = 0;
  const grpc = new InMemoryGrpc(
    new Map([
      [
        `/${PACKAGE}LoadReportingService/StreamLoadStats`,
        (opened: GrpcServerCall) => {
          call = opened;
          streams += 1;
          return {
            onMessage: (octets: Uint8Array) => {
              heard.push(fromBinary(registry().getMessage(`${PACKAGE}LoadStatsRequest`)!, octets) as LoadStatsRequest);
            },
            onHalfClose: () => undefined,
            onCancelled: () => undefined,
          };
        },
      ],
    ]),
  );
  const runtime = createFakeRuntime();
  const stats = createNullScope();
  const host = (zone: string) => ({
    locality: { region: 'r', zone, subZone: '' },
    priority: 0,
    address: { ip: '10.0.0.1', port: 80 },
    stats: { rqSuccess: 0, rqError: 0, rqActive: 0, rqTotal: 0 },
  });
  const hosts = [host('a'), host('a'), host('b')];
  const clusters: ReportedCluster[] = [
    { name: 'c', serviceName: 'svc', hosts, dropped: 13, droppedByCategory: new Map([['constructor', 10]]) },
    { name: 'd', serviceName: '', hosts: [], dropped: 0, droppedByCategory: new Map() },
  ];
  const reporter = new LoadReporter({
    config: { grpcServices: [service('lrs')] },
    node: { id: 'n', cluster: 'k', locality: undefined, metadata: undefined, version: '1.0.0' },
    channels: () => grpc,
    runtime,
    stats,
    loads: new LoadCounter(runtime.clock, () => clusters),
  });
  reporter.start();
  grpc.deliver();
  return {
    hosts,
    clusters,
    runtime,
    reporter,
    grpc,
    streams: () => streams,
    count: (name: string) => stats.counter(`load_reporter.${name}`).value,
    ask: (fields: object) => {
      const desc = registry().getMessage(`${PACKAGE}LoadStatsResponse`)!;
      call?.send(toBinary(desc, create(desc, fields as Record<string, unknown>)));
      grpc.deliver();
    },
    end: () => {
      call?.end();
      grpc.deliver();
    },
    advance: (ms: number) => {
      runtime.timers.advance(ms);
      grpc.deliver();
    },
    heard: () => heard.splice(0),
  };
}

/** `zone success/error/active/issued` of a report's localities. */
function loads({ clusterStats }: LoadStatsRequest): string[] {
  return clusterStats.flatMap(({ clusterName, upstreamLocalityStats }) =>
    upstreamLocalityStats.map(
      (one) =>
        `${clusterName} ${one.locality?.zone} ${one.totalSuccessfulRequests}/${one.totalErrorRequests}/` +
        `${one.totalRequestsInProgress}/${one.totalIssuedRequests}`,
    ),
  );
}

describe('a load reporter', () => {
  it('says first who it is, and nothing more before it is asked', () => {
    const { heard, advance, count } = world();
    const [first, ...more] = heard();
    assert.deepEqual([first?.node?.id, first?.clusterStats, more], ['n', [], []]);
    assert.ok(first?.node?.clientFeatures.includes('envoy.lrs.supports_send_all_clusters'));
    advance(600_000);
    assert.deepEqual(heard(), []);
    assert.deepEqual([count('responses'), count('requests')], [1, 0]);
  });

  it('tells by locality what happened since the last report', () => {
    const { hosts, ask, advance, heard } = world();
    heard();
    Object.assign(hosts[0]!.stats, { rqSuccess: 9, rqTotal: 9 });
    ask({ clusters: ['c'], loadReportingInterval: { seconds: 2n, nanos: 0 } });
    Object.assign(hosts[0]!.stats, { rqSuccess: 10, rqTotal: 12, rqActive: 1, rqError: 1 });
    Object.assign(hosts[1]!.stats, { rqSuccess: 4, rqTotal: 4 });
    advance(2000);
    const [report] = heard();
    assert.deepEqual(loads(report!), ['c a 5/1/1/7']);
    const [cluster] = report!.clusterStats;
    assert.deepEqual([cluster?.clusterServiceName, cluster?.totalDroppedRequests], ['svc', 0n]);
    assert.deepEqual([cluster?.loadReportInterval?.seconds, report!.clusterStats.length], [2n, 1]);
    Object.assign(hosts[0]!.stats, { rqActive: 0 });
    Object.assign(hosts[2]!.stats, { rqError: 2, rqTotal: 2 });
    advance(2000);
    assert.deepEqual(loads(heard()[0]!), ['c b 0/2/0/2']);
  });

  it('tells of all clusters, of dropped requests and of endpoints where it is asked to', () => {
    const { hosts, clusters, ask, advance, heard } = world();
    heard();
    ask({ sendAllClusters: true, reportEndpointGranularity: true, loadReportingInterval: { seconds: 1n, nanos: 0 } });
    clusters[0] = {
      ...clusters[0]!,
      dropped: 15,
      droppedByCategory: new Map([
        ['constructor', 14],
        ['new', 1],
      ]),
    };
    Object.assign(hosts[0]!.stats, { rqSuccess: 1, rqTotal: 1 });
    advance(1000);
    const [report] = heard();
    assert.deepEqual(
      report!.clusterStats.map(({ clusterName, totalDroppedRequests }) => [clusterName, totalDroppedRequests]),
      [
        ['c', 2n],
        ['d', 0n],
      ],
    );
    assert.deepEqual(
      report!.clusterStats[0]!.droppedRequests.map(({ category, droppedCount }) => [category, droppedCount]),
      [
        ['constructor', 4n],
        ['new', 1n],
      ],
    );
    const [locality] = report!.clusterStats[0]!.upstreamLocalityStats;
    assert.equal(locality?.upstreamEndpointStats.length, 1);
    assert.equal(locality?.upstreamEndpointStats[0]?.totalSuccessfulRequests, 1n);
  });

  it('begins again after the stream ended, and loses nothing that was counted', () => {
    const { hosts, ask, advance, end, heard, streams, count } = world();
    ask({ clusters: ['c'], loadReportingInterval: { seconds: 1n, nanos: 0 } });
    heard();
    end();
    Object.assign(hosts[0]!.stats, { rqSuccess: 1, rqTotal: 1 });
    advance(30_000);
    assert.deepEqual([streams(), count('errors'), count('retries'), heard().length], [2, 1, 1, 1]);
    ask({ clusters: ['c'], loadReportingInterval: { seconds: 1n, nanos: 0 } });
    advance(1000);
    assert.deepEqual(loads(heard()[0]!), ['c a 1/0/0/1']);
  });
});
