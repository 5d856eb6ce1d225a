import type { HeaderMap } from '@weft/core-http';
import { ByteQueue } from './byte-queue.ts';
import { FRAME_HEADER_BYTES, FrameType } from './frame.ts';
import type { Output } from './output.ts';
import type { Http2Settings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/** What was held is handed on in pieces of this, so that its receiver can pause again. */
const PIECE_BYTES = 64 * 1024;
const EMPTY = Buffer.alloc(0);

/** What it tells its connection. */
export interface ReceivingOwner {
  /** The last of what `stream` received was delivered. */
  onDelivered(stream: Http2Stream): void;
}

/**
 * Bodies and trailers on their way in. What the receiver took is given back to the peer in halves of a window; what comes
 * while it has paused waits here, never more than the window that the peer was given.
 */
export class Receiving {
  /** Bytes the peer may still send on all streams together. */
  private window: number;
  private consumed = 0;
  private readonly owner: ReceivingOwner;
  private readonly output: Output;
  private readonly settings: Http2Settings;

  constructor(owner: ReceivingOwner, output: Output, settings: Http2Settings) {
    this.owner = owner;
    this.output = output;
    this.settings = settings;
    this.window = settings.initialConnectionWindowBytes;
  }

  /** Takes `bytes` of a DATA frame out of the connection's window; false where it is too small. */
  charge(bytes: number): boolean {
    this.window -= bytes;
    return this.window >= 0;
  }

  /** Likewise of a stream's. */
  chargeStream(stream: Http2Stream, bytes: number): boolean {
    stream.receiveWindow -= bytes;
    return stream.receiveWindow >= 0;
  }

  /** `chunk` arrived; the receiver's now, or when it resumes. */
  data(stream: Http2Stream, chunk: Buffer, end: boolean): void {
    if (stream.pauses > 0 || stream.held !== undefined) {
      stream.held ??= new ByteQueue();
      stream.held.push(chunk);
      if (end) this.holdEnd(stream);
      return;
    }
    this.deliver(stream, chunk, end);
    if (end) this.owner.onDelivered(stream);
  }

  trailers(stream: Http2Stream, trailers: HeaderMap): void {
    if (stream.pauses > 0 || stream.held !== undefined) {
      stream.held ??= new ByteQueue();
      stream.heldTrailers = trailers;
      this.holdEnd(stream);
      return;
    }
    stream.receiver?.trailers(trailers);
    this.owner.onDelivered(stream);
  }

  /** The user resumed. What was held comes after its call stack: whoever resumes does not expect data from inside the call. */
  resumed(stream: Http2Stream): void {
    this.giveBack(stream);
    if (stream.held !== undefined) process.nextTick(deliverHeld, this, stream);
  }

  /** Gives `bytes` back to the peer, for `stream` (if it is there, and open) and the connection. */
  credit(stream: Http2Stream | undefined, bytes: number): void {
    if (stream !== undefined && !stream.remoteEnded) {
      stream.consumed += bytes;
      if (stream.consumed >= this.settings.initialStreamWindowBytes >> 1) {
        stream.receiveWindow += stream.consumed;
        this.windowUpdate(stream.id, stream.consumed);
        if (stream.bytes !== undefined) stream.bytes.sent += FRAME_HEADER_BYTES + 4;
        stream.consumed = 0;
      }
    }
    this.consumed += bytes;
    if (this.consumed < this.settings.initialConnectionWindowBytes >> 1) return;
    this.window += this.consumed;
    this.windowUpdate(0, this.consumed);
    this.consumed = 0;
  }

  /** The stream is over: what it had not given back the connection gets. */
  drop(stream: Http2Stream): void {
    let bytes = stream.withheld;
    stream.withheld = 0;
    if (stream.held !== undefined) {
      bytes += stream.held.length;
      if (stream.heldEnd) this.settings.stats.deferredStreamClose.dec();
      stream.held = undefined;
    }
    if (bytes > 0) this.credit(undefined, bytes);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.output.begin(4, FrameType.windowUpdate, 0, streamId);
    this.output.writer.uint32(bytes);
  }

  private deliver(stream: Http2Stream, chunk: Buffer, end: boolean): void {
    // Backpressure is the receiver's to ask for, by pause.
    stream.receiver?.data(chunk, end);
    if (stream.connection === undefined) this.credit(undefined, chunk.length);
    else if (stream.pauses > 0) stream.withheld += chunk.length;
    else this.credit(stream, chunk.length);
  }

  private giveBack(stream: Http2Stream): void {
    const { withheld } = stream;
    stream.withheld = 0;
    if (withheld > 0) this.credit(stream, withheld);
  }

  private holdEnd(stream: Http2Stream): void {
    stream.heldEnd = true;
    this.settings.stats.deferredStreamClose.inc();
  }

  /** Called for a stream that resumed. */
  deliverHeld(stream: Http2Stream): void {
    const { held } = stream;
    if (held === undefined) return;
    while (stream.connection !== undefined && stream.pauses === 0) {
      const end = stream.heldEnd && stream.heldTrailers === undefined;
      if (held.length === 0) break;
      const piece = held.take(PIECE_BYTES);
      if (held.length === 0 && end) {
        this.release(stream);
        this.deliver(stream, piece, true);
        this.owner.onDelivered(stream);
        return;
      }
      this.deliver(stream, piece, false);
    }
    if (stream.connection === undefined || stream.pauses > 0) return;
    this.release(stream);
    this.endHeld(stream);
  }

  /** All that was held is delivered; its end may not be. */
  private endHeld(stream: Http2Stream): void {
    if (!stream.heldEnd) return;
    if (stream.heldTrailers !== undefined) stream.receiver?.trailers(stream.heldTrailers);
    else stream.receiver?.data(EMPTY, true);
    this.owner.onDelivered(stream);
  }

  private release(stream: Http2Stream): void {
    stream.held = undefined;
    if (stream.heldEnd) this.settings.stats.deferredStreamClose.dec();
  }
}

function deliverHeld(receiving: Receiving, stream: Http2Stream): void {
  receiving.deliverHeld(stream);
}
