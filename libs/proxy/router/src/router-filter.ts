import {
  ResponseFlag,
  type HeaderMap,
  type RequestHeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
  type UpstreamConnectionFacts,
} from '@weft/core-http';
import type { Timer, TimerCallback } from '@weft/core-runtime';
import { applyMutations, hasEnvoyHeaders, mayRetry, retryPolicyOf, takeOverrides } from '@weft/model-policy';
import { isGrpc, type ForwardAction, type ResolvedRoute } from '@weft/model-route';
import {
  STOP,
  type Cluster,
  type FilterStream,
  type Host,
  type HttpFilter,
  type LoadBalancerContext,
  type PoolFailure,
  type StreamSpan,
} from '@weft/proxy-filter-api';
import { countLimit, limitReply, type AttemptLimit } from './attempt-limit.ts';
import { chargeGrpcHead, chargeGrpcTrailers, chargeHost } from './charge-host.ts';
import { answerWithoutUpstream, sendReply, type RouterReply } from './answers.ts';
import type { PreparedRouter } from './prepared.ts';
import { RequestBody } from './request-body.ts';
import { changeHost, finalizeRequestHead } from './request-head.ts';
import { requestTimes, setExpectedTimeout, type RequestTimes } from './request-times.ts';
import { resetReply } from './reset-reply.ts';
import { RetryState, type RetryVerdict } from './retry-state.ts';
import { endsHere } from './tcp-upstream.ts';
import { forgetAttempt, noteAttempt } from './stream-notes.ts';
import { UpstreamRequest } from './upstream-request.ts';

const NO_TIMES: RequestTimes = { globalMs: 0, perTryMs: 0, perTryIdleMs: 0 };

/**
 * The router: takes one request from the filters before it, finds it a host, and sends back what the host answers, or
 * says why it cannot. Source: Envoy's Router::Filter.
 *
 *   attempt -> (response started) -> over
 *   attempt -> waiting for a retry -> attempt …
 */
export class RouterFilter implements HttpFilter, LoadBalancerContext, TimerCallback {
  readonly router: PreparedRouter;
  readonly stream: FilterStream;
  times = NO_TIMES;
  /** Of one attempt; 0 is "no limit". */
  maxDurationMs = 0;
  /** The last byte or trailer of the request arrived. */
  requestDone = false;
  private readonly body = new RequestBody();
  private resolved: ResolvedRoute | undefined;
  private cluster: Cluster | undefined;
  private upstream: UpstreamRequest | undefined;
  private retry: RetryState | undefined;
  private grpc = false;
  private attempts = 0;
  private isRetry = false;
  /** Any part of the request went to an upstream. */
  private requestSent = false;
  private responseStarted = false;
  private over = false;
  timeoutStatus = 504;
  private responseTimer: Timer | undefined;
  private retryTimer: Timer | undefined;

  constructor(router: PreparedRouter, stream: FilterStream) {
    this.router = router;
    this.stream = stream;
  }

  // ---- request, called by the filter chain ----

  onRequestHeaders(headers: RequestHeaderMap, end: boolean): typeof STOP {
    const { router, stream } = this;
    router.routerStats.rqTotal.inc();
    this.requestDone = end;
    const { route } = stream;
    this.resolved = route;
    const cluster = answerWithoutUpstream(router, stream, headers);
    if (cluster === undefined || route === undefined) {
      this.over = true;
      return STOP;
    }
    this.cluster = cluster;
    stream.info.noteCluster(cluster);
    const action = route.action as ForwardAction;
    const overrides = hasEnvoyHeaders(headers) ? takeOverrides(headers) : undefined;
    this.times = requestTimes(action, headers, overrides, router.config.respectExpectedRqTimeout);
    this.maxDurationMs = overrides?.streamDurationMs ?? cluster.maxStreamDurationMs;
    if (overrides?.timeoutIsNoContent === true) this.timeoutStatus = 204;
    const policy = retryPolicyOf(action.retryPolicy, overrides);
    if (policy !== undefined && mayRetry(policy, headers))
      this.retry = new RetryState(router, policy, cluster, action.priority);
    this.attempts = 1;
    stream.info.attemptCount = 1;
    this.grpc = isGrpc(headers);
    this.tellTimeout(headers, 0);
    if (route.virtualHost.includeRequestAttemptCount) headers.set('x-envoy-attempt-count', '1');
    finalizeRequestHead(headers, route, stream, router.config.suppressEnvoyHeaders);
    this.startAttempt(cluster);
    if (end) this.onRequestComplete();
    return STOP;
  }

