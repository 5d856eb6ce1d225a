import type { Transport } from '@weft/core-bytes';
import type { WireBytes } from '@weft/core-http';
import { Details } from './details.ts';
import { type FieldCollector, Fault } from './field-collector.ts';
import { FloodGuard } from './flood-guard.ts';
import { ErrorCode, Flag, FRAME_HEADER_BYTES, FrameType } from './frame.ts';
import { FrameReader, uint31, uint32, type FrameOwner } from './frame-reader.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder, type HpackSink } from './hpack/index.ts';
import { Output } from './output.ts';
import { PeerSettings } from './peer-settings.ts';
import { Receiving, type ReceivingOwner } from './receiving.ts';
import { ResetMemory } from './reset-memory.ts';
import { Sending, type SendingOwner } from './sending.ts';
import type { Http2Settings } from './settings.ts';
import type { Http2Stream } from './stream.ts';
import { StreamTable } from './stream-table.ts';
import { TrailerFields } from './trailer-fields.ts';

/** Decodes a block for its effect on the table only. */
const DISCARD: HpackSink = { field: () => undefined };
const NOTHING = Buffer.alloc(0);

/**
 * The lower half of a connection: what each kind of frame means, whichever the side (RFC 9113 section 6). It finds what is wrong;
 * what becomes of the stream or the connection then is for the upper half, `Http2Connection`.
 */
export abstract class FrameHandler implements FrameOwner, SendingOwner, ReceivingOwner {
  readonly sending: Sending;
  readonly receiving: Receiving;
  protected readonly streams = new StreamTable();
  protected readonly output: Output;
  protected readonly guard: FloodGuard;
  protected readonly reader: FrameReader;
  protected readonly peer: PeerSettings;
  protected readonly common: Http2Settings;
  protected readonly resets = new ResetMemory();
  private readonly decoder: HpackDecoder;
  private readonly block = new HeaderBlock();
  private readonly trailerFields: TrailerFields;
  private sawSettings = false;
  /** The header block that is judged: `blockBytes[blockStart..blockEnd)`. */
  private blockBytes: Buffer = NOTHING;
  private blockStart = 0;
  private blockEnd = 0;
  /** Its frames, with their heads. */
  private blockFramedBytes = 0;

  constructor(transport: Transport, settings: Http2Settings, peerPreface: Buffer) {
    this.common = settings;
    this.output = new Output(transport, settings);
    this.guard = new FloodGuard(settings);
    this.sending = new Sending(this, this.output, settings, this.guard);
    this.receiving = new Receiving(this, this.output, settings);
    this.reader = new FrameReader(this, peerPreface);
    this.peer = new PeerSettings(this.output, this.sending, this.streams);
    this.decoder = new HpackDecoder(settings.hpackTableBytes);
    this.trailerFields = new TrailerFields(settings);
  }

  /** A whole header block for `streamId` is there; `decode` or `skipBlock` reads it, exactly once. */
  protected abstract onBlock(streamId: number, end: boolean): void;
  /** Nobody has opened `streamId` yet. */
  protected abstract isIdle(streamId: number): boolean;
  /** The final head of `stream` has come. */
  protected abstract takesBody(stream: Http2Stream): boolean;
  protected abstract onReset(stream: Http2Stream, code: number): void;
  protected abstract onGoAway(lastStreamId: number): void;
  protected abstract onPeerSettings(): void;
  protected abstract onPong(): void;
  /** The peer broke the rules of the connection (RFC 9113 section 5.4.1). */
  protected abstract fail(code: ErrorCode, details: Details): void;
  /** The peer broke the rules on one stream (RFC 9113 section 5.4.2). */
  protected abstract streamError(streamId: number, code: ErrorCode): void;
  protected abstract sendReset(streamId: number, code: ErrorCode): void;
  abstract onLocalEnd(stream: Http2Stream): void;
  abstract onDelivered(stream: Http2Stream): void;

  // ---- what the reader calls

  onBadPreface(): void {
    this.fail(ErrorCode.protocolError, Details.badPreface);
  }

  onFrameTooLong(): void {
    this.fail(ErrorCode.frameSizeError, Details.frameSize);
  }

