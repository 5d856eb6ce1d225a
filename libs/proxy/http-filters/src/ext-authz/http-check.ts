import {
  RequestHeaderMap,
  type ClientStream,
  type HeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
} from '@weft/core-http';
import type { Timer } from '@weft/core-runtime';
import { applyMutations } from '@weft/model-policy';
import { CHECK_FAILED, textOfHeader, type Check, type CheckReceiver, type HttpAttributes } from '@weft/proxy-ext-authz';
import type {
  Cluster,
  FilterStream,
  Host,
  HttpPoolCallbacks,
  LoadBalancerContext,
  PoolFailure,
  PoolHandle,
} from '@weft/proxy-filter-api';
import type { HttpServiceConfig } from './config.ts';
import { outcomeOf } from './http-outcome.ts';

const ANY_HOST: LoadBalancerContext = {
  hashKey: () => undefined,
  shouldSelectAnotherHost: () => false,
  hostSelectionRetries: 0,
};

/** What an answer may have of body; a longer one is none. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** One question to an HTTP service: waiting for a connection -> asked -> answered. */
export class HttpCheck implements Check, HttpPoolCallbacks {
  private readonly config: HttpServiceConfig;
  private readonly stream: FilterStream;
  private readonly receiver: CheckReceiver;
  private readonly body: Buffer;
  private readonly head: RequestHeaderMap;
  private cluster: Cluster | undefined;
  private host: Host | undefined;
  private waiting: PoolHandle | undefined;
  private upstream: ClientStream | undefined;
  private timer: Timer | undefined;
  private sentMs = 0;
  private answer: ResponseHeaderMap | undefined;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private over = false;

  constructor(config: HttpServiceConfig, stream: FilterStream, told: HttpAttributes, receiver: CheckReceiver) {
    this.config = config;
    this.stream = stream;
    this.receiver = receiver;
    this.body = told.body ?? Buffer.alloc(0);
    this.head = headOf(config, stream, told);
  }

  /** May answer before it returns. */
  start(): void {
    const { clusters, runtime } = this.stream;
    const cluster = clusters.get(this.config.cluster);
    if (cluster === undefined) {
      this.finish();
      this.receiver.onChecked(CHECK_FAILED);
      return;
    }
    this.cluster = cluster;
    this.sentMs = runtime.clock.nowMs();
    const host = cluster.pick(ANY_HOST);
    if (host === undefined) {
      cluster.requestStats.upstreamCxNoneHealthy.inc();
      this.fail(503);
      return;
    }
    this.host = host;
    if (this.config.timeoutMs > 0) this.timer = runtime.timers.start(this.config.timeoutMs, this);
    const waiting = cluster.newStream(host, 'default', this);
    if (!this.over && this.upstream === undefined) this.waiting = waiting;
  }

  cancel(): void {
    if (this.over) return;
    const { waiting, upstream } = this;
    this.finish();
    this.leave(waiting, upstream);
  }

  onTimer(): void {
    if (this.over) return;
    const { waiting, upstream, cluster, host } = this;
    cluster?.requestStats.upstreamRqTimeout.inc();
    if (host !== undefined) host.stats.rqTimeout += 1;
    this.fail(504);
    this.leave(waiting, upstream);
  }

  // ---- the pool ----

  onPoolReady(stream: ClientStream): void {
    this.waiting = undefined;
    this.upstream = stream;
    const { head, body } = this;
    stream.headers(head, body.length === 0);
    if (body.length > 0 && !this.over) stream.data(body, true);
  }
  onPoolFailure(_failure: PoolFailure): void {
    if (!this.over) this.fail(503);
  }

  // ---- the answer ----

  informational(): void {
    // The final answer follows.
  }
  headers(headers: ResponseHeaderMap, end: boolean): void {
    if (this.over) return;
    this.answer = headers;
    this.charge(headers.status);
    if (end) this.answered();
  }
  data(chunk: Buffer, end: boolean): boolean {
    if (this.over) return true;
    this.size += chunk.length;
    if (this.size > MAX_BODY_BYTES) {
      const { upstream } = this;
      this.finish();
      upstream?.reset('local reset');
      this.receiver.onChecked(CHECK_FAILED);
      return true;
    }
    // The chunk's memory is the codec's.
    this.chunks.push(Buffer.from(chunk));
    if (end) this.answered();
    return true;
  }
  trailers(_trailers: HeaderMap): void {
    if (!this.over) this.answered();
  }
  reset(_reason: ResetReason): void {
    if (this.over) return;
    this.upstream = undefined;
    if (this.answer === undefined) this.fail(503);
    else {
      this.finish();
      this.receiver.onChecked(CHECK_FAILED);
    }
  }
  drained(): void {
    // The whole body went out at once.
  }

  private answered(): void {
    const { answer, config, cluster } = this;
    const elapsedMs = this.stream.runtime.clock.nowMs() - this.sentMs;
    cluster?.requestStats.recordTime(elapsedMs, true);
    this.finish();
    if (answer === undefined) return this.receiver.onChecked(CHECK_FAILED);
    // As from a router, since Envoy's client is one.
    answer.set('x-envoy-upstream-service-time', String(Math.floor(elapsedMs)));
    this.receiver.onChecked(outcomeOf(answer, Buffer.concat(this.chunks), config));
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
    if (this.host === undefined) return;
    if (status < 500) this.host.stats.rqSuccess += 1;
    else this.host.stats.rqError += 1;
  }

  private finish(): void {
    this.over = true;
    this.timer?.cancel();
    this.waiting = undefined;
    this.upstream = undefined;
  }

  private leave(waiting: PoolHandle | undefined, upstream: ClientStream | undefined): void {
    if (waiting !== undefined) {
      this.cluster?.requestStats.upstreamRqCancelled.inc();
      waiting.cancel();
    }
    upstream?.reset('local reset');
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
  if (config.timeoutMs > 0) head.set('x-envoy-expected-rq-timeout-ms', String(Math.floor(config.timeoutMs)));
  return head;
}

function contextOf({ info, responseHeaders }: FilterStream): Pick<FilterStream, 'info' | 'responseHeaders'> {
  return { info, responseHeaders };
}