  onRequestData(chunk: Buffer, end: boolean): typeof STOP {
    if (this.over) return STOP;
    if (end) this.requestDone = true;
    const { upstream, body } = this;
    if (this.retry !== undefined && body.bytes + chunk.length > this.retryLimitBytes && !this.abandonRetries())
      return STOP;
    const open = upstream?.stream !== undefined;
    if (this.retry !== undefined || !open) body.push(chunk);
    if (open) upstream.sendData(chunk, end);
    else if (body.bytes > this.stream.bufferLimitBytes) body.hold(this.stream);
    if (end) this.onRequestComplete();
    return STOP;
  }

  onRequestTrailers(trailers: HeaderMap): typeof STOP {
    if (this.over) return STOP;
    this.requestDone = true;
    this.body.trailers = trailers;
    this.upstream?.sendTrailers(trailers);
    this.onRequestComplete();
    return STOP;
  }

  onDownstreamDrained(): void {
    this.upstream?.resumeResponse();
  }

  onDestroy(): void {
    this.cleanup();
    this.upstream?.abandon();
    this.upstream = undefined;
  }

  // ---- host selection, called by the load balancer ----

  hashKey(): undefined {
    return undefined;
  }
  shouldSelectAnotherHost(host: Host): boolean {
    return this.isRetry && this.retry !== undefined && this.retry.wasTried(host);
  }
  get hostSelectionRetries(): number {
    return this.isRetry ? (this.retry?.policy.hostSelectionMaxAttempts ?? 1) : 1;
  }

  // ---- one attempt, called by the upstream request ----

  /** True for a CONNECT that ends here: its bytes go upstream as they are. */
  get terminatesConnect(): boolean {
    return endsHere(this.stream.requestHeaders, this.resolved?.action as ForwardAction);
  }

  /** True if nothing comes after the request's head. */
  get headersEnd(): boolean {
    return this.requestDone && this.body.empty;
  }

  spawnSpan(cluster: Cluster): StreamSpan | undefined {
    return this.stream.span?.spawnUpstream(`router ${cluster.name} egress`);
  }

  /** The request's head for the host that an attempt got. */
  prepareAttempt(upstream: UpstreamRequest, host: Host, connection: UpstreamConnectionFacts): RequestHeaderMap {
    const { stream, resolved } = this;
    const { info, requestHeaders } = stream;
    this.requestSent = true;
    noteAttempt(info, host, connection);
    info.upstreamPoolReadyMs = upstream.waitedMs;
    info.firstUpstreamTxMs = this.router.runtime.clock.nowMs();
    if (this.requestDone) info.lastUpstreamTxMs = info.firstUpstreamTxMs;
    if (resolved?.hostRewrite?.kind === 'auto' && host.hostname !== '') {
      const { suppressEnvoyHeaders } = this.router.config;
      changeHost(requestHeaders, host.hostname, { action: resolved.action as ForwardAction, suppressEnvoyHeaders });
    }
    (upstream.span ?? stream.span)?.inject(requestHeaders);
    return requestHeaders;
  }

  /** Sends what arrived of the body while the attempt waited for its stream. */
  flushTo(upstream: UpstreamRequest): void {
    const { body } = this;
    body.sendTo(upstream, this.requestDone);
    if (this.retry === undefined) body.drop();
    body.release(this.stream);
  }

  onPoolFailure(upstream: UpstreamRequest, failure: PoolFailure): void {
    const { info } = this.stream;
    // A circuit breaker refused before there was anything to do with a host.
    if (failure.host !== undefined && failure.reason !== 'overflow') {
      info.upstreamHost = failure.host.address;
      info.upstreamHostName = failure.host.hostname;
    }
    info.upstreamTransportFailureReason = failure.details;
    info.upstreamPoolReadyMs = upstream.waitedMs;
    this.onUpstreamReset(upstream, failure.reason, failure.details);
  }

  onUpstreamInformational(headers: ResponseHeaderMap): void {
    this.chargeResponse(headers.status, undefined);
    // The client was told of this attempt: another one could contradict it.
    this.dropRetries();
    this.stream.sendInformational(headers);
  }

