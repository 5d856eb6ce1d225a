/** What a writer starts with: below half of Node's buffer pool, so that a short burst of frames costs no allocation. */
const SMALLEST_BYTES = 2048;
const LARGEST_START_BYTES = 65_536;
const NOTHING = Buffer.alloc(0);

/**
 * A growing output buffer. It holds memory only between the first write and `take`, so that an idle connection holds none,
 * and starts each time with about what was needed the last time.
 */
export class ByteWriter {
  /** The memory written to. Valid up to `length`; replaced whenever it grows: do not keep it across a write. */
  bytes: Buffer = NOTHING;
  /** Bytes written since the last `take`. May be set back, to unwrite. */
  length = 0;
  private startBytes = SMALLEST_BYTES;

  /** Makes room for `n` more bytes; a caller that did may write `bytes` itself and move `length` on. */
  ensure(n: number): void {
    const needed = this.length + n;
    if (needed > this.bytes.length) this.grow(needed);
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(this.length + 1);
    this.bytes[this.length++] = value;
  }

  uint16(value: number): void {
    this.ensure(2);
    const { bytes, length } = this;
    bytes[length] = value >>> 8;
    bytes[length + 1] = value;
    this.length = length + 2;
  }

  uint24(value: number): void {
    this.ensure(3);
    const { bytes, length } = this;
    bytes[length] = value >>> 16;
    bytes[length + 1] = value >>> 8;
    bytes[length + 2] = value;
    this.length = length + 3;
  }

  uint32(value: number): void {
    this.ensure(4);
    const { bytes, length } = this;
    bytes[length] = value >>> 24;
    bytes[length + 1] = value >>> 16;
    bytes[length + 2] = value >>> 8;
    bytes[length + 3] = value;
    this.length = length + 4;
  }

  /** Each character's low byte. */
  latin1(text: string): void {
    const size = text.length;
    this.ensure(size);
    const { bytes, length } = this;
    // A call into the runtime costs more than a short loop.
    if (size < 48) for (let i = 0; i < size; i++) bytes[length + i] = text.charCodeAt(i);
    else bytes.write(text, length, 'latin1');
    this.length = length + size;
  }

  /** Copies a few octets. */
  octets(from: Uint8Array): void {
    const size = from.length;
    this.ensure(size);
    const { bytes, length } = this;
    for (let i = 0; i < size; i++) bytes[length + i] = from[i] as number;
    this.length = length + size;
  }

  /** Copies `from[start … end)`. */
  copy(from: Buffer, start: number, end: number): void {
    this.ensure(end - start);
    from.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  /** What was written, the caller's from now on; the writer starts anew. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    const { startBytes } = this;
    if (this.length > startBytes) this.startBytes = Math.min(LARGEST_START_BYTES, startBytes * 2);
    else if (this.length < startBytes >> 2) this.startBytes = Math.max(SMALLEST_BYTES, startBytes >> 1);
    this.bytes = NOTHING;
    this.length = 0;
    return taken;
  }

  private grow(needed: number): void {
    const { bytes } = this;
    const grown = Buffer.allocUnsafe(Math.max(needed, bytes.length === 0 ? this.startBytes : bytes.length * 2));
    if (this.length > 0) bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
