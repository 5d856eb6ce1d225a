import type {
  ClientStream,
  HeaderMap,
  RequestHeaderMap,
  ResetReason,
  ResponseHeaderMap,
  UpstreamConnectionFacts,
} from '@weft/core-http';
import type { Timer, TimerCallback } from '@weft/core-runtime';
import type { RoutePriority } from '@weft/model-route';
import type {
  Cluster,
  ClusterRequestStats,
  Host,
  HttpPoolCallbacks,
  PoolFailure,
  PoolHandle,
  StreamSpan,
} from '@weft/proxy-filter-api';
import type { RouterFilter } from './router-filter.ts';
import { TcpUpstream } from './tcp-upstream.ts';

/**
 * One attempt to send a request upstream, and what comes back.
 *
 *   waiting (for the pool) -> open -> over
 *   waiting -> over (no connection, or given up)
 *
 * Once it is over it calls its filter no more.
 */
export class UpstreamRequest implements HttpPoolCallbacks, TimerCallback {
  readonly host: Host;
  /** No final response head has come yet. */
  awaitingHeaders = true;
  /** The host said something at all, if only in an interim response. */
  answered = false;
  /** The pool gave it a stream, and it is not over. */
  stream: ClientStream | undefined;
  /** A gRPC answer is under way: its trailers will tell whether it was one. */
  grpcDeferred = false;
  /** The request's head went to an upstream. */
  sent = false;
  private over = false;
  private readonly filter: RouterFilter;
  private readonly stats: ClusterRequestStats;
  private wait: PoolHandle | undefined;
  /** When it began to wait for the pool; -1: it did not. */
  private waitSinceMs = -1;
  span: StreamSpan | undefined;
  private response: ResponseHeaderMap | undefined;
  private perTryTimer: Timer | undefined;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private responseHeld = false;
  private requestHeld = false;
  private tryTimersStarted = false;

  constructor(filter: RouterFilter, cluster: Cluster, host: Host) {
    this.filter = filter;
    this.stats = cluster.requestStats;
    this.host = host;
  }

  start(cluster: Cluster, priority: RoutePriority): void {
    this.span = this.filter.spawnSpan(cluster);
    const { filter, host } = this;
    const wait = filter.terminatesConnect
      ? cluster.newConnection(host, priority, new TcpUpstream(this), filter)
      : cluster.newStream(host, priority, this, filter);
    // A callback may have come already, from inside.
    if (this.over || this.stream !== undefined) return;
    this.wait = wait;
    this.waitSinceMs = filter.router.runtime.clock.nowMs();
  }

  // ---- called by the pool ----

  onPoolReady(stream: ClientStream, host: Host, connection: UpstreamConnectionFacts): void {
    const { filter } = this;
    this.wait = undefined;
    this.stream = stream;
    if (filter.maxDurationMs > 0) this.durationTimer = filter.router.runtime.timers.start(filter.maxDurationMs, this);
    const headers = filter.prepareAttempt(this, host, connection);
    stream.bytes = filter.stream.info.upstreamBytes;
    this.sent = true;
    stream.headers(headers, filter.headersEnd);
    if (!this.over) filter.flushTo(this);
    if (!this.over && filter.requestDone) this.startTryTimers();
  }

  /** How long it waited for the pool until now. */
  get waitedMs(): number {
    return this.waitSinceMs < 0 ? 0 : this.filter.router.runtime.clock.nowMs() - this.waitSinceMs;
  }

  onPoolFailure(failure: PoolFailure): void {
    if (this.over) return;
    this.wait = undefined;
    this.end();
    this.filter.onPoolFailure(this, failure);
  }

  // ---- request, called by the filter ----

  sendData(chunk: Buffer, end: boolean): void {
    const { stream } = this;
    if (stream === undefined || stream.data(chunk, end) || this.requestHeld || this.over) return;
    this.requestHeld = true;
    this.stats.upstreamFlowControlBackedUp.inc();
    this.filter.stream.pauseRequest();
  }

