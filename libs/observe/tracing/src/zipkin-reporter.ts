import { after, type RuntimeSnapshot, type Timer, type Timers } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { ZipkinConfig } from './config.ts';
import { endpointJson, spanJson, type LocalEndpoint, type ReportedSpan } from './zipkin-json.ts';

/** One POST of spans to the collector. */
export interface SpanReport {
  readonly cluster: string;
  readonly host: string;
  readonly path: string;
  /** JSON, to be sent as UTF-8 with `content-type: application/json`. */
  readonly body: string;
  readonly timeoutMs: number;
}

/** The status of the answer; `no cluster`: there is no such cluster; `failed`: none came (reset, timeout, no host). */
export type ReportOutcome = number | 'no cluster' | 'failed';

/** How reports reach the collector. The proxy implements it over its clusters. */
export interface SpanTransport {
  /** Sends one report; calls `done` once, now or later. */
  post(report: SpanReport, done: (outcome: ReportOutcome) => void): void;
}

/** What a finished span goes to. */
export interface SpanReporter {
  report(span: ReportedSpan): void;
}

export interface ReporterContext {
  readonly timers: Timers;
  readonly flags: RuntimeSnapshot;
  /** The root of all stat names. */
  readonly stats: StatsScope;
  readonly endpoint: LocalEndpoint;
  readonly transport: SpanTransport;
}

/** Reports on their way at a time. A collector that hangs costs this much memory and no more. */
const MAX_REPORTS_IN_FLIGHT = 32;

/**
 * Collects finished spans and posts them, every few spans (runtime key `tracing.zipkin.min_flush_spans`, default 5) and
 * every few seconds (`tracing.zipkin.flush_interval_ms`, default 5000). What cannot be delivered is counted and dropped.
 */
export class ZipkinReporter implements SpanReporter {
  private readonly config: ZipkinConfig;
  private readonly context: ReporterContext;
  private readonly endpoint: string;
  private readonly stats: ReporterStats;
  private body = '';
  private pending = 0;
  private inFlight = 0;
  private timer: Timer | undefined;

  constructor(config: ZipkinConfig, context: ReporterContext) {
    this.config = config;
    this.context = context;
    this.endpoint = endpointJson(context.endpoint);
    this.stats = reporterStats(context.stats);
    this.startTimer();
  }

  report(span: ReportedSpan): void {
    this.body += `${this.pending === 0 ? '[' : ','}${spanJson(span, this.endpoint)}`;
    this.pending += 1;
    if (this.pending >= this.context.flags.integer('tracing.zipkin.min_flush_spans', 5)) this.flush();
  }

  /** Posts what is there. */
  flush(): void {
    if (this.pending === 0) return;
    const body = `${this.body}]`;
    this.stats.spansSent.add(this.pending);
    this.body = '';
    this.pending = 0;
    if (this.inFlight >= MAX_REPORTS_IN_FLIGHT) {
      this.stats.reportsDropped.inc();
      return;
    }
    this.inFlight += 1;
    const { collectorCluster: cluster, collectorHostname: host, collectorEndpoint: path } = this.config;
    const timeoutMs = this.context.flags.integer('tracing.zipkin.request_timeout', 5000);
    this.context.transport.post({ cluster, host, path, body, timeoutMs }, (outcome) => this.done(outcome));
  }

  /** Posts what is there and stops the clockwork. */
  close(): void {
    this.timer?.cancel();
    this.flush();
  }

  private done(outcome: ReportOutcome): void {
    this.inFlight -= 1;
    if (outcome === 202) this.stats.reportsSent.inc();
    else if (outcome === 'no cluster') this.stats.reportsSkippedNoCluster.inc();
    else if (outcome === 'failed') this.stats.reportsFailed.inc();
    else this.stats.reportsDropped.inc();
  }

  private startTimer(): void {
    this.timer = after(
      this.context.timers,
      this.context.flags.integer('tracing.zipkin.flush_interval_ms', 5000),
      () => {
        this.stats.timerFlushed.inc();
        this.flush();
        this.startTimer();
      },
    );
  }
}

interface ReporterStats {
  readonly spansSent: Counter;
  readonly timerFlushed: Counter;
  readonly reportsSkippedNoCluster: Counter;
  readonly reportsSent: Counter;
  readonly reportsDropped: Counter;
  readonly reportsFailed: Counter;
}

function reporterStats(root: StatsScope): ReporterStats {
  const scope = root.scope('tracing.zipkin.');
  return {
    spansSent: scope.counter('spans_sent'),
    timerFlushed: scope.counter('timer_flushed'),
    reportsSkippedNoCluster: scope.counter('reports_skipped_no_cluster'),
    reportsSent: scope.counter('reports_sent'),
    reportsDropped: scope.counter('reports_dropped'),
    reportsFailed: scope.counter('reports_failed'),
  };
}
