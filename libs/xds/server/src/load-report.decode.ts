import type { ClusterStats } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/load_report_pb';
import type { ClusterLoad } from './load-report.ts';
import { decodeLocality } from './node.decode.ts';

export function decodeClusterLoad(stats: ClusterStats): ClusterLoad {
  const { loadReportInterval: interval } = stats;
  return {
    cluster: stats.clusterName,
    serviceName: stats.clusterServiceName,
    localities: stats.upstreamLocalityStats.map((load) => ({
      locality: decodeLocality(load.locality),
      priority: load.priority,
      succeeded: Number(load.totalSuccessfulRequests),
      inProgress: Number(load.totalRequestsInProgress),
      failed: Number(load.totalErrorRequests),
      issued: Number(load.totalIssuedRequests),
    })),
    dropped: Number(stats.totalDroppedRequests),
    droppedByCategory: Object.fromEntries(
      stats.droppedRequests.map(({ category, droppedCount }) => [category, Number(droppedCount)]),
    ),
    intervalMs: interval === undefined ? 0 : Number(interval.seconds) * 1000 + interval.nanos / 1e6,
  };
}
