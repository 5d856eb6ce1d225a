import type { ClientStream, HeaderMap, RequestHeaderMap, ResetReason, ResponseHeaderMap } from '@weft/core-http';
import type { Cluster, Host, HttpPoolCallbacks, PoolFailure, PoolHandle } from './cluster.ts';

/** Why there is no answer. */
export interface AsyncRequestFailure {
  readonly reason: ResetReason;
  /** In words; `''` where there is no more to say than `reason`. */
  readonly details: string;
  /** Any part of the request went out. */
  readonly sent: boolean;
}

/** Whoever sends a request of the proxy's own. One of both is called once, unless it was given up; maybe inside `start`. */
export interface AsyncRequestOwner {
  onAnswer(head: ResponseHeaderMap, body: Buffer): void;
  onFailure(failure: AsyncRequestFailure): void;
}

export interface AsyncRequestOptions {
  readonly head: RequestHeaderMap;
  /** Whole; may be empty. */
  readonly body: Buffer;
  /** What the answer may have of body, in bytes; a longer one is a failure. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** The answer's body is read and not kept, however long; the owner gets an empty one. Default false. */
  readonly discardBody?: boolean;
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * One request that the proxy itself sends to one host of a cluster, and its whole answer: waiting for a connection -> sent ->
 * over. Time limits and retries are the owner's (as around `Envoy::Http::AsyncClient::Request`).
 */
export class AsyncRequest implements HttpPoolCallbacks {
  readonly host: Host;
  private readonly owner: AsyncRequestOwner;
  private readonly head: RequestHeaderMap;
  private readonly body: Buffer;
  private readonly maxAnswerBytes: number;
  private readonly discardBody: boolean;
  private waiting: PoolHandle | undefined;
  private stream: ClientStream | undefined;
  private answer: ResponseHeaderMap | undefined;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private sent = false;
  private over = false;

  constructor(host: Host, options: AsyncRequestOptions, owner: AsyncRequestOwner) {
    const { head, body, maxAnswerBytes, discardBody } = options;
    this.host = host;
    this.head = head;
    this.body = body;
    this.maxAnswerBytes = maxAnswerBytes ?? MAX_ANSWER_BYTES;
    this.discardBody = discardBody ?? false;
    this.owner = owner;
  }

  start(cluster: Cluster): void {
    const waiting = cluster.newStream(this.host, 'default', this);
    if (!this.over && this.stream === undefined) this.waiting = waiting;
  }

  /** Says whether it still waited for a connection. */
  giveUp(): boolean {
    if (this.over) return false;
    this.over = true;
    this.waiting?.cancel();
    this.stream?.reset('local reset');
    return this.waiting !== undefined;
  }

  onPoolReady(stream: ClientStream): void {
    this.waiting = undefined;
    this.stream = stream;
    this.sent = true;
    stream.headers(this.head, this.body.length === 0);
    if (this.body.length > 0 && !this.over) stream.data(this.body, true);
  }
  onPoolFailure({ reason, details }: PoolFailure): void {
    this.fail(reason, details);
  }

  informational(): void {
    // The final answer follows.
  }
  headers(headers: ResponseHeaderMap, end: boolean): void {
    this.answer = headers;
    if (end) this.complete();
  }
  data(chunk: Buffer, end: boolean): boolean {
    if (this.over) return true;
    if (this.discardBody) {
      if (end) this.complete();
      return true;
    }
    this.size += chunk.length;
    if (this.size > this.maxAnswerBytes) {
      const { stream } = this;
      this.fail('local reset', `the answer is longer than ${this.maxAnswerBytes} bytes`);
      stream?.reset('local reset');
      return true;
    }
    // The chunk's memory is the codec's.
    this.chunks.push(Buffer.from(chunk));
    if (end) this.complete();
    return true;
  }
  trailers(_trailers: HeaderMap): void {
    this.complete();
  }
  reset(reason: ResetReason): void {
    this.fail(reason, '');
  }
  drained(): void {
    // The whole body went out at once.
  }

  private complete(): void {
    const { answer } = this;
    if (answer === undefined) {
      this.fail('protocol error', 'the answer has no head');
      return;
    }
    if (this.over) return;
    this.over = true;
    this.owner.onAnswer(answer, Buffer.concat(this.chunks));
  }
  private fail(reason: ResetReason, details: string): void {
    if (this.over) return;
    this.over = true;
    this.owner.onFailure({ reason, details, sent: this.sent });
  }
}