  onFrame(): void {
    const { type, flags, streamId } = this.reader;
    if (!this.sawSettings && (type !== FrameType.settings || (flags & Flag.ack) !== 0))
      return this.fail(ErrorCode.protocolError, Details.noSettings);
    const { block } = this;
    if (block.streamId !== 0 && (type !== FrameType.continuation || streamId !== block.streamId))
      return this.fail(ErrorCode.protocolError, Details.protocol);
    switch (type) {
      case FrameType.data:
        return this.onDataFrame();
      case FrameType.headers:
        return this.onHeadersFrame();
      case FrameType.continuation:
        return this.onContinuationFrame();
      case FrameType.windowUpdate:
        return this.onWindowUpdateFrame();
      case FrameType.rstStream:
        return this.onRstStreamFrame();
      case FrameType.settings:
        return this.onSettingsFrame();
      case FrameType.ping:
        return this.onPingFrame();
      case FrameType.priority:
        return this.onPriorityFrame();
      case FrameType.goAway:
        return this.onGoAwayFrame();
      case FrameType.pushPromise:
        return this.fail(ErrorCode.protocolError, Details.push);
      default:
      // Unknown frames are ignored (RFC 9113 section 5.5).
    }
  }

  // ---- frames of streams

  private onDataFrame(): void {
    const { reader } = this;
    const { bytes, flags, streamId, payloadBytes } = reader;
    const { start, end } = reader;
    if (streamId === 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (!this.unpad()) return;
    // The window counts padding too (RFC 9113 section 6.9.1).
    if (!this.receiving.charge(payloadBytes)) return this.fail(ErrorCode.flowControlError, Details.flowControl);
    const from = reader.start;
    const to = reader.end;
    if (from === to) {
      const flood = this.guard.judgeEmpty(flags);
      if (flood !== undefined) return this.fail(ErrorCode.enhanceYourCalm, flood);
    } else this.guard.notEmpty();
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.remoteEnded) return this.onLateData(streamId, payloadBytes);
    if (!this.receiving.chargeStream(stream, payloadBytes)) {
      this.receiving.credit(undefined, payloadBytes);
      return this.streamError(streamId, ErrorCode.flowControlError);
    }
    if (stream.bytes !== undefined) stream.bytes.received += payloadBytes + FRAME_HEADER_BYTES;
    const padding = payloadBytes - (to - from);
    if (padding > 0) this.receiving.credit(stream, padding);
    const ended = (flags & Flag.endStream) !== 0;
    stream.receivedBytes += to - from;
    if (!this.bodyFits(stream, ended)) {
      this.receiving.credit(undefined, to - from);
      return this.malformed(streamId, Details.messaging);
    }
    if (ended) stream.remoteEnded = true;
    else if (from === to) return;
    const whole = from === start && to === end && from === 0 && end === bytes.length;
    this.receiving.data(stream, whole ? bytes : bytes.subarray(from, to), ended);
  }

  /** DATA on a stream that is over, or whose sender had ended it. */
  private onLateData(streamId: number, bytes: number): void {
    this.receiving.credit(undefined, bytes);
    if (this.isIdle(streamId)) this.fail(ErrorCode.protocolError, Details.protocol);
    else if (this.streams.get(streamId) !== undefined) this.streamError(streamId, ErrorCode.streamClosed);
    else if (!this.resets.has(streamId)) this.sendReset(streamId, ErrorCode.streamClosed);
  }

  /** The body is no other length than the head promised (RFC 9113 section 8.1.1), and none comes before the head. */
  private bodyFits(stream: Http2Stream, ended: boolean): boolean {
    const { expectedBytes, receivedBytes } = stream;
    if (!this.takesBody(stream)) return false;
    if (expectedBytes < 0) return true;
    return ended ? receivedBytes === expectedBytes : receivedBytes <= expectedBytes;
  }

  /** Takes the padding off the frame at hand. */
  private unpad(): boolean {
    const { reader } = this;
    if ((reader.flags & Flag.padded) === 0) return true;
    if (reader.start < reader.end) {
      reader.end -= reader.bytes[reader.start] as number;
      reader.start += 1;
      if (reader.start <= reader.end) return true;
    }
    this.fail(ErrorCode.protocolError, Details.protocol);
    return false;
  }

