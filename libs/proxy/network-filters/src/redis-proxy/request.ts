import { errorOf, type RespValue } from '@weft/net-redis';
import type { Clock } from '@weft/core-runtime';
import type { CommandSpan } from '@weft/proxy-filter-api';
import { isError, type RedisClient, type ReplyOwner, type SentCommand } from './redis-client.ts';
import type { CommandStats } from './stats.ts';

export const NO_UPSTREAM_HOST = errorOf('no upstream host');
export const UPSTREAM_FAILURE = errorOf('upstream failure');

/** A command of a client, until its reply is there. */
export interface PendingRequest {
  complete(value: RespValue): void;
  /** What was sent for it, so that it can be given up when the client leaves. */
  readonly sent: SentCommand[];
  /** Undefined: not traced. */
  readonly span: CommandSpan | undefined;
}

/** What goes to one host for a command. */
export interface Sending {
  /** The command's name in lower case. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly owner: ReplyOwner;
}

/** A pending request with what is counted of it. */
export class CountedRequest implements ReplyOwner {
  readonly pending: PendingRequest;
  private readonly stats: CommandStats;
  private readonly clock: Clock;
  private readonly perMs: number;
  private readonly startMs: number;

  constructor(pending: PendingRequest, stats: CommandStats, clock: Clock, inMicros: boolean) {
    this.pending = pending;
    this.stats = stats;
    this.clock = clock;
    this.perMs = inMicros ? 1000 : 1;
    this.startMs = clock.nowMs();
    stats.total.inc();
  }

  send(client: RedisClient, { name, bytes, owner }: Sending): void {
    const { sent, span } = this.pending;
    if (span !== undefined) span.sentTo(client.target.cluster.name, client.target.host.address);
    sent.push(client.send(name, bytes, owner));
  }

  /** Whatever a host answers is a success, as Envoy counts: the command reached it. */
  onReply(value: RespValue): void {
    this.finish(value, true);
  }
  onFailure(): void {
    this.finish(UPSTREAM_FAILURE, false);
  }
  /** The last reply of several: whether it counts as a success is known better by who put it together. */
  finish(value: RespValue, success: boolean): void {
    (success ? this.stats.success : this.stats.error).inc();
    this.stats.latency.record(Math.round((this.clock.nowMs() - this.startMs) * this.perMs));
    this.pending.span?.finish(isError(value) || !success ? errorWord(value) : undefined);
    this.pending.complete(value);
  }
}

/** Waits for several replies, and hands them over together, in the order of what they answer. */
export class Gathering {
  private readonly replies: RespValue[];
  private left: number;
  private readonly done: (replies: readonly RespValue[]) => void;

  constructor(count: number, done: (replies: readonly RespValue[]) => void) {
    this.replies = Array.from({ length: count }, () => UPSTREAM_FAILURE);
    this.left = count;
    this.done = done;
  }

  /** The owner of the reply at `index`. */
  part(index: number): ReplyOwner {
    return { onReply: (value) => this.put(index, value), onFailure: () => this.put(index, UPSTREAM_FAILURE) };
  }
  put(index: number, value: RespValue): void {
    this.replies[index] = value;
    this.left -= 1;
    if (this.left === 0) this.done(this.replies);
  }
}

/**
 * What a span says of an error: its kind, the first word of what Redis sends (`WRONGTYPE`). The rest may quote keys and values,
 * and so may a first word that is not one of that form.
 */
function errorWord(value: RespValue): string {
  if (value === NO_UPSTREAM_HOST) return NO_UPSTREAM_HOST.text;
  if (value === UPSTREAM_FAILURE) return UPSTREAM_FAILURE.text;
  const text = value.kind === 'error' ? value.text : value.kind === 'bulkError' ? value.bytes.toString('latin1') : '';
  return /^[A-Z]{1,32}(?= |$)/.exec(text)?.[0] ?? 'error';
}
