import {
  RequestHeaderMap,
  type ClientStream,
  type HeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
} from '@weft/core-http';
import type { Timer, Timers } from '@weft/core-runtime';
import type { ReportOutcome, SpanReport, SpanTransport } from '@weft/observe-tracing';
import type { ClusterManager, HttpPoolCallbacks, LoadBalancerContext, PoolHandle } from '@weft/proxy-filter-api';

const ANY_HOST: LoadBalancerContext = {
  hashKey: () => undefined,
  shouldSelectAnotherHost: () => false,
  hostSelectionRetries: 0,
};

/** Posts spans through the proxy's own clusters, so that the collector's name, TLS and limits are those configured. */
export class ClusterSpanTransport implements SpanTransport {
  private readonly clusters: ClusterManager;
  private readonly timers: Timers;

  constructor(clusters: ClusterManager, timers: Timers) {
    this.clusters = clusters;
    this.timers = timers;
  }

  post(report: SpanReport, done: (outcome: ReportOutcome) => void): void {
    const cluster = this.clusters.get(report.cluster);
    if (cluster === undefined) {
      done('no cluster');
      return;
    }
    const host = cluster.pick(ANY_HOST);
    if (host === undefined) {
      done('failed');
      return;
    }
    const call = new Post(report, this.timers, done);
    call.waitFor(cluster.newStream(host, 'default', call));
  }
}

/** One report under way: waiting -> sent -> done. */
class Post implements HttpPoolCallbacks {
  private readonly report: SpanReport;
  private readonly finish: (outcome: ReportOutcome) => void;
  private readonly timer: Timer;
  private waiting: PoolHandle | undefined;
  private stream: ClientStream | undefined;
  private status = 0;
  private over = false;

  constructor(report: SpanReport, timers: Timers, finish: (outcome: ReportOutcome) => void) {
    this.report = report;
    this.finish = finish;
    this.timer = timers.start(report.timeoutMs, this);
  }

  waitFor(handle: PoolHandle | undefined): void {
    if (!this.over && this.stream === undefined) this.waiting = handle;
  }

  onPoolReady(stream: ClientStream): void {
    this.stream = stream;
    const { path, host, cluster, body } = this.report;
    const bytes = Buffer.from(body);
    const headers = new RequestHeaderMap('POST', path, host || cluster, [
      'content-type',
      'application/json',
      'content-length',
      String(bytes.length),
    ]);
    stream.headers(headers, false);
    stream.data(bytes, true);
  }
  onPoolFailure(): void {
    this.done('failed');
  }
  onTimer(): void {
    this.waiting?.cancel();
    this.stream?.reset('local reset');
    this.done('failed');
  }

  informational(): void {
    // A collector's 1xx says nothing that matters here.
  }
  headers(headers: ResponseHeaderMap, end: boolean): void {
    this.status = headers.status;
    if (end) this.done(this.status);
  }
  data(_chunk: Buffer, end: boolean): boolean {
    if (end) this.done(this.status);
    return true;
  }
  trailers(_trailers: HeaderMap): void {
    this.done(this.status);
  }
  reset(_reason: ResetReason): void {
    this.done('failed');
  }
  drained(): void {
    // The whole body went out at once.
  }

  private done(outcome: ReportOutcome): void {
    if (this.over) return;
    this.over = true;
    this.timer.cancel();
    this.finish(outcome);
  }
}
