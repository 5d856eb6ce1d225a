import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { Protocol, ResetReason } from '@weft/core-http';
import { Details } from './details.ts';
import { type FieldCollector, Fault } from './field-collector.ts';
import { FloodGuard } from './flood-guard.ts';
import { ErrorCode, Flag, FrameType, MAX_STREAM_ID } from './frame.ts';
import { FrameReader, uint31, uint32, type FrameOwner } from './frame-reader.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder, type HpackSink } from './hpack/index.ts';
import { KeepAlive, type KeepAliveOwner } from './keep-alive.ts';
import { Output } from './output.ts';
import { PeerSettings } from './peer-settings.ts';
import { Receiving, type ReceivingOwner } from './receiving.ts';
import { ResetMemory } from './reset-memory.ts';
import { Sending, type SendingOwner } from './sending.ts';
import type { Http2Settings } from './settings.ts';
import type { Http2Stream } from './stream.ts';
import { TrailerFields } from './trailer-fields.ts';

/** Decodes a block for its effect on the table only. */
const DISCARD: HpackSink = { field: () => undefined };
const NOTHING = Buffer.alloc(0);

/**
 * One HTTP/2 connection, what both sides have in common (RFC 9113): frames in and out, streams, windows, errors. The roles say
 * what a header block means, and what becomes of the connection when a stream ends.
 */
