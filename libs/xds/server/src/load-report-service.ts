import type { LoadStatsRequest } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { decodeClusterLoad } from './load-report.decode.ts';
import type { ClusterLoad, LoadReportWish } from './load-report.ts';
import { makeMessage } from './messages.ts';
import type { XdsNode } from './node.ts';
import { reportHandler, type ReportStream } from './report-stream.ts';
import type { Admit } from './stream-context.ts';

export interface LoadReportSink {
  /** A proxy offers its loads. */
  wish(node: XdsNode): LoadReportWish;
  onLoad(node: XdsNode, loads: readonly ClusterLoad[]): void;
}

/** envoy.service.load_stats.v3.LoadReportingService: proxies tell what they sent where. */
export class LoadReportService {
  readonly services: GrpcServices;
  private readonly sink: LoadReportSink;
  private readonly streams = new Set<ReportStream>();

  /** `admit`: who may report for which node. Default: everybody for everybody. */
  constructor(sink: LoadReportSink, admit?: Admit) {
    this.sink = sink;
    const handler = reportHandler<LoadStatsRequest>(
      {
        typeName: 'envoy.service.load_stats.v3.LoadStatsRequest',
        nodeOf: ({ node }) => node,
        onOpen: (stream) => {
          this.streams.add(stream);
          this.ask(stream);
        },
        onMessage: (node, { clusterStats }) => {
          if (clusterStats.length > 0) sink.onLoad(node, clusterStats.map(decodeClusterLoad));
        },
        onClose: (stream) => this.streams.delete(stream),
      },
      admit,
    );
    this.services = new Map([['/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats', handler]]);
  }

  /** The wishes have changed: every proxy is told anew. */
  renew(): void {
    for (const stream of this.streams) this.ask(stream);
  }

  private ask(stream: ReportStream): void {
    const { clusters, intervalMs } = this.sink.wish(stream.node);
    stream.send(
      makeMessage('envoy.service.load_stats.v3.LoadStatsResponse', {
        sendAllClusters: clusters === 'all',
        clusters: clusters === 'all' ? [] : clusters,
        loadReportingInterval: { seconds: BigInt(Math.floor(intervalMs / 1000)), nanos: (intervalMs % 1000) * 1e6 },
      }),
    );
  }
}
