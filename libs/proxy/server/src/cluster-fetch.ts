import {
  RequestHeaderMap,
  type ClientStream,
  type HeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
} from '@weft/core-http';
import type { Timer, Timers } from '@weft/core-runtime';
import type { ClusterManager, HttpPoolCallbacks, LoadBalancerContext, PoolHandle } from '@weft/proxy-filter-api';
import type { HttpFetch } from '@weft/xds-client';

const ANY_HOST: LoadBalancerContext = {
  hashKey: () => undefined,
  shouldSelectAnotherHost: () => false,
  hostSelectionRetries: 0,
};

/** A response that is larger is no configuration. Bytes. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Posts JSON through the proxy's own clusters: REST discovery. */
export class ClusterFetch implements HttpFetch {
  private readonly clusters: ClusterManager;
  private readonly timers: Timers;

  constructor(clusters: ClusterManager, timers: Timers) {
    this.clusters = clusters;
    this.timers = timers;
  }

  post(cluster: string, path: string, body: string, timeoutMs: number): Promise<Answer> {
    const found = this.clusters.get(cluster);
    const host = found?.pick(ANY_HOST);
    if (found === undefined || host === undefined)
      return Promise.reject(new Error(found === undefined ? 'there is no such cluster' : 'the cluster has no host'));
    return new Promise((resolve, reject) => {
      const headers = new RequestHeaderMap('POST', path, cluster, [
        'content-type',
        'application/json',
        'content-length',
        String(Buffer.byteLength(body)),
      ]);
      const call = new Post(headers, body, (outcome) => {
        if (typeof outcome === 'string') reject(new Error(outcome));
        else resolve(outcome);
      });
      call.begin(this.timers.start(timeoutMs, call));
      call.waitFor(found.newStream(host, 'default', call));
    });
  }
}

/** One request under way: waiting -> sent -> done. */
class Post implements HttpPoolCallbacks {
  private readonly request: RequestHeaderMap;
  private readonly requestBody: string;
  private readonly finish: (outcome: Answer | string) => void;
  private timer: Timer | undefined;
  private waiting: PoolHandle | undefined;
  private stream: ClientStream | undefined;
  private status = 0;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private over = false;

  constructor(request: RequestHeaderMap, requestBody: string, finish: (outcome: Answer | string) => void) {
    this.request = request;
    this.requestBody = requestBody;
    this.finish = finish;
  }

  begin(timer: Timer): void {
    this.timer = timer;
  }
  waitFor(handle: PoolHandle | undefined): void {
    if (!this.over && this.stream === undefined) this.waiting = handle;
  }

  onPoolReady(stream: ClientStream): void {
    this.stream = stream;
    stream.headers(this.request, false);
    stream.data(Buffer.from(this.requestBody), true);
  }
  onPoolFailure({ details }: { readonly details: string }): void {
    this.done(`no connection ${details}`.trimEnd());
  }
  onTimer(): void {
    this.waiting?.cancel();
    this.stream?.reset('local reset');
    this.done('it took too long');
  }

  informational(): void {
    // The final response follows.
  }
  headers(headers: ResponseHeaderMap, end: boolean): void {
    this.status = headers.status;
    if (end) this.answered();
  }
  data(chunk: Buffer, end: boolean): boolean {
    this.size += chunk.length;
    if (this.size > MAX_BODY_BYTES) {
      this.stream?.reset('local reset');
      this.done('the answer is too large');
      return true;
    }
    // The chunk's memory is the codec's.
    this.chunks.push(Buffer.from(chunk));
    if (end) this.answered();
    return true;
  }
  trailers(_trailers: HeaderMap): void {
    this.answered();
  }
  reset(reason: ResetReason): void {
    this.done(reason);
  }
  drained(): void {
    // The whole body went out at once.
  }

  private answered(): void {
    this.done({ status: this.status, body: Buffer.concat(this.chunks).toString('utf8') });
  }

  private done(outcome: Answer | string): void {
    if (this.over) return;
    this.over = true;
    this.timer?.cancel();
    this.finish(outcome);
  }
}
