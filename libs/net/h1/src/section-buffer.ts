const EMPTY = Buffer.alloc(0);

/** Keeps the beginning of a head or of trailers until the rest has come. Doubles as it grows, so slow senders cost no more. */
export class SectionBuffer {
  length = 0;
  private bytes: Buffer = EMPTY;

  append(chunk: Buffer, from: number): void {
    const needed = this.length + chunk.length - from;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(1024, needed, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    chunk.copy(this.bytes, this.length, from);
    this.length = needed;
  }

  /** What was kept so far, without taking it. */
  get kept(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Hands over what was kept; the buffer starts anew. */
  take(): Buffer {
    const { kept } = this;
    this.bytes = EMPTY;
    this.length = 0;
    return kept;
  }
}
