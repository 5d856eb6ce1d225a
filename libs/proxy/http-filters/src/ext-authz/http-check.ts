import { RequestHeaderMap, type ResponseHeaderMap } from '@weft/core-http';
import type { Timer } from '@weft/core-runtime';
import { applyMutations } from '@weft/model-policy';
import { CHECK_FAILED, textOfHeader, type Check, type CheckReceiver, type HttpAttributes } from '@weft/proxy-ext-authz';
import {
  ANY_HOST,
  AsyncRequest,
  type AsyncRequestFailure,
  type AsyncRequestOwner,
  type Cluster,
  type FilterStream,
} from '@weft/proxy-filter-api';
import { CheckRetries } from './check-retries.ts';
import type { HttpServiceConfig } from './config.ts';
import { outcomeOf } from './http-outcome.ts';

/** One question to an HTTP service: attempt -> (waiting -> attempt …) -> answered. */
export class HttpCheck implements Check, AsyncRequestOwner {
  private readonly config: HttpServiceConfig;
  private readonly stream: FilterStream;
  private readonly receiver: CheckReceiver;
  private readonly request: { readonly head: RequestHeaderMap; readonly body: Buffer };
  private cluster: Cluster | undefined;
  private attempt: AsyncRequest | undefined;
  private retries: CheckRetries | undefined;
  private deadline: Timer | undefined;
  private retryTimer: Timer | undefined;
  private tryTimer: Timer | undefined;
  private sentMs = 0;
  private over = false;

  constructor(config: HttpServiceConfig, stream: FilterStream, told: HttpAttributes, receiver: CheckReceiver) {
    this.config = config;
    this.stream = stream;
    this.receiver = receiver;
    this.request = { head: headOf(config, stream, told), body: told.body ?? Buffer.alloc(0) };
  }

  /** May answer before it returns. */
  start(): void {
    const { clusters, runtime } = this.stream;
    const { cluster: name, timeoutMs, retry } = this.config;
    const cluster = clusters.get(name);
    if (cluster === undefined) {
      this.finish();
      this.receiver.onChecked(CHECK_FAILED);
      return;
    }
    this.cluster = cluster;
    this.sentMs = runtime.clock.nowMs();
    if (retry !== undefined) this.retries = new CheckRetries(retry, cluster, runtime.random);
    if (timeoutMs > 0) this.deadline = runtime.timers.start(timeoutMs, this);
    this.try(cluster);
  }

  cancel(): void {
    if (!this.over) this.leave();
  }

  onTimer(timer: Timer): void {
    if (this.over || this.cluster === undefined) return;
    if (timer === this.retryTimer) {
      this.retryTimer = undefined;
      this.try(this.cluster);
      return;
    }
    if (this.attempt !== undefined) this.attempt.host.stats.rqTimeout += 1;
    if (timer === this.tryTimer) {
      this.cluster.requestStats.upstreamRqPerTryTimeout.inc();
      this.attempt?.giveUp();
      const delayMs = this.retries?.afterFailure('local reset', true);
      if (delayMs === undefined) this.fail(504);
      else this.tryAgain(delayMs);
      return;
    }
    this.cluster.requestStats.upstreamRqTimeout.inc();
    this.charge(504);
    this.leave();
    this.receiver.onChecked(CHECK_FAILED);
  }

  // ---- the attempt ----

  onAnswer(head: ResponseHeaderMap, body: Buffer): void {
    this.tryTimer?.cancel();
    const delayMs = this.retries?.afterAnswer(head);
    if (delayMs !== undefined) {
      this.cluster?.requestStats.chargeRetried(head.status);
      this.tryAgain(delayMs);
      return;
    }
    const elapsedMs = this.stream.runtime.clock.nowMs() - this.sentMs;
    this.charge(head.status);
    this.cluster?.requestStats.recordTime(elapsedMs, true);
    this.finish();
    // As from a router, since Envoy's client is one.
    head.set('x-envoy-upstream-service-time', String(Math.floor(elapsedMs)));
    this.receiver.onChecked(outcomeOf(head, body, this.config));
  }

  onFailure({ reason, sent }: AsyncRequestFailure): void {
    this.tryTimer?.cancel();
    const delayMs = this.retries?.afterFailure(reason, sent);
    if (delayMs === undefined) this.fail(503);
    else this.tryAgain(delayMs);
  }

  private try(cluster: Cluster): void {
    const host = cluster.pick(ANY_HOST);
    if (host === undefined) {
      cluster.requestStats.upstreamCxNoneHealthy.inc();
      this.fail(503);
      return;
    }
    const { retry } = this.config;
    if (retry !== undefined) this.tryTimer = this.stream.runtime.timers.start(retry.perTryTimeoutMs, this);
    this.attempt = new AsyncRequest(host, this.request, this);
    this.attempt.start(cluster);
  }

  private tryAgain(delayMs: number): void {
    if (this.attempt !== undefined) this.attempt.host.stats.rqError += 1;
    this.attempt = undefined;
    this.retryTimer = this.stream.runtime.timers.start(delayMs, this);
  }

  /** There is no answer; it counts as one with `status`. */
  private fail(status: number): void {
    this.charge(status);
    this.finish();
    this.receiver.onChecked(CHECK_FAILED);
  }

  /** The question comes from this proxy itself. */
  private charge(status: number): void {
    this.cluster?.requestStats.chargeResponse(status, true);
    const stats = this.attempt?.host.stats;
    if (stats === undefined) return;
    if (status < 500) stats.rqSuccess += 1;
    else stats.rqError += 1;
  }

  private finish(): void {
    this.over = true;
    this.deadline?.cancel();
    this.retryTimer?.cancel();
    this.tryTimer?.cancel();
    this.retries?.release();
  }

  private leave(): void {
    this.finish();
    if (this.attempt?.giveUp() === true) this.cluster?.requestStats.upstreamRqCancelled.inc();
  }
}

function headOf(config: HttpServiceConfig, stream: FilterStream, told: HttpAttributes): RequestHeaderMap {
  const head = new RequestHeaderMap('', '', '');
  head.add('content-length', String(told.body?.length ?? 0));
  for (const [name, value] of told.headers) {
    // The body may be another than the request's.
    if (name === 'content-length') continue;
    const text = told.rawHeaders ? value : textOfHeader(value);
    if (name === ':path') head.path = config.pathOverride || config.pathPrefix + text;
    else if (name.startsWith(':')) head.set(name, text);
    else head.add(name, text);
  }
  applyMutations([config.addHeaders], head, { ...contextOf(stream), requestHeaders: head });
  stream.span?.inject(head);
  head.set('x-envoy-internal', 'true');
  const expectedMs = Math.min(config.timeoutMs || Infinity, config.retry?.perTryTimeoutMs ?? Infinity);
  if (expectedMs < Infinity) head.set('x-envoy-expected-rq-timeout-ms', String(Math.floor(expectedMs)));
  return head;
}

function contextOf({ info, responseHeaders }: FilterStream): Pick<FilterStream, 'info' | 'responseHeaders'> {
  return { info, responseHeaders };
}
