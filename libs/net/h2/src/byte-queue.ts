import { ByteWriter } from './byte-writer.ts';

/** Smaller chunks are copied together: each would keep alive whatever larger buffer it was cut from. */
const COPY_BELOW_BYTES = 2048;

/** Bytes that wait, first in first out. */
export class ByteQueue {
  length = 0;
  private readonly chunks: Buffer[] = [];
  private first = 0;
  private readonly tail = new ByteWriter();

  push(chunk: Buffer): void {
    this.length += chunk.length;
    if (chunk.length < COPY_BELOW_BYTES) {
      this.tail.copy(chunk, 0, chunk.length);
      return;
    }
    this.closeTail();
    this.chunks.push(chunk);
  }

  /** The next piece, of at most `max` bytes. There is something in the queue. */
  take(max: number): Buffer {
    if (this.first === this.chunks.length) this.closeTail();
    const chunk = this.chunks[this.first] as Buffer;
    if (chunk.length > max) {
      this.chunks[this.first] = chunk.subarray(max);
      this.length -= max;
      return chunk.subarray(0, max);
    }
    this.first += 1;
    // Never all at once, never for each: a queue that is never empty must not keep what it gave away.
    if (this.first === this.chunks.length || this.first >= 32) {
      this.chunks.splice(0, this.first);
      this.first = 0;
    }
    this.length -= chunk.length;
    return chunk;
  }

  private closeTail(): void {
    if (this.tail.length > 0) this.chunks.push(this.tail.take());
  }
}
