import { FRAME_HEADER_BYTES, MIN_MAX_FRAME_BYTES } from './frame.ts';

/** What a reader calls. */
export interface FrameOwner {
  /** A whole frame; the reader's fields hold it until the call returns. */
  onFrame(): void;
  /** A frame is longer than we allow (RFC 9113 section 4.2). The owner stops the reader. */
  onFrameTooLong(): void;
  /** The connection does not begin as HTTP/2 does. The owner stops the reader. */
  onBadPreface(): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * Cuts what a connection brings into frames. Its fields hold the latest frame, so that there is no object for each. A frame
 * that comes in pieces is put together once, in a buffer of its own; nothing else is copied.
 */
export class FrameReader {
  type = 0;
  flags = 0;
  streamId = 0;
  /** The payload is `bytes[start..end)`. */
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;
  private readonly owner: FrameOwner;
  private preface: Buffer;
  private partial: Buffer = NOTHING;
  private filled = 0;
  private stopped = false;

  /** @param preface what the peer sends first; empty for servers' peers. */
  constructor(owner: FrameOwner, preface: Buffer = NOTHING) {
    this.owner = owner;
    this.preface = preface;
  }

  get payloadBytes(): number {
    return this.end - this.start;
  }

  /** Reads no more, whatever comes. */
  stop(): void {
    this.stopped = true;
    this.partial = NOTHING;
    this.filled = 0;
  }

  read(chunk: Buffer): void {
    let at = this.preface.length > 0 ? this.readPreface(chunk) : 0;
    while (!this.stopped && at < chunk.length) {
      if (this.filled > 0) {
        at = this.fill(chunk, at);
        continue;
      }
      const left = chunk.length - at;
      if (left < FRAME_HEADER_BYTES) {
        this.keep(chunk, at, FRAME_HEADER_BYTES);
        return;
      }
      const length = frameLength(chunk, at);
      if (length > MIN_MAX_FRAME_BYTES) {
        this.owner.onFrameTooLong();
        return;
      }
      const size = FRAME_HEADER_BYTES + length;
      if (left < size) {
        this.keep(chunk, at, size);
        return;
      }
      this.deliver(chunk, at, size);
      at += size;
    }
  }

  private readPreface(chunk: Buffer): number {
    const { preface } = this;
    const count = Math.min(preface.length, chunk.length);
    if (chunk.compare(preface, 0, count, 0, count) !== 0) {
      this.owner.onBadPreface();
      return chunk.length;
    }
    this.preface = preface.subarray(count);
    return count;
  }

  private keep(chunk: Buffer, at: number, size: number): void {
    this.partial = Buffer.allocUnsafe(size);
    this.filled = chunk.copy(this.partial, 0, at);
  }

  private fill(chunk: Buffer, at: number): number {
    const count = chunk.copy(this.partial, this.filled, at);
    this.filled += count;
    const { partial } = this;
    if (this.filled < partial.length) return at + count;
    const size = FRAME_HEADER_BYTES + frameLength(partial, 0);
    if (size > FRAME_HEADER_BYTES + MIN_MAX_FRAME_BYTES) this.owner.onFrameTooLong();
    else if (size > partial.length) {
      // So far only the head was awaited.
      this.partial = Buffer.allocUnsafe(size);
      partial.copy(this.partial);
    } else {
      this.partial = NOTHING;
      this.filled = 0;
      this.deliver(partial, 0, size);
    }
    return at + count;
  }

  private deliver(bytes: Buffer, at: number, size: number): void {
    this.type = bytes[at + 3] as number;
    this.flags = bytes[at + 4] as number;
    this.streamId = uint31(bytes, at + 5);
    this.bytes = bytes;
    this.start = at + FRAME_HEADER_BYTES;
    this.end = at + size;
    this.owner.onFrame();
    this.bytes = NOTHING;
  }
}

function frameLength(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}

/** 31 bits; the first bit is reserved and ignored (RFC 9113 section 4.1). */
export function uint31(bytes: Buffer, at: number): number {
  return uint32(bytes, at) & 0x7fff_ffff;
}

export function uint32(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
