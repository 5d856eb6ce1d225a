import type { HeaderMap } from '@weft/core-http';
import { ByteQueue } from './byte-queue.ts';
import { writeTrailers } from './encode-head.ts';
import type { FloodGuard } from './flood-guard.ts';
import {
  DEFAULT_WINDOW_BYTES,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  MAX_SENT_FRAME_BYTES,
  MAX_WINDOW_BYTES,
} from './frame.ts';
import { framedBytes, type Output } from './output.ts';
import type { Http2Settings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

const EMPTY = Buffer.alloc(0);

/** What it tells its connection. */
export interface SendingOwner {
  /** END_STREAM of `stream` is written. */
  onLocalEnd(stream: Http2Stream): void;
}

/**
 * Bodies and trailers on their way out: what the windows and the transport take goes at once, the rest waits in its stream.
 * Streams that wait send a frame each, in turn (RFC 9113 section 5.2).
 */
export class Sending {
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  initialWindow = DEFAULT_WINDOW_BYTES;
  /** What the peer takes on all streams together. */
  private window = DEFAULT_WINDOW_BYTES;
  private readonly owner: SendingOwner;
  private readonly output: Output;
  private readonly settings: Http2Settings;
  private readonly guard: FloodGuard;
  private firstReady: Http2Stream | undefined;
  private lastReady: Http2Stream | undefined;

  constructor(owner: SendingOwner, output: Output, settings: Http2Settings, guard: FloodGuard) {
    this.owner = owner;
    this.output = output;
    this.settings = settings;
    this.guard = guard;
  }

  data(stream: Http2Stream, chunk: Buffer, end: boolean): boolean {
    const { output } = this;
    if (end) stream.ending = true;
    else if (chunk.length === 0) return true;
    let rest = chunk;
    if (stream.queue === undefined || stream.queue.length === 0) {
      const sent = output.full ? 0 : Math.max(0, Math.min(chunk.length, stream.sendWindow, this.window));
      // The end alone needs no window.
      if (sent === chunk.length) {
        this.write(stream, chunk, end);
        // Who has written the end has nothing to hold back.
        return end || this.judge(stream);
      }
      if (sent > 0) {
        this.write(stream, chunk.subarray(0, sent), false);
        rest = chunk.subarray(sent);
      }
    }
    stream.queue ??= new ByteQueue();
    stream.queue.push(rest);
    this.settings.stats.pendingSendBytes.add(rest.length);
    this.makeReady(stream);
    if (end) this.startFlushTimer(stream);
    return end || this.judge(stream);
  }

  trailers(stream: Http2Stream, trailers: HeaderMap): void {
    stream.ending = true;
    if (stream.queue !== undefined && stream.queue.length > 0) {
      stream.queuedTrailers = trailers;
      this.startFlushTimer(stream);
    } else this.writeTrailers(stream, trailers);
  }

  /** The peer gives `increment` bytes more for a stream. False: more than a window may be. */
  streamWindowUpdate(stream: Http2Stream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW_BYTES) return false;
    if (stream.queue !== undefined && stream.queue.length > 0) {
      this.makeReady(stream);
      this.pump();
    }
    return true;
  }

  /** The peer gives `increment` bytes more for the connection. False: more than a window may be. */
  connectionWindowUpdate(increment: number): boolean {
    this.window += increment;
    if (this.window > MAX_WINDOW_BYTES) return false;
    this.pump();
    return true;
  }

  /** The peer's initial window changed; all its streams' windows change by as much, `pump` uses them. False: one would be too large. */
  changeInitialWindow(size: number, streams: Iterable<Http2Stream>): boolean {
    const change = size - this.initialWindow;
    this.initialWindow = size;
    for (const stream of streams) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_BYTES) return false;
      if (stream.queue !== undefined && stream.queue.length > 0) this.makeReady(stream);
    }
    return true;
  }

  /** The transport takes more. */
  drained(streams: Iterable<Http2Stream>): void {
    this.pump();
    for (const stream of streams) this.tellDrained(stream);
  }

  /** Forgets what a stream had to send. */
  drop(stream: Http2Stream): void {
    if (stream.queue === undefined) return;
    this.settings.stats.pendingSendBytes.sub(stream.queue.length);
    stream.queue = undefined;
    stream.queuedTrailers = undefined;
  }

  private makeReady(stream: Http2Stream): void {
    if (stream.ready || stream.sendWindow <= 0) return;
    stream.ready = true;
    if (this.lastReady === undefined) this.firstReady = stream;
    else this.lastReady.nextReady = stream;
    this.lastReady = stream;
  }

  private popReady(): Http2Stream | undefined {
    const stream = this.firstReady;
    if (stream === undefined) return undefined;
    this.firstReady = stream.nextReady;
    if (this.firstReady === undefined) this.lastReady = undefined;
    stream.nextReady = undefined;
    stream.ready = false;
    return stream;
  }

  /** Sends what waits, as far as windows and transport allow. */
  pump(): void {
    while (!this.output.full && this.window > 0) {
      const stream = this.popReady();
      if (stream === undefined) return;
      this.sendQueued(stream);
    }
  }

  /** One frame of what waits. */
  private sendQueued(stream: Http2Stream): void {
    const { queue } = stream;
    if (queue === undefined || queue.length === 0) return;
    const budget = Math.min(MAX_SENT_FRAME_BYTES, stream.sendWindow, this.window);
    if (budget <= 0) return;
    const piece = queue.take(budget);
    this.settings.stats.pendingSendBytes.sub(piece.length);
    const last = queue.length === 0;
    this.write(stream, piece, last && stream.ending && stream.queuedTrailers === undefined);
    if (!last) this.makeReady(stream);
    else if (stream.queuedTrailers !== undefined) this.writeTrailers(stream, stream.queuedTrailers);
    this.tellDrained(stream);
  }

  private write(stream: Http2Stream, chunk: Buffer, end: boolean): void {
    const { output } = this;
    const { writer } = output;
    const { length } = chunk;
    let from = 0;
    do {
      const to = Math.min(length, from + MAX_SENT_FRAME_BYTES);
      output.begin(to - from, FrameType.data, end && to === length ? Flag.endStream : 0, stream.id);
      if (to > from) writer.copy(chunk, from, to);
      this.guard.dataFrameSent();
      from = to;
    } while (from < length);
    if (stream.bytes !== undefined) stream.bytes.sent += length === 0 ? FRAME_HEADER_BYTES : framedBytes(length);
    stream.sendWindow -= length;
    this.window -= length;
    if (end) this.ended(stream);
  }

  private writeTrailers(stream: Http2Stream, trailers: HeaderMap): void {
    stream.queuedTrailers = undefined;
    // Nothing to say is said by an empty DATA frame: an empty header block would be an odd thing to find.
    if (!writeTrailers(this.output, stream, trailers)) this.write(stream, EMPTY, true);
    else this.ended(stream);
  }

  private startFlushTimer(stream: Http2Stream): void {
    const { streamFlushTimeout } = this.settings;
    if (streamFlushTimeout !== undefined)
      stream.flushTimer = streamFlushTimeout.timers.start(streamFlushTimeout.ms, stream);
  }

  private ended(stream: Http2Stream): void {
    stream.localEnded = true;
    stream.flushTimer?.cancel();
    this.owner.onLocalEnd(stream);
  }

  private judge(stream: Http2Stream): boolean {
    const waiting = stream.queue === undefined ? 0 : stream.queue.length;
    if (waiting < this.settings.streamBufferLimitBytes && !this.output.full) return true;
    stream.awaitsDrain = true;
    return false;
  }

  private tellDrained(stream: Http2Stream): void {
    if (!stream.awaitsDrain || this.output.full) return;
    const waiting = stream.queue === undefined ? 0 : stream.queue.length;
    if (waiting > this.settings.streamBufferLimitBytes >> 1) return;
    stream.awaitsDrain = false;
    stream.receiver?.drained();
  }
}