  onUpstreamHeaders(upstream: UpstreamRequest, headers: ResponseHeaderMap, end: boolean): void {
    const { router, stream, resolved, cluster } = this;
    if (resolved === undefined || cluster === undefined) return;
    const { info } = stream;
    const now = router.runtime.clock.nowMs();
    info.firstUpstreamRxMs = now;
    if (this.retry !== undefined) {
      const verdict = this.retry.onResponse(headers);
      if (verdict === 'retry') {
        if (router.config.dynamicStats) cluster.requestStats.chargeRetried(headers.status);
        this.giveUp(upstream);
        this.waitForRetry();
        return;
      }
      this.noteRefusal(verdict);
    }
    if (this.requestDone && !router.config.suppressEnvoyHeaders)
      headers.set('x-envoy-upstream-service-time', String(Math.floor(now - info.requestCompleteMs)));
    this.chargeResponse(headers.status, this.grpc ? undefined : upstream);
    if (this.grpc) chargeGrpcHead(upstream, headers, end);
    if (resolved.responseMutations.length > 0) applyMutations(resolved.responseMutations, headers, stream);
    if (resolved.virtualHost.includeAttemptCountInResponse) headers.set('x-envoy-attempt-count', String(this.attempts));
    this.responseStarted = true;
    this.dropRetries();
    info.responseCodeDetails = 'via_upstream';
    if (end) this.onUpstreamComplete(upstream);
    stream.sendHeaders(headers, end);
  }

  onUpstreamData(upstream: UpstreamRequest, chunk: Buffer, end: boolean): void {
    const { info } = this.stream;
    if (info.firstUpstreamBodyMs < 0) info.firstUpstreamBodyMs = this.router.runtime.clock.nowMs();
    if (end) this.onUpstreamComplete(upstream);
    if (!this.stream.sendData(chunk, end) && !end) upstream.holdResponse();
  }

  onUpstreamTrailers(upstream: UpstreamRequest, trailers: HeaderMap): void {
    chargeGrpcTrailers(upstream, trailers);
    this.onUpstreamComplete(upstream);
    this.stream.sendTrailers(trailers);
  }

  /** The attempt ended without a complete response. It is over already. */
  onUpstreamReset(upstream: UpstreamRequest, reason: ResetReason, transportFailure: string): void {
    this.upstream = undefined;
    if (this.retriedReset(upstream, reason)) return;
    const status = reason === 'protocol error' ? 502 : 503;
    if (!this.responseStarted) this.chargeResponse(status, upstream, reason === 'overflow');
    else if (upstream.grpcDeferred) upstream.host.stats.rqError += 1;
    this.abort(resetReply({ reason, status, transportFailure, started: upstream.answered, retried: this.isRetry }));
  }

  // ---- times ----

  onTimer(timer: Timer): void {
    if (this.over) return;
    if (timer === this.retryTimer) this.doRetry();
    else if (timer === this.responseTimer) this.onResponseTimeout();
  }

  onAttemptLimit(upstream: UpstreamRequest, limit: AttemptLimit): void {
    if (this.cluster !== undefined) countLimit(this.cluster.requestStats, limit);
    const timeout = limit !== 'upstream_max_stream_duration_reached';
    if (timeout) upstream.host.stats.rqTimeout += 1;
    upstream.abandon();
    this.upstream = undefined;
    if (this.retriedReset(upstream, 'local reset')) return;
    if (timeout && !this.responseStarted) this.chargeResponse(this.timeoutStatus, upstream);
    this.abort(limitReply(limit, this));
  }

  private onResponseTimeout(): void {
    const { upstream } = this;
    if (upstream !== undefined) {
      this.cluster?.requestStats.upstreamRqTimeout.inc();
      upstream.host.stats.rqTimeout += 1;
      if (upstream.awaitingHeaders) this.chargeResponse(this.timeoutStatus, upstream);
      upstream.abandon();
      this.upstream = undefined;
    }
    this.abort(limitReply('response_timeout', this));
  }

  private onRequestComplete(): void {
    if (this.over) return;
    const { globalMs } = this.times;
    const { info } = this.stream;
    if (this.upstream?.sent === true) info.lastUpstreamTxMs = info.requestCompleteMs;
    if (globalMs > 0) this.responseTimer = this.router.runtime.timers.start(globalMs, this);
    if (this.upstream !== undefined) this.upstream.startTryTimers();
  }

  // ---- attempts ----

  private startAttempt(cluster: Cluster): void {
    const host = cluster.pick(this);
    if (host === undefined) {
      this.noHealthyUpstream(cluster);
      return;
    }
    this.retry?.onHostAttempted(host);
    const upstream = new UpstreamRequest(this, cluster, host);
    this.upstream = upstream;
    upstream.start(cluster, (this.resolved?.action as ForwardAction).priority);
  }

  private waitForRetry(): void {
    this.retryTimer = this.router.runtime.timers.start(this.retry?.delayMs ?? 0, this);
  }

