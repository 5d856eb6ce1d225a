import { RequestHeaderMap, type ResponseHeaderMap } from '@weft/core-http';
import type { Timer, TimerCallback, Timers } from '@weft/core-runtime';
import {
  ANY_HOST,
  AsyncRequest,
  type AsyncRequestFailure,
  type AsyncRequestOwner,
  type ClusterManager,
} from '@weft/proxy-filter-api';

/** JSON that the proxy posts through its own clusters, so that the receiver's name, TLS and limits are those configured. */
export interface JsonPost {
  readonly cluster: string;
  readonly path: string;
  /** The `host`; without it the cluster's name. */
  readonly host?: string;
  readonly body: Buffer;
  readonly timeoutMs: number;
  /** What the answer may have of body, in bytes. */
  readonly maxAnswerBytes?: number;
  /** Only the status matters. */
  readonly discardBody?: boolean;
}

export interface PostAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** Posts; `done` gets the answer or why there is none, once, maybe before this returns. */
export function postJson(
  clusters: ClusterManager,
  timers: Timers,
  post: JsonPost,
  done: (outcome: PostAnswer | string) => void,
): void {
  const cluster = clusters.get(post.cluster);
  if (cluster === undefined) {
    done('there is no such cluster');
    return;
  }
  const host = cluster.pick(ANY_HOST);
  if (host === undefined) {
    done('the cluster has no host');
    return;
  }
  const head = new RequestHeaderMap('POST', post.path, post.host || post.cluster, [
    'content-type',
    'application/json',
    'content-length',
    String(post.body.length),
  ]);
  const awaited = new AwaitedAnswer(done);
  const request = new AsyncRequest(host, { ...post, head }, awaited);
  awaited.begin(request, timers.start(post.timeoutMs, awaited));
  request.start(cluster);
}

/** The end of one request: an answer, a failure, or too late. */
class AwaitedAnswer implements AsyncRequestOwner, TimerCallback {
  private readonly done: (outcome: PostAnswer | string) => void;
  private request: AsyncRequest | undefined;
  private timer: Timer | undefined;

  constructor(done: (outcome: PostAnswer | string) => void) {
    this.done = done;
  }

  begin(request: AsyncRequest, timer: Timer): void {
    this.request = request;
    this.timer = timer;
  }

  onTimer(): void {
    this.request?.giveUp();
    this.done('it took too long');
  }
  onAnswer({ status }: ResponseHeaderMap, body: Buffer): void {
    this.timer?.cancel();
    this.done({ status, body });
  }
  onFailure({ reason, details, sent }: AsyncRequestFailure): void {
    this.timer?.cancel();
    this.done(sent ? details || reason : `no connection: ${details || reason}`);
  }
}
