import type { HttpPoolCallbacks, PoolHandle } from '@weft/proxy-filter-api';

/** Who is told that a waiting request was given up. */
export interface PendingOwner {
  onPendingCancelled(): void;
}

/** A request that waits for a connection: a place in the pool's queue. */
export class PendingStream implements PoolHandle {
  readonly owner: HttpPoolCallbacks;
  next: PendingStream | undefined;
  previous: PendingStream | undefined;
  queue: PendingQueue | undefined;
  /** Its place in the order of arrival. */
  order = 0;

  constructor(owner: HttpPoolCallbacks) {
    this.owner = owner;
  }

  cancel(): void {
    const { queue } = this;
    if (queue === undefined) return;
    queue.remove(this);
    queue.owner.onPendingCancelled();
  }
}

/** The requests that wait, oldest first. Linked, since any of them may be cancelled. */
export class PendingQueue {
  readonly owner: PendingOwner;
  size = 0;
  private head: PendingStream | undefined;
  private tail: PendingStream | undefined;
  private pushed = 0;

  constructor(owner: PendingOwner) {
    this.owner = owner;
  }

  push(stream: PendingStream): void {
    this.pushed += 1;
    stream.order = this.pushed;
    stream.queue = this;
    stream.previous = this.tail;
    if (this.tail === undefined) this.head = stream;
    else this.tail.next = stream;
    this.tail = stream;
    this.size += 1;
  }

  shift(): PendingStream | undefined {
    const { head } = this;
    if (head !== undefined) this.remove(head);
    return head;
  }

  /** The order of the youngest one there ever was. */
  get last(): number {
    return this.pushed;
  }

  /** The oldest one that was there when `last` was read; those that came since stay. */
  shiftUpTo(last: number): PendingStream | undefined {
    return this.head !== undefined && this.head.order <= last ? this.shift() : undefined;
  }

  remove(stream: PendingStream): void {
    const { next, previous } = stream;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
    stream.next = undefined;
    stream.previous = undefined;
    stream.queue = undefined;
    this.size -= 1;
  }
}
