import type { ActiveStream } from './active-stream.ts';

/**
 * The streams of one connection: linked among themselves, for adding and removing cost next to nothing that way. A Set makes
 * a new table every few requests, and its old tables keep each other, and the streams in them, alive beyond their time.
 */
export class StreamList {
  size = 0;
  private first: ActiveStream | undefined;

  add(stream: ActiveStream): void {
    const { first } = this;
    stream.nextStream = first;
    if (first !== undefined) first.previousStream = stream;
    this.first = stream;
    this.size += 1;
  }

  /** Removes a stream that is in the list. */
  remove(stream: ActiveStream): void {
    const { nextStream: next, previousStream: previous } = stream;
    if (previous === undefined) this.first = next;
    else previous.nextStream = next;
    if (next !== undefined) next.previousStream = previous;
    // What is over must hold on to nothing.
    stream.nextStream = undefined;
    stream.previousStream = undefined;
    this.size -= 1;
  }

  /** All of them as of now. */
  toArray(): ActiveStream[] {
    const all: ActiveStream[] = [];
    for (let stream = this.first; stream !== undefined; stream = stream.nextStream) all.push(stream);
    return all;
  }
}
