import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { Protocol, ResetReason } from '@weft/core-http';
import { Details } from './details.ts';
import { ErrorCode, FrameType, MAX_STREAM_ID } from './frame.ts';
import { FrameHandler } from './frame-handler.ts';
import { KeepAlive, type KeepAliveOwner } from './keep-alive.ts';
import type { Http2Settings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/**
 * One HTTP/2 connection, what both sides have in common (RFC 9113): its streams, their ends, its own. The roles say what a header
 * block means, and what becomes of the connection when a stream ends.
 */
export abstract class Http2Connection extends FrameHandler implements TransportReceiver, KeepAliveOwner {
  readonly protocol: Protocol = 'HTTP/2';
  /** Takes and sends no more. */
  protected over = false;
  protected readonly transport: Transport;
  protected readonly keepAlive: KeepAlive | undefined;

  constructor(transport: Transport, settings: Http2Settings, peerPreface: Buffer) {
    super(transport, settings, peerPreface);
    this.transport = transport;
    const { connectionKeepAlive, clock } = settings;
    if (connectionKeepAlive !== undefined) this.keepAlive = new KeepAlive(connectionKeepAlive, clock, this);
  }

  get activeStreams(): number {
    return this.streams.size;
  }

  // ---- the roles

  /** The last stream of the peer's that we serve, for GOAWAY. */
  protected abstract lastPeerStreamId(): number;
  /** Our END_STREAM is written, and the peer's is not in sight. */
  protected abstract onEarlyEnd(stream: Http2Stream): void;
  /** Both ends of a stream are reached; it is out of the table. */
  protected abstract onStreamFinished(stream: Http2Stream): void;
  /** The stream was reset by the peer, or for a fault of the peer's; it is out of the table. Undefined: it never came into it. */
  protected abstract onStreamBroken(stream: Http2Stream | undefined, reason: ResetReason): void;
  /** The user reset it; it is out of the table. */
  protected abstract onStreamDropped(): void;
  /** The connection ended under it; it is out of the table. */
  protected abstract onStreamLost(reason: ResetReason): void;
  /** The connection takes no more streams; it is about to reset those it has. */
  protected abstract onLost(): void;
  /** Tells who owns the connection that it is no more. The streams were reset. */
  protected abstract onFailure(details: Details): void;

  // ---- what the transport calls

  onData(chunk: Buffer): void {
    if (this.over) return;
    this.keepAlive?.onInput();
    this.reader.read(chunk);
    if (this.over || !this.output.flooded()) return;
    this.cut('protocol error');
    this.onFailure(Details.outboundFlood);
  }

  onDrain(): void {
    if (this.over) return;
    this.output.full = false;
    this.sending.drained(this.streams.list());
  }

  /** Frames go both ways on every stream: a peer that sends no more has left. */
  onEnd(): void {
    this.stop();
    this.abandon('connection termination');
    this.transport.close();
  }

  onClose(_close: TransportClose): void {
    this.stop();
    this.output.discard();
    this.abandon('connection termination');
  }

  // ---- what streams, sending and receiving call

  resetByUser(stream: Http2Stream, reason: ResetReason): void {
    if (this.streams.get(stream.id) !== stream) return;
    if (stream.known) this.sendReset(stream.id, this.resetCode(reason));
    this.remove(stream);
    this.onStreamDropped();
  }

  protected abstract resetCode(reason: ResetReason): ErrorCode;

  override onLocalEnd(stream: Http2Stream): void {
    if (stream.delivered) this.finish(stream);
    else if (!stream.remoteEnded) this.onEarlyEnd(stream);
  }

  override onDelivered(stream: Http2Stream): void {
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
    if (this.over) return;
    this.common.stats.keepaliveTimeout.inc();
    this.cut('connection termination');
  }

  onFlushTimeout(stream: Http2Stream): void {
    this.common.stats.txFlushTimeout.inc();
    const { receiver } = stream;
    this.resetByUser(stream, 'local reset');
    receiver?.reset('local reset');
  }

  // ---- what frames bring

  protected override onPong(): void {
    this.keepAlive?.onPong();
  }

  protected override onReset(stream: Http2Stream, code: number): void {
    // A server that has answered needs no more of the request (RFC 9113 section 8.1).
    if (code === ErrorCode.noError && stream.remoteEnded) {
      stream.ending = true;
      stream.localEnded = true;
      this.sending.drop(stream);
      if (stream.delivered) return this.finish(stream);
      if (stream.held !== undefined) return;
    }
    const { receiver } = stream;
    const reason = code === ErrorCode.refusedStream ? 'remote refused stream reset' : 'remote reset';
    this.remove(stream);
    this.onStreamBroken(stream, reason);
    receiver?.reset(reason);
  }

  // ---- streams

  protected add(stream: Http2Stream): void {
    this.streams.add(stream);
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
    stream.flushTimer?.cancel();
    stream.connection = undefined;
    stream.receiver = undefined;
  }

  protected override sendReset(streamId: number, code: ErrorCode): void {
    this.output.begin(4, FrameType.rstStream, 0, streamId);
    this.output.writer.uint32(code);
    this.output.frames.addControl();
    this.common.stats.txReset.inc();
    this.resets.add(streamId);
  }

  protected override streamError(streamId: number, code: ErrorCode): void {
    this.sendReset(streamId, code);
    const stream = this.streams.get(streamId);
    const receiver = stream?.receiver;
    if (stream !== undefined) this.remove(stream);
    this.onStreamBroken(stream, 'protocol error');
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

  protected override fail(code: ErrorCode, details: Details): void {
    if (this.over) return;
    this.sendGoAway(this.lastPeerStreamId(), code);
    this.output.flush();
    this.stop();
    this.closeFailed();
    this.onLost();
    this.abandon('protocol error');
    this.onFailure(details);
  }

  /** How a connection that the peer broke is closed: GOAWAY is in the transport. */
  protected abstract closeFailed(): void;

  /** Closes without a farewell: the peer would not read it. */
  private cut(reason: ResetReason): void {
    this.stop();
    this.transport.destroy();
    this.output.discard();
    this.onLost();
    this.abandon(reason);
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
    for (const stream of this.streams.list()) {
      if (stream.connection === undefined) continue;
      const { receiver } = stream;
      this.remove(stream);
      this.onStreamLost(reason);
      receiver?.reset(reason);
    }
  }
}
