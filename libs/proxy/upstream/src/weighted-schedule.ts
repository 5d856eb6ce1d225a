import type { UpstreamHost } from './host.ts';
import type { Picker } from './load-balancer.ts';

/** Deadlines this near each other are the same one, reached by other sums. */
const SAME = 1e-9;
/** Above it deadlines begin anew: their fractions would get lost in large numbers. */
const FAR = 1e6;

interface Entry {
  readonly host: UpstreamHost;
  /** The moment of its next turn, on a scale where a host of weight w has a turn each 1/w. */
  deadline: number;
  /** Breaks ties: who has waited longer comes first. */
  turn: number;
}

/**
 * Weighted round robin that spreads a host's turns evenly: the host whose deadline is nearest has the turn, and its next
 * one comes 1/weight later. A binary heap, so a pick costs a few comparisons whatever the number of hosts.
 */
export class WeightedSchedule implements Picker {
  private readonly heap: Entry[] = [];
  private turns = 0;

  constructor(hosts: readonly UpstreamHost[]) {
    for (const host of hosts) {
      this.heap.push({ host, deadline: 1 / host.weight, turn: this.turns });
      this.turns += 1;
    }
    for (let i = this.heap.length >> 1; i >= 0; i -= 1) this.sink(i);
  }

  pick(): UpstreamHost | undefined {
    const first = this.heap[0];
    if (first === undefined) return undefined;
    if (first.deadline > FAR) this.rebase(first.deadline);
    first.deadline += 1 / first.host.weight;
    first.turn = this.turns;
    this.turns += 1;
    this.sink(0);
    return first.host;
  }

  private rebase(by: number): void {
    for (const entry of this.heap) entry.deadline -= by;
  }

  private sink(from: number): void {
    const { heap } = this;
    const entry = heap[from];
    if (entry === undefined) return;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (!before(heap[child] as Entry, entry)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = entry;
  }
}

function before(a: Entry, b: Entry): boolean {
  const ahead = b.deadline - a.deadline;
  return ahead > SAME || (ahead > -SAME && a.turn < b.turn);
}
