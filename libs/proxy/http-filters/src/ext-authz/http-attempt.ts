import type { ClientStream, HeaderMap, RequestHeaderMap, ResetReason, ResponseHeaderMap } from '@weft/core-http';
import type { Cluster, Host, HttpPoolCallbacks, PoolFailure, PoolHandle } from '@weft/proxy-filter-api';

/** What an answer may have of body; a longer one is none. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Whoever sends a request to a service. One of both is called once, unless the attempt was given up; maybe inside `start`. */
export interface AttemptOwner {
  onAnswer(head: ResponseHeaderMap, body: Buffer): void;
  /** `sent`: any part of the request went out. */
  onFailure(reason: ResetReason, sent: boolean): void;
}

/** One sending of a request to one host, and its whole answer: waiting for a connection -> sent -> over. */
export class HttpAttempt implements HttpPoolCallbacks {
  readonly host: Host;
  private readonly owner: AttemptOwner;
  private readonly head: RequestHeaderMap;
  private readonly body: Buffer;
  private waiting: PoolHandle | undefined;
  private stream: ClientStream | undefined;
  private answer: ResponseHeaderMap | undefined;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private sent = false;
  private over = false;

  constructor(host: Host, request: { readonly head: RequestHeaderMap; readonly body: Buffer }, owner: AttemptOwner) {
    this.host = host;
    this.head = request.head;
    this.body = request.body;
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
  onPoolFailure({ reason }: PoolFailure): void {
    this.fail(reason);
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
    this.size += chunk.length;
    if (this.size > MAX_BODY_BYTES) {
      const { stream } = this;
      this.fail('local reset');
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
    this.fail(reason);
  }
  drained(): void {
    // The whole body went out at once.
  }

  private complete(): void {
    if (this.over) return;
    this.over = true;
    if (this.answer !== undefined) this.owner.onAnswer(this.answer, Buffer.concat(this.chunks));
  }
  private fail(reason: ResetReason): void {
    if (this.over) return;
    this.over = true;
    this.owner.onFailure(reason, this.sent);
  }
}