  sendTrailers(trailers: HeaderMap): void {
    this.stream?.trailers(trailers);
  }

  /** The request is complete: what a try may take counts from now, or from when its stream is open. */
  startTryTimers(): void {
    if (this.over || this.stream === undefined || this.tryTimersStarted) return;
    this.tryTimersStarted = true;
    const { perTryMs, perTryIdleMs } = this.filter.times;
    const { timers } = this.filter.router.runtime;
    if (perTryMs > 0) this.perTryTimer = timers.start(perTryMs, this);
    if (perTryIdleMs > 0) this.idleTimer = timers.start(perTryIdleMs, this);
  }

  /** Takes the response's body again, after the client had been slow. */
  resumeResponse(): void {
    if (!this.responseHeld) return;
    this.responseHeld = false;
    this.stats.upstreamFlowControlResumedReading.inc();
    this.stream?.resume();
  }

  holdResponse(): void {
    if (this.responseHeld || this.over) return;
    this.responseHeld = true;
    this.stats.upstreamFlowControlPausedReading.inc();
    this.stream?.pause();
  }

  // ---- response, called by the codec ----

  informational(headers: ResponseHeaderMap): void {
    if (this.over) return;
    this.answered = true;
    this.filter.onUpstreamInformational(headers);
  }

  headers(headers: ResponseHeaderMap, end: boolean): void {
    if (this.over) return;
    this.awaitingHeaders = false;
    this.answered = true;
    this.response = headers;
    this.touch();
    this.filter.onUpstreamHeaders(this, headers, end);
  }

  data(chunk: Buffer, end: boolean): boolean {
    if (this.over) return true;
    this.touch();
    this.filter.onUpstreamData(this, chunk, end);
    return true;
  }

  trailers(trailers: HeaderMap): void {
    if (!this.over) this.filter.onUpstreamTrailers(this, trailers);
  }

  reset(reason: ResetReason): void {
    if (this.over) return;
    this.end();
    this.filter.onUpstreamReset(this, reason, '');
  }

  drained(): void {
    if (!this.requestHeld || this.over) return;
    this.requestHeld = false;
    this.stats.upstreamFlowControlDrained.inc();
    this.filter.stream.resumeRequest();
  }

  // ---- the end ----

  onTimer(timer: Timer): void {
    if (this.over) return;
    if (timer === this.perTryTimer) this.filter.onAttemptLimit(this, 'upstream_per_try_timeout');
    else if (timer === this.durationTimer) this.filter.onAttemptLimit(this, 'upstream_max_stream_duration_reached');
    else this.filter.onAttemptLimit(this, 'upstream_per_try_idle_timeout');
  }

  /** The response is complete. What is left of the request has nobody to read it. */
  complete(): void {
    const { stream } = this;
    const unfinished = !this.filter.requestDone;
    this.end();
    if (unfinished) stream?.reset('local reset');
  }

  /** Gives the attempt up. Does nothing once it is over. */
  abandon(): void {
    if (this.over) return;
    const { stream, wait } = this;
    this.end();
    if (stream !== undefined) {
      stream.reset('local reset');
    } else if (wait !== undefined) {
      this.stats.upstreamRqCancelled.inc();
      wait.cancel();
    }
  }

  private end(): void {
    this.over = true;
    this.stream = undefined;
    this.wait = undefined;
    this.perTryTimer?.cancel();
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    if (this.span !== undefined) {
      const { info, requestHeaders } = this.filter.stream;
      this.span.finish(info, requestHeaders as RequestHeaderMap, this.response);
    }
    if (!this.requestHeld) return;
    // The next attempt has buffers of its own.
    this.requestHeld = false;
    this.filter.stream.resumeRequest();
  }

  private touch(): void {
    if (this.idleTimer === undefined) return;
    this.idleTimer.cancel();
    this.idleTimer = this.filter.router.runtime.timers.start(this.filter.times.perTryIdleMs, this);
  }
}
