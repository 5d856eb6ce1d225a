import type { Transport, TransportReceiver } from '@weft/core-bytes';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  ClientStream,
  RequestHeaderMap,
  ResetReason,
  ResponseHeaderMap,
  ResponseReceiver,
} from '@weft/core-http';
import { announce } from './announce.ts';
import { Http2ClientStream, type ClientStreamOwner } from './client-stream.ts';
import { Http2Connection } from './connection.ts';
import { Details } from './details.ts';
import { writeRequest } from './encode-head.ts';
import { CLIENT_PREFACE, ErrorCode, MAX_STREAM_ID, SettingId } from './frame.ts';
import { ResponseFields } from './response-fields.ts';
import type { Http2ClientSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

const NO_PREFACE = Buffer.alloc(0);

/** HTTP/2 towards servers (RFC 9113). */
export class Http2ClientCodec extends Http2Connection implements ClientCodec, TransportReceiver, ClientStreamOwner {
  private readonly callbacks: ClientCodecCallbacks;
  private readonly settings: Http2ClientSettings;
  private readonly response: ResponseFields;
  private nextStreamId = 1;
  /** The highest stream whose head is written. */
  private lastStreamId = 0;
  private announcedLimit = Infinity;
  private goneAway = false;

  constructor(transport: Transport, callbacks: ClientCodecCallbacks, settings: Http2ClientSettings) {
    super(transport, settings, NO_PREFACE);
    this.callbacks = callbacks;
    this.settings = settings;
    this.response = new ResponseFields(settings);
    this.output.writer.copy(CLIENT_PREFACE, 0, CLIENT_PREFACE.length);
    announce(
      this.output,
      [
        [SettingId.enablePush, 0],
        [SettingId.headerTableSize, settings.hpackTableBytes],
        [SettingId.maxConcurrentStreams, settings.maxConcurrentStreams],
        [SettingId.initialWindowSize, settings.initialStreamWindowBytes],
        ...settings.customSettings,
      ],
      settings.initialConnectionWindowBytes,
    );
  }

  get maxConcurrentStreams(): number {
    return Math.min(this.settings.maxConcurrentStreams, this.peer.maxConcurrentStreams);
  }

  newStream(receiver: ResponseReceiver): ClientStream {
    this.keepAlive?.beforeStream();
    const stream = new Http2ClientStream(this, this.nextStreamId, receiver);
    if (this.over) {
      stream.connection = undefined;
      return stream;
    }
    this.nextStreamId += 2;
    this.add(stream);
    if (this.nextStreamId > MAX_STREAM_ID) this.goAway();
    return stream;
  }

  // ---- requests

  writeHeaders(stream: Http2ClientStream, headers: RequestHeaderMap, end: boolean): void {
    // Heads must come in the order of their ids (RFC 9113 section 5.1.1): a stream that was overtaken takes the next one.
    if (stream.id < this.lastStreamId) {
      this.streams.delete(stream.id);
      stream.id = this.nextStreamId;
      this.nextStreamId += 2;
      this.streams.add(stream);
    }
    this.lastStreamId = stream.id;
    stream.headSent = true;
    stream.known = true;
    stream.sendWindow = this.sending.initialWindow;
    stream.receiveWindow = this.settings.initialStreamWindowBytes;
    stream.bodiless = headers.method === 'HEAD';
    stream.upgrade = headers.protocol;
    stream.tunnel = headers.method === 'CONNECT' || headers.protocol !== '';
    writeRequest(this.output, stream, headers, end);
    if (!end) return;
    stream.ending = true;
    stream.localEnded = true;
    this.onLocalEnd(stream);
  }

  // ---- responses

  protected override onBlock(streamId: number, end: boolean): void {
    const stream = this.streams.get(streamId);
    if (!(stream instanceof Http2ClientStream) || !stream.headSent) {
      if (this.isIdle(streamId)) this.fail(ErrorCode.protocolError, Details.protocol);
      else this.onLateBlock(streamId);
      return;
    }
    if (stream.headReceived) return this.onTrailers(stream, end);
    const { response } = this;
    response.begin();
    if (!this.decode(response)) return;
    this.countBlock(stream.bytes, response);
    const headers = response.finish();
    if (headers === undefined) return this.onBadBlock(streamId, response);
    if (headers.status >= 200) this.onHead(stream, headers, end);
    else if (end) this.malformed(streamId, Details.messaging);
    else stream.response.informational(headers);
  }

  private onHead(stream: Http2ClientStream, headers: ResponseHeaderMap, end: boolean): void {
    const { status } = headers;
    stream.headReceived = true;
    const bodiless = stream.bodiless || status === 204 || status === 304;
    if (stream.tunnel && status < 300) this.openTunnel(stream, headers);
    else {
      stream.tunnel = false;
      stream.expectedBytes = bodiless ? 0 : this.response.contentLength;
    }
    if (end && stream.expectedBytes > 0) return this.malformed(stream.id, Details.messaging);
    stream.remoteEnded = end;
    stream.response.headers(headers, end);
    if (end) this.onDelivered(stream);
  }

  /** To those who asked for an upgrade it is one as of HTTP/1.1. */
  private openTunnel(stream: Http2ClientStream, headers: ResponseHeaderMap): void {
    if (stream.upgrade === '') return;
    headers.status = 101;
    headers.set('upgrade', stream.upgrade);
  }

  protected override takesBody(stream: Http2Stream): boolean {
    return stream instanceof Http2ClientStream && stream.headReceived;
  }

  // ---- what the connection asks

  protected override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId > this.lastStreamId;
  }

  /** A server opens no streams: we take no push. */
  protected override lastPeerStreamId(): number {
    return 0;
  }

  protected override onEarlyEnd(): void {
    // The response follows its request.
  }

  protected override onStreamFinished(): void {
    this.afterStream();
  }

  protected override onStreamDropped(): void {
    this.afterReset('local reset');
  }

  protected override onStreamBroken(stream: Http2Stream | undefined, reason: ResetReason): void {
    if (stream !== undefined) this.afterReset(reason);
  }

  private afterStream(): void {
    if (this.over) return;
    this.callbacks.onStreamEnd();
    this.closeIfDone();
  }

  protected override onStreamLost(reason: ResetReason): void {
    this.callbacks.onStreamReset?.(reason);
  }

  private afterReset(reason: ResetReason): void {
    if (this.over) return;
    this.tellReset(reason);
    this.closeIfDone();
  }

  private tellReset(reason: ResetReason): void {
    const { callbacks } = this;
    if (callbacks.onStreamReset === undefined) callbacks.onStreamEnd();
    else callbacks.onStreamReset(reason);
  }

  private closeIfDone(): void {
    if (this.goneAway && this.streams.size === 0) this.close();
  }

  protected override onPeerSettings(): void {
    const limit = this.maxConcurrentStreams;
    if (limit === this.announcedLimit) return;
    this.announcedLimit = limit;
    this.callbacks.onMaxConcurrentStreams(limit);
  }

  /** Streams above `lastStreamId` were not looked at: they can be sent again, elsewhere (RFC 9113 section 6.8). */
  protected override onGoAway(lastStreamId: number): void {
    this.goAway();
    for (const stream of this.streams.list()) {
      if (stream.id <= lastStreamId || stream.connection === undefined) continue;
      const { receiver } = stream;
      this.remove(stream);
      this.tellReset('remote refused stream reset');
      receiver?.reset('remote refused stream reset');
    }
    this.closeIfDone();
  }

  private goAway(): void {
    if (this.goneAway) return;
    this.goneAway = true;
    this.callbacks.onGoAway();
  }

  protected override resetCode(reason: ResetReason): ErrorCode {
    return reason === 'protocol error' ? ErrorCode.protocolError : ErrorCode.cancel;
  }

  protected override closeFailed(): void {
    this.transport.destroy();
  }

  protected override onLost(): void {
    this.goAway();
  }

  protected override onFailure(details: Details): void {
    this.callbacks.onProtocolError(details);
  }
}
