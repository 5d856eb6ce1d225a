import type { Timers } from '@weft/core-runtime';
import type { ReportOutcome, SpanReport, SpanTransport } from '@weft/observe-tracing';
import type { ClusterManager } from '@weft/proxy-filter-api';
import { postJson } from './cluster-post.ts';

/** Spans go through the proxy's own clusters. */
export class ClusterSpanTransport implements SpanTransport {
  private readonly clusters: ClusterManager;
  private readonly timers: Timers;

  constructor(clusters: ClusterManager, timers: Timers) {
    this.clusters = clusters;
    this.timers = timers;
  }

  post(report: SpanReport, done: (outcome: ReportOutcome) => void): void {
    if (this.clusters.get(report.cluster) === undefined) {
      done('no cluster');
      return;
    }
    postJson(this.clusters, this.timers, { ...report, body: Buffer.from(report.body), discardBody: true }, (outcome) =>
      done(typeof outcome === 'string' ? 'failed' : outcome.status),
    );
  }
}