  private onHeadersFrame(): void {
    const { reader } = this;
    const { flags, streamId } = reader;
    if (streamId === 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (!this.unpad()) return;
    if ((flags & Flag.priority) !== 0) {
      if (reader.payloadBytes < 5) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
      if (uint31(reader.bytes, reader.start) === streamId) return this.fail(ErrorCode.protocolError, Details.protocol);
      reader.start += 5;
    }
    const { bytes, start, end } = reader;
    this.blockFramedBytes = reader.payloadBytes + FRAME_HEADER_BYTES;
    const endStream = (flags & Flag.endStream) !== 0;
    if (start === end) {
      const flood = this.guard.judgeEmpty(flags);
      if (flood !== undefined) return this.fail(ErrorCode.enhanceYourCalm, flood);
    } else this.guard.notEmpty();
    if ((flags & Flag.endHeaders) !== 0) return this.judgeBlock(bytes, start, end);
    this.block.begin(streamId, endStream);
    this.block.append(bytes, start, end);
  }

  private onContinuationFrame(): void {
    const { reader, block } = this;
    const { flags, bytes, start, end, streamId } = reader;
    if (block.streamId === 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (start === end) {
      const flood = this.guard.judgeEmpty(flags & ~Flag.endStream);
      if (flood !== undefined) return this.fail(ErrorCode.enhanceYourCalm, flood);
    } else this.guard.notEmpty();
    block.continuations += 1;
    this.blockFramedBytes += reader.payloadBytes + FRAME_HEADER_BYTES;
    if (!this.guard.admitsContinuation(block.continuations))
      return this.fail(ErrorCode.enhanceYourCalm, Details.continuationFlood);
    block.append(bytes, start, end);
    if ((flags & Flag.endHeaders) === 0) return;
    const { endStream } = block;
    const whole = block.take();
    reader.streamId = streamId;
    reader.flags = endStream ? flags | Flag.endStream : flags & ~Flag.endStream;
    this.judgeBlock(whole, 0, whole.length);
  }

  private judgeBlock(bytes: Buffer, start: number, end: number): void {
    this.blockBytes = bytes;
    this.blockStart = start;
    this.blockEnd = end;
    this.onBlock(this.reader.streamId, (this.reader.flags & Flag.endStream) !== 0);
    this.blockBytes = NOTHING;
  }

  /** Reads the block into `sink`. False: it broke the table, and with it the connection. */
  protected decode(sink: HpackSink): boolean {
    const fault = this.decoder.decode(this.blockBytes, this.blockStart, this.blockEnd, sink);
    if (fault === undefined) return true;
    this.fail(ErrorCode.compressionError, Details.compression);
    return false;
  }

  /** Reads the block for the table's sake. */
  protected skipBlock(): boolean {
    return this.decode(DISCARD);
  }

  /** Adds the block that was read to what its stream costs. */
  protected countBlock(bytes: WireBytes | undefined, { bytes: decompressed }: FieldCollector): void {
    if (bytes === undefined) return;
    bytes.received += this.blockFramedBytes;
    bytes.headerReceived += this.blockFramedBytes;
    bytes.decompressedHeaderReceived += decompressed;
  }

  /** A block on a stream that is over: either the peer could not know, or it has lost count of its streams. */
  protected onLateBlock(streamId: number): void {
    this.common.stats.headersCbNoStream.inc();
    if (!this.skipBlock() || this.resets.has(streamId)) return;
    this.fail(ErrorCode.streamClosed, Details.streamClosed);
  }

  /** A second block on a stream: its trailers. */
  protected onTrailers(stream: Http2Stream, end: boolean): void {
    if (stream.remoteEnded) {
      if (this.skipBlock()) this.streamError(stream.id, ErrorCode.streamClosed);
      return;
    }
    const { trailerFields } = this;
    trailerFields.begin();
    if (!this.decode(trailerFields)) return;
    this.countBlock(stream.bytes, trailerFields);
    const trailers = trailerFields.finish();
    if (trailers === undefined) return this.onBadBlock(stream.id, trailerFields);
    if (!end || !this.bodyFits(stream, true)) return this.malformed(stream.id, Details.messaging);
    stream.remoteEnded = true;
    this.receiving.trailers(stream, trailers);
  }

  protected onBadBlock(streamId: number, fields: FieldCollector): void {
    if (fields.fault === Fault.malformed) this.malformed(streamId, fields.details);
    else this.streamError(streamId, ErrorCode.internalError);
  }

  /** A message broke the rules of RFC 9113 section 8. */
  protected malformed(streamId: number, details: Details): void {
    this.common.stats.rxMessagingError.inc();
    if (this.common.streamErrorOnInvalidHttpMessage) this.streamError(streamId, ErrorCode.protocolError);
    else this.fail(ErrorCode.protocolError, details);
  }

  private onRstStreamFrame(): void {
    const { bytes, start, streamId, payloadBytes } = this.reader;
    if (payloadBytes !== 4) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
    if (streamId === 0 || this.isIdle(streamId)) return this.fail(ErrorCode.protocolError, Details.protocol);
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.common.stats.rxReset.inc();
    if (stream.bytes !== undefined) stream.bytes.received += payloadBytes + FRAME_HEADER_BYTES;
    this.onReset(stream, uint32(bytes, start));
  }

  private onPriorityFrame(): void {
    const { bytes, start, streamId, payloadBytes } = this.reader;
    const flood = this.guard.judgePriority();
    if (flood !== undefined) return this.fail(ErrorCode.enhanceYourCalm, flood);
    if (streamId === 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (payloadBytes !== 5) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
    if (uint31(bytes, start) === streamId) this.fail(ErrorCode.protocolError, Details.protocol);
  }

  private onWindowUpdateFrame(): void {
    const { bytes, start, streamId, payloadBytes } = this.reader;
    if (payloadBytes !== 4) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
    const flood = this.guard.judgeWindowUpdate();
    if (flood !== undefined) return this.fail(ErrorCode.enhanceYourCalm, flood);
    const increment = uint31(bytes, start);
    if (streamId === 0) {
      if (increment === 0) this.fail(ErrorCode.protocolError, Details.protocol);
      else if (!this.sending.connectionWindowUpdate(increment))
        this.fail(ErrorCode.flowControlError, Details.flowControl);
      return;
    }
    if (this.isIdle(streamId)) return this.fail(ErrorCode.protocolError, Details.protocol);
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    if (increment === 0) this.streamError(streamId, ErrorCode.protocolError);
    else if (!this.sending.streamWindowUpdate(stream, increment))
      this.streamError(streamId, ErrorCode.flowControlError);
  }

  // ---- frames of the connection

  private onSettingsFrame(): void {
    const { bytes, start, end, streamId, flags } = this.reader;
    if (streamId !== 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if ((flags & Flag.ack) !== 0) {
      if (start !== end) this.fail(ErrorCode.frameSizeError, Details.frameSize);
      else this.decoder.settingsAcknowledged();
      return;
    }
    this.sawSettings = true;
    const fault = this.peer.apply(bytes, start, end);
    if (fault !== ErrorCode.noError)
      return this.fail(fault, fault === ErrorCode.frameSizeError ? Details.frameSize : Details.settings);
    this.output.begin(0, FrameType.settings, Flag.ack, 0);
    this.output.frames.addControl();
    // Behind the acknowledgement: the peer then knows by which window it was sent.
    this.sending.pump();
    this.onPeerSettings();
  }

  private onPingFrame(): void {
    const { bytes, start, end, streamId, flags } = this.reader;
    if (streamId !== 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (end - start !== 8) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
    if ((flags & Flag.ack) !== 0) {
      this.onPong();
      return;
    }
    this.output.begin(8, FrameType.ping, Flag.ack, 0);
    this.output.writer.copy(bytes, start, end);
    this.output.frames.addControl();
  }

  private onGoAwayFrame(): void {
    const { bytes, start, streamId, payloadBytes } = this.reader;
    if (streamId !== 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (payloadBytes < 8) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
    this.onGoAway(uint31(bytes, start));
  }
}
