import { turnWrites, type HeldWriter, type Transport } from '@weft/core-bytes';
import { ByteWriter } from './byte-writer.ts';
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_SENT_FRAME_BYTES } from './frame.ts';
import { HpackEncoder } from './hpack/index.ts';
import { OutboundFrames } from './outbound-frames.ts';
import type { Http2Settings } from './settings.ts';

/**
 * More than this is not gathered, so that the transport's watermark is heard of. As large as the writer's largest start: it never
 * has to grow, and copy what it has, for bodies.
 */
const FLUSH_BYTES = 64 * 1024;

/**
 * What a connection sends: frames of all streams gather in one buffer, which is handed to the transport once a turn of the
 * event loop. Bodies are copied here, once: a frame's head and payload written apart would cost a system call each.
 */
export class Output implements HeldWriter {
  /** The transport is above its high watermark, and has not drained yet. */
  full = false;
  readonly frames: OutboundFrames;
  readonly encoder: HpackEncoder;
  readonly writer = new ByteWriter();
  private readonly transport: Transport;
  private dirty = false;
  private gone = false;

  constructor(transport: Transport, settings: Http2Settings) {
    this.transport = transport;
    this.frames = new OutboundFrames(settings);
    this.encoder = new HpackEncoder(settings.hpackTableBytes);
  }

  /** Begins a frame whose payload, of `length` bytes, is written to `writer` next. */
  begin(length: number, type: number, flags: number, streamId: number): void {
    const { writer } = this;
    if (writer.length + FRAME_HEADER_BYTES + length > FLUSH_BYTES) this.flush();
    this.frames.add();
    writer.ensure(FRAME_HEADER_BYTES + length);
    writeFrameHeader(writer.bytes, writer.length, length, (type << 8) | flags);
    writer.length += 5;
    writer.uint32(streamId);
    this.touch();
  }

  /** Begins a header block; `end` is to be given what this returns. The fields are written by `encoder` in between. */
  beginBlock(): number {
    const { writer } = this;
    if (writer.length > FLUSH_BYTES) this.flush();
    writer.ensure(256);
    const at = writer.length;
    writer.length = at + FRAME_HEADER_BYTES;
    this.encoder.begin(writer);
    return at;
  }

  /** Returns how many bytes its frames have. */
  endBlock(at: number, streamId: number, end: boolean): number {
    const { writer } = this;
    const length = writer.length - at - FRAME_HEADER_BYTES;
    if (length > MAX_SENT_FRAME_BYTES) {
      this.endLongBlock(at, streamId, end);
      return framedBytes(length);
    }
    this.frames.add();
    const { bytes } = writer;
    const flags = Flag.endHeaders | (end ? Flag.endStream : 0);
    writeFrameHeader(bytes, at, length, (FrameType.headers << 8) | flags);
    bytes[at + 5] = streamId >>> 24;
    bytes[at + 6] = streamId >>> 16;
    bytes[at + 7] = streamId >>> 8;
    bytes[at + 8] = streamId;
    this.touch();
    return length + FRAME_HEADER_BYTES;
  }

  /** A block that needs CONTINUATION frames is moved out of the way and copied back in pieces. */
  private endLongBlock(at: number, streamId: number, end: boolean): void {
    const { writer } = this;
    const block = Buffer.from(writer.bytes.subarray(at + FRAME_HEADER_BYTES, writer.length));
    writer.length = at;
    for (let from = 0; from < block.length; from += MAX_SENT_FRAME_BYTES) {
      const to = Math.min(block.length, from + MAX_SENT_FRAME_BYTES);
      const type = from === 0 ? FrameType.headers : FrameType.continuation;
      const flags = (from === 0 && end ? Flag.endStream : 0) | (to === block.length ? Flag.endHeaders : 0);
      this.begin(to - from, type, flags, streamId);
      writer.copy(block, from, to);
    }
  }

  private touch(): void {
    if (this.dirty) return;
    this.dirty = true;
    turnWrites.addGatherer(this);
  }

  /** Called at the end of the turn. */
  writeHeld(): void {
    if (this.dirty) this.flush();
  }

  /** Hands on what has gathered, now. */
  flush(): void {
    this.dirty = false;
    const { writer, transport, frames } = this;
    if (writer.length === 0) return;
    if (this.gone) {
      writer.take();
      return;
    }
    frames.release(transport.bufferedBytes);
    frames.handedOver(writer.length);
    if (!transport.write(writer.take())) this.full = true;
  }

  /** The connection is gone, with what had gathered and what waited in the transport. */
  discard(): void {
    this.gone = true;
    this.frames.clear();
  }

  /** Says whether the peer does not read what we must answer. */
  flooded(): boolean {
    this.frames.release(this.transport.bufferedBytes);
    return this.frames.flooded();
  }
}

/** So many bytes, not none, in frames that are as long as may be. */
export function framedBytes(length: number): number {
  return length + FRAME_HEADER_BYTES * Math.ceil(length / MAX_SENT_FRAME_BYTES);
}

/** `typeAndFlags`: the type above the flags. */
function writeFrameHeader(bytes: Buffer, at: number, length: number, typeAndFlags: number): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = typeAndFlags >>> 8;
  bytes[at + 4] = typeAndFlags;
}
