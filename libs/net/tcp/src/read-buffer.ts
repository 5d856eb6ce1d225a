/** What one read takes at most; libuv reads no more than this at once either. */
const READ_BYTES = 64 * 1024;
const SLAB_BYTES = 64 * 1024;

/**
 * Where outgoing connections read into. All of them share one buffer, for a read is handed on before the next one happens;
 * what is handed on is a copy, cut from slabs, that its receiver may keep. A read so costs a short copy in place of an
 * allocation of 64 KiB and its return.
 */
export class ReadBuffer {
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  private slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private used = 0;

  /** A copy of the first `bytes` of `from`. */
  take(bytes: number, from: Buffer = this.buffer): Buffer {
    if (SLAB_BYTES - this.used < bytes) {
      // A large read gets a buffer of its own, so that it does not waste what is left of the slab.
      if (bytes >= SLAB_BYTES / 4) return Buffer.from(from.subarray(0, bytes));
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.used = 0;
    }
    const copy = this.slab.subarray(this.used, this.used + bytes);
    from.copy(copy, 0, 0, bytes);
    this.used += bytes;
    return copy;
  }
}

/** The process's: reads are the event loop's, one at a time, whichever proxy they belong to. */
export const sharedReads = new ReadBuffer();
