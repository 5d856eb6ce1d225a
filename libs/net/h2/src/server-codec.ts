import type { Transport, TransportReceiver } from '@weft/core-bytes';
import {
  type RequestHeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
  type ServerCodec,
  type ServerCodecCallbacks,
  WireBytes,
} from '@weft/core-http';
import { announce } from './announce.ts';
import { AnsweredStream, type AnsweredStreamOwner } from './answered-stream.ts';
import { Http2Connection } from './connection.ts';
import { Details } from './details.ts';
import { writeResponse } from './encode-head.ts';
import { Fault } from './field-collector.ts';
import { CLIENT_PREFACE, ErrorCode, MAX_STREAM_ID, SettingId } from './frame.ts';
import { PrematureResets } from './premature-resets.ts';
import { RequestFields } from './request-fields.ts';
import { Http2ServerStream } from './server-stream.ts';
import type { Http2ServerSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/** HTTP/2 towards clients (RFC 9113). */
export class Http2ServerCodec extends Http2Connection implements ServerCodec, TransportReceiver, AnsweredStreamOwner {
  private readonly callbacks: ServerCodecCallbacks;
  private readonly settings: Http2ServerSettings;
  private readonly request: RequestFields;
  private readonly premature: PrematureResets;
  /** The highest stream the client opened. */
  private lastStreamId = 0;
  /** The highest stream we said we serve. */
  private servedUpTo = MAX_STREAM_ID;
  /** When the bytes at hand came; asked for with the first stream that they open. */
  private readMs = -1;
  refusedBytes: WireBytes | undefined;

  constructor(transport: Transport, callbacks: ServerCodecCallbacks, settings: Http2ServerSettings) {
    super(transport, settings, CLIENT_PREFACE);
    this.callbacks = callbacks;
    this.settings = settings;
    this.request = new RequestFields(settings);
    this.premature = new PrematureResets(settings);
    this.peer.peerIsClient = true;
    announce(
      this.output,
      [
        [SettingId.headerTableSize, settings.hpackTableBytes],
        [SettingId.enableConnectProtocol, settings.allowConnect ? 1 : 0],
        [SettingId.maxConcurrentStreams, settings.maxConcurrentStreams],
        [SettingId.initialWindowSize, settings.initialStreamWindowBytes],
        ...settings.customSettings,
      ],
      settings.initialConnectionWindowBytes,
    );
  }

  override onData(chunk: Buffer): void {
    this.readMs = -1;
    super.onData(chunk);
  }

  shutdownNotice(): void {
    this.sendNotice();
  }

  drain(): void {
    if (this.over || this.servedUpTo !== MAX_STREAM_ID) return;
    this.servedUpTo = this.lastStreamId;
    this.settings.stats.goawaySent.inc();
    this.sendGoAway(this.lastStreamId, ErrorCode.noError);
    this.closeIfDone();
  }

  /**
   * Takes over an HTTP/1.1 request that asked for `Upgrade: h2c`, as stream 1; the caller has sent 101 and nothing was read
   * since. The request has no body.
   * @param settings the octets of its `HTTP2-Settings`, decoded from base64url.
   * @returns false where they are no settings: the connection is closed.
   */
  adoptUpgrade(settings: Buffer, headers: RequestHeaderMap): boolean {
    const fault = this.peer.apply(settings, 0, settings.length);
    if (fault !== ErrorCode.noError) {
      this.fail(fault, Details.settings);
      return false;
    }
    this.lastStreamId = 1;
    this.open(1, headers, true);
    return true;
  }

  // ---- requests

  protected override onBlock(streamId: number, end: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.settings.stats.trailers.inc();
      return this.onTrailers(stream, end);
    }
    if ((streamId & 1) === 0) return this.fail(ErrorCode.protocolError, Details.protocol);
    if (streamId <= this.lastStreamId) return this.onLateBlock(streamId);
    this.lastStreamId = streamId;
    // What came behind our GOAWAY the client sends elsewhere.
    if (streamId > this.servedUpTo) {
      this.resets.add(streamId);
      this.skipBlock();
      return;
    }
    if (this.streams.size >= this.settings.maxConcurrentStreams) return this.refuse(streamId);
    const { request } = this;
    request.begin();
    if (!this.decode(request)) return;
    const headers = request.finish();
    if (headers === undefined) {
      this.noteRefusal();
      this.callbacks.onRefusedHead?.(request.details, request.fault === Fault.malformed);
      return this.onBadBlock(streamId, request);
    }
    if (end && request.contentLength > 0) {
      this.noteRefusal();
      this.callbacks.onRefusedHead?.(Details.messaging, true);
      return this.malformed(streamId, Details.messaging);
    }
    this.open(streamId, headers, end);
  }

  private noteRefusal(): void {
    this.refusedBytes = new WireBytes();
    this.countBlock(this.refusedBytes, this.request);
  }

  private refuse(streamId: number): void {
    if (!this.skipBlock()) return;
    this.settings.stats.streamRefusedErrors.inc();
    this.sendReset(streamId, ErrorCode.refusedStream);
  }

  private open(id: number, headers: RequestHeaderMap, end: boolean): void {
    const stream = new Http2ServerStream(this, id, {
      send: this.sending.initialWindow,
      receive: this.settings.initialStreamWindowBytes,
    });
    if (this.readMs < 0) this.readMs = this.settings.clock.nowMs();
    stream.startMs = this.readMs;
    stream.tunnel = headers.method === 'CONNECT' || headers.protocol !== '';
    stream.expectedBytes = stream.tunnel ? -1 : this.request.contentLength;
    stream.remoteEnded = end;
    this.add(stream);
    const receiver = this.callbacks.newStream(stream);
    stream.receiver = receiver;
    this.countBlock(stream.bytes, this.request);
    receiver.headers(headers, end);
    if (end) this.onDelivered(stream);
  }

  // ---- responses

  writeInformational(stream: Http2ServerStream, headers: ResponseHeaderMap): void {
    writeResponse(this.output, stream, headers, false);
  }

  writeHeaders(stream: Http2ServerStream, headers: ResponseHeaderMap, end: boolean): void {
    stream.headSent = true;
    writeResponse(this.output, stream, headers, end);
    // A tunnel that was refused is an ordinary response.
    if (headers.status > 299 || (headers.status < 200 && headers.status !== 101)) stream.tunnel = false;
    if (!end) return;
    stream.ending = true;
    stream.localEnded = true;
    this.onLocalEnd(stream);
  }

  // ---- what the connection asks

  protected override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId > this.lastStreamId;
  }

  /** A request begins with its head. */
  protected override takesBody(): boolean {
    return true;
  }

  protected override lastPeerStreamId(): number {
    return Math.min(this.lastStreamId, this.servedUpTo);
  }

  override onLocalEnd(stream: Http2Stream): void {
    // What is still held of the request nobody waits for.
    if (stream.remoteEnded && !stream.tunnel) stream.delivered = true;
    super.onLocalEnd(stream);
  }

  /** The response is whole before the request is: the client need not send the rest (RFC 9113 section 8.1). */
  protected override onEarlyEnd(stream: Http2Stream): void {
    if (stream.tunnel) return;
    const { answeredGrace, stats } = this.settings;
    this.remove(stream);
    if (answeredGrace === undefined || !(stream instanceof Http2ServerStream)) return this.resetAnswered(stream.id);
    const rest = new AnsweredStream(this, stream);
    rest.flushTimer = answeredGrace.timers.start(answeredGrace.ms, rest);
    this.streams.add(rest);
    stats.streamsActive.inc();
  }

  stopAnswered(stream: AnsweredStream): void {
    this.remove(stream);
    this.resetAnswered(stream.id);
  }

  private resetAnswered(streamId: number): void {
    this.sendReset(streamId, ErrorCode.noError);
    this.onStreamFinished();
  }

  protected override onStreamFinished(): void {
    this.premature.streamEnded();
    this.afterStream();
  }

  protected override onStreamLost(): void {
    // Whoever owns the connection hears of its end by itself.
  }

  protected override onStreamDropped(): void {
    this.premature.streamEnded();
    this.afterStream();
  }

  protected override onStreamBroken(stream: Http2Stream | undefined): void {
    const startMs = stream instanceof Http2ServerStream ? stream.startMs : this.settings.clock.nowMs();
    const tooMany = this.premature.streamReset(startMs, stream?.headSent === true);
    if (tooMany) this.fail(ErrorCode.enhanceYourCalm, Details.prematureResets);
    else if (stream !== undefined) this.afterStream();
  }

  private afterStream(): void {
    if (this.streams.size > 0 || this.over) return;
    if (this.servedUpTo === MAX_STREAM_ID) this.callbacks.onIdle();
    else this.close();
  }

  private closeIfDone(): void {
    if (this.streams.size === 0) this.close();
  }

  protected override onGoAway(): void {
    // A client that opens no more streams needs nothing of us.
  }

  protected override onPeerSettings(): void {
    // Nothing that the owner has to know.
  }

  protected override resetCode(reason: ResetReason): ErrorCode {
    // Never `noError`, as Envoy sends: browsers take what came before that for the whole response.
    return reason === 'local refused stream reset' ? ErrorCode.refusedStream : ErrorCode.internalError;
  }

  /** GOAWAY is to reach the client. */
  protected override closeFailed(): void {
    this.transport.close();
  }

  protected override onLost(): void {
    // The connection manager hears of the close.
  }

  protected override onFailure(details: Details): void {
    this.callbacks.onProtocolError(details, 0);
  }
}