export abstract class Http2Connection
  implements TransportReceiver, FrameOwner, SendingOwner, ReceivingOwner, KeepAliveOwner
{
  readonly protocol: Protocol = 'HTTP/2';
  readonly sending: Sending;
  readonly receiving: Receiving;
  /** Takes and sends no more. */
  protected over = false;
  protected readonly streams = new Map<number, Http2Stream>();
  protected readonly transport: Transport;
  protected readonly output: Output;
  protected readonly guard: FloodGuard;
  protected readonly reader: FrameReader;
  protected readonly peer: PeerSettings;
  protected keepAlive: KeepAlive | undefined;
  private readonly common: Http2Settings;
  private readonly decoder: HpackDecoder;
  private readonly block = new HeaderBlock();
  private readonly trailerFields: TrailerFields;
  private readonly resets = new ResetMemory();
  private sawSettings = false;
  /** The header block that is judged: `blockBytes[blockStart..blockEnd)`. */
  private blockBytes: Buffer = NOTHING;
  private blockStart = 0;
  private blockEnd = 0;

  constructor(transport: Transport, settings: Http2Settings, peerPreface: Buffer) {
    this.transport = transport;
    this.common = settings;
    this.output = new Output(transport, settings);
    this.guard = new FloodGuard(settings);
    this.sending = new Sending(this, this.output, settings, this.guard);
    this.receiving = new Receiving(this, this.output, settings);
    this.reader = new FrameReader(this, peerPreface);
    this.peer = new PeerSettings(this.output, this.sending, this.streams);
    this.decoder = new HpackDecoder(settings.hpackTableBytes);
    this.trailerFields = new TrailerFields(settings);
    const { connectionKeepAlive, clock } = settings;
    if (connectionKeepAlive !== undefined) this.keepAlive = new KeepAlive(connectionKeepAlive, clock, this);
  }

  get activeStreams(): number {
    return this.streams.size;
  }

  // ---- the roles

  /** A whole header block for `streamId` is there; `decode` reads it, exactly once. */
  protected abstract onBlock(streamId: number, end: boolean): void;
  /** Nobody has opened `streamId` yet. */
  protected abstract isIdle(streamId: number): boolean;
  protected abstract lastPeerStreamId(): number;
  /** Our END_STREAM is written, and the peer's is not in sight. */
  protected abstract onEarlyEnd(stream: Http2Stream): void;
  /** Both ends of a stream are reached; it is out of the table. */
  protected abstract onStreamFinished(stream: Http2Stream): void;
  /** The stream was reset by the peer, or for a fault of the peer's; it is out of the table. Undefined: it never came into it. */
  protected abstract onStreamBroken(stream: Http2Stream | undefined): void;
  /** The user reset it; it is out of the table. */
  protected abstract onStreamDropped(): void;
  protected abstract onGoAway(lastStreamId: number): void;
  protected abstract onPeerSettings(): void;
  /** Tells who owns the connection that it is no more. The streams were reset. */
  protected abstract onFailure(details: Details): void;

  // ---- what the transport calls

  onData(chunk: Buffer): void {
    if (this.over) return;
    this.keepAlive?.onInput();
    this.reader.read(chunk);
    if (!this.over && this.output.flooded()) this.cut(Details.outboundFlood);
  }

  onDrain(): void {
    if (this.over) return;
    this.output.full = false;
    this.sending.drained(this.streams.values());
  }

  /** Frames go both ways on every stream: a peer that sends no more has left. */
  onEnd(): void {
    this.stop();
    this.abandon('connection termination');
    this.transport.close();
  }

  onClose(_close: TransportClose): void {
    this.stop();
    this.output.frames.clear();
    this.abandon('connection termination');
  }

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
    else if (!this.resets.has(streamId)) this.streamError(streamId, ErrorCode.streamClosed);
  }

  /** The body is no other length than the head promised (RFC 9113 section 8.1.1), and none comes before the head. */
  private bodyFits(stream: Http2Stream, ended: boolean): boolean {
    const { expectedBytes, receivedBytes } = stream;
    if (!this.takesBody(stream)) return false;
    if (expectedBytes < 0) return true;
    return ended ? receivedBytes === expectedBytes : receivedBytes <= expectedBytes;
  }

  /** The final head of `stream` has come. */
  protected takesBody(_stream: Http2Stream): boolean {
    return true;
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
    const code = uint32(bytes, start);
    // A server that has answered needs no more of the request (RFC 9113 section 8.1).
    if (code === ErrorCode.noError && stream.remoteEnded) {
      stream.ending = true;
      stream.localEnded = true;
      this.sending.drop(stream);
      if (stream.delivered) this.finish(stream);
      if (stream.delivered || stream.held !== undefined) return;
    }
    const { receiver } = stream;
    this.remove(stream);
    this.onStreamBroken(stream);
    receiver?.reset(code === ErrorCode.refusedStream ? 'remote refused stream reset' : 'remote reset');
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
    this.onPeerSettings();
  }

  private onPingFrame(): void {
    const { bytes, start, end, streamId, flags } = this.reader;
    if (streamId !== 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (end - start !== 8) return this.fail(ErrorCode.frameSizeError, Details.frameSize);
    if ((flags & Flag.ack) !== 0) {
      this.keepAlive?.onPong();
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

  // ---- what streams, sending and receiving call

  resetByUser(stream: Http2Stream, reason: ResetReason): void {
    if (this.streams.get(stream.id) !== stream) return;
    const wire = stream.headSent || this.lastPeerStreamId() >= stream.id;
    if (wire) this.sendReset(stream.id, this.resetCode(reason));
    this.remove(stream);
    this.onStreamDropped();
  }

  protected abstract resetCode(reason: ResetReason): ErrorCode;

  onLocalEnd(stream: Http2Stream): void {
    if (stream.delivered) this.finish(stream);
    else if (!stream.remoteEnded) this.onEarlyEnd(stream);
  }

  onDelivered(stream: Http2Stream): void {
    stream.delivered = true;
    if (stream.localEnded && stream.connection !== undefined) this.finish(stream);
  }

  sendPing(): void {
    this.output.begin(8, FrameType.ping, 0, 0);
    const nowMs = this.common.clock.wallMs();
    this.output.writer.uint32(Math.floor(nowMs / 0x1_0000_0000));
    this.output.writer.uint32(nowMs % 0x1_0000_0000);
  }

  onKeepAliveTimeout(): void {
    this.common.stats.keepaliveTimeout.inc();
    this.cut(Details.keepAlive);
  }

  // ---- streams

  protected add(stream: Http2Stream): void {
    this.streams.set(stream.id, stream);
    this.common.stats.streamsActive.inc();
    this.guard.streamOpened();
  }

  private finish(stream: Http2Stream): void {
    this.remove(stream);
    this.onStreamFinished(stream);
  }

  protected remove(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.common.stats.streamsActive.dec();
    this.sending.drop(stream);
    this.receiving.drop(stream);
    stream.connection = undefined;
    stream.receiver = undefined;
  }

  protected sendReset(streamId: number, code: ErrorCode): void {
    this.output.begin(4, FrameType.rstStream, 0, streamId);
    this.output.writer.uint32(code);
    this.output.frames.addControl();
    this.common.stats.txReset.inc();
    this.resets.add(streamId);
  }

  /** The peer broke the rules on one stream (RFC 9113 section 5.4.2). */
  protected streamError(streamId: number, code: ErrorCode): void {
    this.sendReset(streamId, code);
    const stream = this.streams.get(streamId);
    const receiver = stream?.receiver;
    if (stream !== undefined) this.remove(stream);
    this.onStreamBroken(stream);
    receiver?.reset('protocol error');
  }

  // ---- the connection's end

  protected sendGoAway(lastStreamId: number, code: ErrorCode): void {
    this.output.begin(8, FrameType.goAway, 0, 0);
    this.output.writer.uint32(lastStreamId);
    this.output.writer.uint32(code);
  }

  protected sendNotice(): void {
    if (!this.over) this.sendGoAway(MAX_STREAM_ID, ErrorCode.noError);
  }

  /** The peer broke the rules of the connection (RFC 9113 section 5.4.1). */
  protected fail(code: ErrorCode, details: Details): void {
    if (this.over) return;
    this.sendGoAway(this.lastPeerStreamId(), code);
    this.output.flush();
    this.stop();
    this.closeFailed();
    this.abandon('protocol error');
    this.onFailure(details);
  }

  /** How a connection that the peer broke is closed: GOAWAY is in the transport. */
  protected abstract closeFailed(): void;

  /** The peer does not read, or does not answer: it would not hear a farewell. */
  protected cut(details: Details): void {
    if (this.over) return;
    this.stop();
    this.transport.destroy();
    this.output.frames.clear();
    this.abandon(details === Details.keepAlive ? 'connection termination' : 'protocol error');
    this.onFailure(details);
  }

  /** Sends what is gathered and closes. There are no streams. */
  protected close(): void {
    if (this.over) return;
    this.output.flush();
    this.stop();
    this.transport.close();
  }

  private stop(): void {
    this.over = true;
    this.reader.stop();
    this.keepAlive?.stop();
  }

  private abandon(reason: ResetReason): void {
    for (const stream of [...this.streams.values()]) {
      if (stream.connection === undefined) continue;
      const { receiver } = stream;
      this.remove(stream);
      receiver?.reset(reason);
    }
  }
}
