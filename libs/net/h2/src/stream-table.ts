import type { Http2Stream } from './stream.ts';

const SMALLEST_SLOTS = 16;

/**
 * The streams of a connection by their ids. Ids come in order and most streams are short, so that the id itself is a good hash;
 * a Map spends more on growing and shrinking than all look-ups cost.
 */
export class StreamTable {
  size = 0;
  private slots: (Http2Stream | undefined)[] = [];
  private mask = -1;
  /** Streams that do not stand where their id says. */
  private displaced = 0;

  get(id: number): Http2Stream | undefined {
    const { slots, mask } = this;
    if (this.size === 0) return undefined;
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose id is not in the table. */
  add(stream: Http2Stream): void {
    // Half of the slots stay free, which keeps the runs between them short and ends every search.
    if (this.size * 2 >= this.slots.length) this.resize(Math.max(SMALLEST_SLOTS, this.slots.length * 2));
    this.place(stream);
    this.size += 1;
  }

  /** Removes the stream with this id, if it is there. */
  delete(id: number): void {
    const { slots, mask } = this;
    if (this.size === 0) return;
    let hole = (id >>> 1) & mask;
    while (slots[hole]?.id !== id) {
      if (slots[hole] === undefined) return;
      hole = (hole + 1) & mask;
    }
    this.size -= 1;
    if (hole !== ((id >>> 1) & mask)) this.displaced -= 1;
    // Ids in a row stand in a row, each at its own place, and leave it without a look at their neighbours.
    if (this.displaced > 0) hole = this.closeUp(hole);
    slots[hole] = undefined;
    // After a crowd has left; an idle connection keeps the smallest table.
    if (this.size === 0 && slots.length > SMALLEST_SLOTS * 4) this.resize(SMALLEST_SLOTS);
  }

  /** What stands behind a hole moves into it where its own search would end there. Gives the hole that is left. */
  private closeUp(from: number): number {
    const { slots, mask } = this;
    let hole = from;
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined) return hole;
      const home = (stream.id >>> 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = stream;
      if (hole === home) this.displaced -= 1;
      hole = at;
    }
  }

  /** All streams as of now. */
  list(): Http2Stream[] {
    return this.slots.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id);
  }

  private place(stream: Http2Stream): void {
    const { slots, mask } = this;
    const home = (stream.id >>> 1) & mask;
    let at = home;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
    if (at !== home) this.displaced += 1;
  }

  private resize(size: number): void {
    const { slots } = this;
    this.slots = new Array<Http2Stream | undefined>(size).fill(undefined);
    this.mask = size - 1;
    this.displaced = 0;
    for (const stream of slots) if (stream !== undefined) this.place(stream);
  }
}
