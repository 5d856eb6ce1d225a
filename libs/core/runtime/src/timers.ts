import type { Clock } from './clock.ts';

/** What a timer calls. The owner implements it, so that starting a timer costs no closure. */
export interface TimerCallback {
  /** Called once, when `timer` is due and was not cancelled. */
  onTimer(timer: Timer): void;
}

/** One started timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Timers. The only source of them, so that tests own time. */
export interface Timers {
  /** Calls `owner.onTimer` after `delayMs` milliseconds (0 or more), not before. */
  start(delayMs: number, owner: TimerCallback): Timer;
}

interface List {
  readonly delayMs: number;
  readonly head: Entry;
}

class Entry implements Timer {
  next: Entry = this;
  previous: Entry = this;
  dueMs = 0;
  readonly owner: TimerCallback | undefined;

  constructor(owner: TimerCallback | undefined) {
    this.owner = owner;
  }

  cancel(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this;
    this.previous = this;
  }
}

/**
 * Timers for a proxy: nearly all of them are cancelled long before they are due, and there are few different delays.
 * Timers of one delay are one linked list in due order, so starting and cancelling are a few assignments; one system
 * timer is armed for the earliest list and never re-armed by a cancel. The system timer does not keep the process alive.
 */
export class SystemTimers implements Timers {
  private readonly lists = new Map<number, List>();
  private readonly clock: Clock;
  private armed: NodeJS.Timeout | undefined;
  private armedForMs = Infinity;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  start(delayMs: number, owner: TimerCallback): Timer {
    let list = this.lists.get(delayMs);
    if (list === undefined) {
      list = { delayMs, head: new Entry(undefined) };
      this.lists.set(delayMs, list);
    }
    const entry = new Entry(owner);
    entry.dueMs = this.clock.nowMs() + delayMs;
    const last = list.head.previous;
    entry.previous = last;
    entry.next = list.head;
    last.next = entry;
    list.head.previous = entry;
    if (entry.dueMs < this.armedForMs) this.arm(entry.dueMs);
    return entry;
  }

  private arm(dueMs: number): void {
    clearTimeout(this.armed);
    this.armedForMs = dueMs;
    this.armed = setTimeout(this.fire, Math.max(0, Math.ceil(dueMs - this.clock.nowMs())));
    this.armed.unref();
  }

  private readonly fire = (): void => {
    this.armedForMs = Infinity;
    const now = this.clock.nowMs();
    let list = this.earliest();
    // One at a time, in due order over all lists: a timer that is due may cancel a later one that is due too.
    while (list !== undefined && list.head.next.dueMs <= now) {
      const due = list.head.next;
      due.cancel();
      due.owner?.onTimer(due);
      list = this.earliest();
    }
    if (list !== undefined && list.head.next.dueMs < this.armedForMs) this.arm(list.head.next.dueMs);
  };

  /** The list whose first timer is due first. Lists that ran empty are dropped on the way: back-off with jitter makes many. */
  private earliest(): List | undefined {
    let earliest: List | undefined;
    for (const list of this.lists.values()) {
      if (list.head.next === list.head) this.lists.delete(list.delayMs);
      else if (earliest === undefined || list.head.next.dueMs < earliest.head.next.dueMs) earliest = list;
    }
    return earliest;
  }
}

/** Calls `task` after `delayMs`: for the control path, where a closure costs nothing that matters. */
export function after(timers: Timers, delayMs: number, task: () => void): Timer {
  return timers.start(delayMs, { onTimer: task });
}