  private doRetry(): void {
    const { router, stream, resolved } = this;
    if (resolved === undefined) return;
    const { requestHeaders, info } = stream;
    this.retryTimer = undefined;
    this.isRetry = true;
    this.attempts += 1;
    info.attemptCount = this.attempts;
    forgetAttempt(info);
    if (resolved.virtualHost.includeRequestAttemptCount)
      requestHeaders.set('x-envoy-attempt-count', String(this.attempts));
    this.tellTimeout(requestHeaders, this.requestDone ? router.runtime.clock.nowMs() - info.requestCompleteMs : 0);
    // The cluster may have been replaced, or have gone, while the retry waited.
    const cluster = router.clusters.get(resolved.clusterName);
    if (cluster === undefined) {
      if (this.cluster !== undefined) this.noHealthyUpstream(this.cluster);
      return;
    }
    this.cluster = cluster;
    this.retry?.useCluster(cluster);
    this.startAttempt(cluster);
  }

  private tellTimeout(headers: RequestHeaderMap, elapsedMs: number): void {
    const envoyHeader = !this.router.config.suppressEnvoyHeaders;
    const grpcHeader = this.grpc && (this.resolved?.action as ForwardAction).maxGrpcTimeoutMs !== undefined;
    if (envoyHeader || grpcHeader) setExpectedTimeout(headers, this.times, elapsedMs, { envoyHeader, grpcHeader });
  }

  /** Plans a retry if the policy has one for this; says whether it did. */
  private retriedReset(upstream: UpstreamRequest, reason: ResetReason): boolean {
    if (this.retry === undefined || this.responseStarted) return false;
    const verdict = this.retry.onReset(reason, this.requestSent);
    if (verdict === 'retry') {
      upstream.host.stats.rqError += 1;
      this.waitForRetry();
      return true;
    }
    this.noteRefusal(verdict);
    return false;
  }

  private noteRefusal(verdict: RetryVerdict): void {
    if (verdict === 'overflow') this.stream.info.setFlag(ResponseFlag.UpstreamOverflow);
    else if (verdict === 'limit') this.stream.info.setFlag(ResponseFlag.UpstreamRetryLimitExceeded);
  }

  private get retryLimitBytes(): number {
    return this.resolved?.route.bufferLimitBytes ?? this.stream.bufferLimitBytes;
  }

  /** The body is too large to be sent twice. False: it had to be, so the request has failed. */
  private abandonRetries(): boolean {
    this.cluster?.requestStats.retryOrShadowAbandoned.inc();
    this.dropRetries();
    if (this.upstream !== undefined) return true;
    this.abort({
      status: 507,
      body: 'exceeded request buffer limit while retrying upstream',
      details: 'request_payload_exceeded_retry_buffer_limit',
      flags: 0,
    });
    return false;
  }

  private dropRetries(): void {
    if (this.retry === undefined) return;
    this.retry.release();
    this.retry = undefined;
    if (this.upstream?.stream !== undefined) this.body.drop();
  }

  private giveUp(upstream: UpstreamRequest): void {
    upstream.host.stats.rqError += 1;
    this.upstream = undefined;
    upstream.abandon();
  }

  // ---- the end ----

  private onUpstreamComplete(upstream: UpstreamRequest): void {
    const { info } = this.stream;
    const now = this.router.runtime.clock.nowMs();
    info.lastUpstreamRxMs = now;
    if (this.router.config.dynamicStats && this.requestDone)
      this.cluster?.requestStats.recordTime(now - info.requestCompleteMs, this.stream.internalRequest);
    this.cleanup();
    this.upstream = undefined;
    upstream.complete();
  }

  private chargeResponse(status: number, upstream: UpstreamRequest | undefined, dropped = false): void {
    if (upstream !== undefined) chargeHost(upstream.host, status);
    const { cluster } = this;
    if (!this.router.config.dynamicStats || cluster === undefined) return;
    if (dropped) cluster.requestStats.dropped += 1;
    cluster.requestStats.chargeResponse(status, this.stream.internalRequest);
  }

  private noHealthyUpstream(cluster: Cluster): void {
    cluster.requestStats.upstreamCxNoneHealthy.inc();
    this.chargeResponse(503, undefined);
    const flags = ResponseFlag.NoHealthyUpstream;
    this.abort({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream', flags });
  }

  /** Answers the client, or resets it where a response has begun already. */
  private abort(reply: RouterReply): void {
    const { stream, router } = this;
    this.cleanup();
    if (!this.responseStarted) {
      sendReply(router, stream, this.resolved, { ...reply, attempts: this.attempts });
      return;
    }
    stream.info.setFlag(reply.flags);
    stream.info.responseCodeDetails = reply.details;
    // Envoy counts these for gRPC only, whose success is known at its end.
    if (isGrpc(stream.requestHeaders)) router.routerStats.rqResetAfterDownstreamResponseStarted.inc();
    stream.resetStream();
  }

  private cleanup(): void {
    this.over = true;
    this.responseTimer?.cancel();
    this.retryTimer?.cancel();
    this.retry?.release();
    this.retry = undefined;
  }
}
