import { after, type Timer, type Timers } from '@weft/core-runtime';
import type { Pushable, PushQueue } from './push-queue.ts';

export interface BulkGateOptions {
  readonly timers: Timers;
  /** Gives a stream that waited its turn. */
  readonly queue: Pick<PushQueue, 'enqueue'>;
  /** How many octets of large responses are under way at a time. Default: 64 MiB. */
  readonly limit?: number;
  /** How long a response counts that nobody answers, in milliseconds. Default: 5,000. */
  readonly patienceMs?: number;
}

/** Smaller responses go whenever they are due. */
const BULK_OCTETS = 128 * 1024;
const LIMIT_OCTETS = 64 * 1024 * 1024;
const PATIENCE_MS = 5000;

/**
 * Bounds what is under way to all proxies together: a thousand that come at once and are to have ten thousand services each
 * would have gigabytes waiting for them. A large response goes when there is room, and counts until it is answered; whoever
 * does not answer keeps the others waiting no longer than the patience.
 */
export class BulkGate {
  private readonly options: BulkGateOptions;
  private readonly limit: number;
  /** Oldest first; a stream may be there twice, for two types. */
  private readonly underWay = new Map<object, { readonly stream: Pushable; readonly octets: number }>();
  private readonly waiting = new Map<Pushable, number>();
  private used = 0;
  private timer: Timer | undefined;

  constructor(options: BulkGateOptions) {
    this.options = options;
    this.limit = options.limit ?? LIMIT_OCTETS;
  }

  /** True: a response of so many octets may go, and `leave(response)` says when it is answered. False: the stream gets a turn. */
  enter(stream: Pushable, response: object, octets: number): boolean {
    if (octets < BULK_OCTETS) return true;
    if (this.used > 0 && this.used + octets > this.limit) {
      this.waiting.set(stream, octets);
      return false;
    }
    this.waiting.delete(stream);
    this.used += octets;
    this.underWay.set(response, { stream, octets });
    this.timer ??= this.wait();
    return true;
  }

  leave(response: object): void {
    const entry = this.underWay.get(response);
    if (entry === undefined) return;
    this.underWay.delete(response);
    this.used -= entry.octets;
    if (this.underWay.size === 0) {
      this.timer?.cancel();
      this.timer = undefined;
    }
    this.wake();
  }

  /** The stream is over. */
  forget(stream: Pushable): void {
    this.waiting.delete(stream);
    for (const [response, entry] of this.underWay) if (entry.stream === stream) this.leave(response);
  }

  private wake(): void {
    let room = this.limit - this.used;
    for (const [stream, octets] of this.waiting) {
      if (octets > room && this.used > 0) return;
      this.waiting.delete(stream);
      this.options.queue.enqueue(stream);
      room -= octets;
      if (room <= 0) return;
    }
  }

  private wait(): Timer {
    const { timers, patienceMs = PATIENCE_MS } = this.options;
    const present = [...this.underWay.keys()];
    return after(timers, patienceMs, () => {
      this.timer = undefined;
      for (const response of present) this.leave(response);
      if (this.underWay.size > 0) this.timer ??= this.wait();
    });
  }
}
