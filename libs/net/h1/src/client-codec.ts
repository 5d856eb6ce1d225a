import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type {
  ClientCodec,
  ClientCodecCallbacks,
  ClientStream,
  HeaderMap,
  Protocol,
  RequestHeaderMap,
  ResetReason,
  ResponseHeaderMap,
  ResponseReceiver,
} from '@weft/core-http';
import { Http1ClientStream } from './client-stream.ts';
import { Http1Codec } from './codec.ts';
import { Details } from './details.ts';
import { Framing } from './framing.ts';
import type { MessageOwner } from './message-reader.ts';
import { ResponseHeadParser } from './response-head.ts';
import type { Http1ClientSettings } from './settings.ts';
import { HeadWriter, Promised } from './write-head.ts';

const EMPTY = Buffer.alloc(0);

/** Interim responses that one request may get: they are passed on, and a server could send them for ever. */
const MAX_INTERIM_RESPONSES = 100;

/** HTTP/1.1 towards servers (RFC 9112): one request at a time, and the next one when its response is complete. */
export class Http1ClientCodec
  extends Http1Codec<Http1ClientStream>
  implements ClientCodec, TransportReceiver, MessageOwner
{
  readonly protocol: Protocol = 'HTTP/1.1';
  readonly maxConcurrentStreams = 1;
  private readonly callbacks: ClientCodecCallbacks;
  private readonly head: ResponseHeadParser;
  private goneAway = false;

  constructor(transport: Transport, callbacks: ClientCodecCallbacks, settings: Http1ClientSettings) {
    const reading = { sectionBytes: settings.maxResponseHeadersKb * 1024, skipEmptyLines: false };
    super(transport, settings, reading, new HeadWriter(settings.headerKeyFormat, settings.sendFullyQualifiedUrl));
    this.callbacks = callbacks;
    this.head = new ResponseHeadParser(settings);
  }

  newStream(receiver: ResponseReceiver): ClientStream {
    const stream = new Http1ClientStream(this, receiver);
    this.stream = stream;
    return stream;
  }

  onInputEnd(): void {
    const { stream, reader } = this;
    if (stream !== undefined && reader.untilClose) {
      this.endBody(stream, EMPTY);
      return;
    }
    if (stream !== undefined && reader.raw) {
      stream.responseEnded = true;
      stream.receiver?.data(EMPTY, true);
      this.finishIfOver(stream);
      return;
    }
    this.abandon(this.cutOff());
    this.transport.close();
  }

  onClose(_close: TransportClose): void {
    this.abandon(this.cutOff());
  }

  /** A server that closes instead of answering has gone away; one that closes in mid-sentence breaks the protocol. */
  private cutOff(): ResetReason {
    return this.reader.inMessage ? 'protocol error' : 'connection termination';
  }

  private goAway(): void {
    if (this.goneAway) return;
    this.goneAway = true;
    this.callbacks.onGoAway();
  }

  private abandon(reason: ResetReason): void {
    const { stream } = this;
    this.reader.stop();
    const receiver = stream?.responseEnded === false ? stream.receiver : undefined;
    if (stream !== undefined) this.detach(stream);
    // The pool hears of it first: an owner that tries again at once must find the old place free.
    if (stream === undefined) this.goAway();
    else this.loseStream(reason);
    receiver?.reset(reason);
  }

  /** `onGoAway` says with its stream gone that the place is free; who has called it before says so again. */
  private loseStream(reason: ResetReason): void {
    if (this.goneAway) this.callbacks.onStreamReset?.(reason);
    else this.goAway();
  }

  /** Whatever comes is the one stream's. */
  countStream(stream: Http1ClientStream): void {
    if (stream.bytes !== undefined) this.countUpTo(stream.bytes, this.reader.received);
  }

  private detach(stream: Http1ClientStream): void {
    this.countStream(stream);
    stream.detach();
    this.stream = undefined;
  }

  // ---- what the reader calls

  onHead(bytes: Buffer, from: number, to: number): void {
    const { head, stream } = this;
    const receiver = stream?.receiver;
    if (stream === undefined || receiver === undefined) return;
    const headers = head.parse(bytes, from, to);
    if (headers === undefined) {
      this.onFault(0, head.details);
      return;
    }
    if (stream.bytes !== undefined) this.countHeadReceived(stream.bytes, bytes, from, to);
    const { status } = headers;
    if (status === 101 || (stream.method === 'CONNECT' && !stream.upgrade && status >= 200 && status < 300)) {
      this.startTunnel(stream, headers);
      return;
    }
    if (status < 200) {
      this.onInterim(stream, headers);
      return;
    }
    const framing = bodiless(stream.method, status) ? 0 : head.framing;
    // What a server sends after it refused an upgrade may be anything: the connection ends with this response.
    if (!head.keepAlive || stream.tunnel || framing === Framing.none) this.goAway();
    if (framing === 0) {
      this.endResponse(stream);
      receiver.headers(headers, true);
      this.finishIfOver(stream);
      return;
    }
    if (framing === Framing.chunked) this.reader.expectChunks();
    else if (framing === Framing.none) this.reader.expectUntilClose();
    else this.reader.expectLength(framing);
    receiver.headers(headers, false);
  }

  private onInterim(stream: Http1ClientStream, headers: ResponseHeaderMap): void {
    stream.interims += 1;
    if (stream.interims > MAX_INTERIM_RESPONSES) {
      this.onFault(0, Details.tooManyInterimResponses);
      return;
    }
    this.reader.next();
    stream.receiver?.informational(headers);
  }

  onBody(chunk: Buffer, end: boolean): void {
    const { stream } = this;
    if (stream === undefined) return;
    if (end) this.endBody(stream, chunk);
    else stream.receiver?.data(chunk, false);
  }

  onTrailers(bytes: Buffer, from: number, to: number): void {
    const { stream } = this;
    if (stream === undefined) return;
    const trailers = this.readTrailers(bytes, from, to);
    if (typeof trailers === 'string') {
      this.onFault(0, trailers);
      return;
    }
    if (trailers === undefined) {
      this.endBody(stream, EMPTY);
      return;
    }
    this.endResponse(stream);
    stream.receiver?.trailers(trailers);
    this.finishIfOver(stream);
  }

  onFault(_status: number, details: Details): void {
    this.transport.destroy();
    this.abandon('protocol error');
    this.callbacks.onProtocolError(details);
  }

  private endBody(stream: Http1ClientStream, chunk: Buffer): void {
    this.endResponse(stream);
    stream.receiver?.data(chunk, true);
    this.finishIfOver(stream);
  }

  /**
   * A response that is complete before its request: the server will not read the rest, so the connection is of no more use.
   * Nor is one on which more came than was asked for: the next request would take it for its response.
   */
  private endResponse(stream: Http1ClientStream): void {
    stream.responseEnded = true;
    this.countStream(stream);
    this.reader.idle();
    if (!stream.requestEnded || this.reader.hasInput) this.goAway();
  }

  private finishIfOver(stream: Http1ClientStream): void {
    if (this.stream !== stream || !stream.requestEnded || !stream.responseEnded) return;
    this.detach(stream);
    this.callbacks.onStreamEnd();
    if (!this.goneAway) return;
    if (this.reader.hasInput) {
      this.onFault(0, Details.unexpectedData);
      return;
    }
    this.reader.stop();
    this.output.flush();
    this.transport.close();
  }

  private startTunnel(stream: Http1ClientStream, headers: ResponseHeaderMap): void {
    // 101 answers an Upgrade, and nothing else.
    if (!stream.tunnel || (headers.status === 101 && !stream.upgrade)) {
      this.onFault(0, Details.unexpectedUpgrade);
      return;
    }
    this.goAway();
    this.reader.startRaw();
    stream.receiver?.headers(headers, false);
  }

  // ---- what the stream calls

  writeHeaders(stream: Http1ClientStream, headers: RequestHeaderMap, end: boolean): void {
    if (stream.headSent) return;
    const { headWriter } = this;
    stream.headSent = true;
    stream.method = headers.method;
    const head = headWriter.request(headers, end);
    if (stream.bytes !== undefined) this.beginCount(this.reader.received, this.output.total);
    this.output.text(head);
    this.countHeadSent(stream.bytes, head);
    const { promised } = headWriter;
    stream.tunnel = promised === Promised.raw;
    stream.upgrade = headers.protocol !== '';
    this.startBody(promised);
    this.reader.next();
    if (end) this.endRequest(stream, promised <= 0);
    else this.output.flushSoon();
  }

  writeData(stream: Http1ClientStream, chunk: Buffer, end: boolean): boolean {
    if (!stream.headSent || stream.requestEnded) return true;
    const fits = this.writePiece(chunk, end);
    if (!fits || end) this.endRequest(stream, fits);
    return !this.output.full;
  }

  writeTrailers(stream: Http1ClientStream, trailers: HeaderMap): void {
    if (!stream.headSent || stream.requestEnded) return;
    this.endRequest(stream, this.endWithTrailers(trailers, stream.bytes));
  }

  /** `whole`: the body is as long as its head promised; otherwise only a broken connection tells the server the truth. */
  private endRequest(stream: Http1ClientStream, whole: boolean): void {
    stream.requestEnded = true;
    this.output.flush();
    if (!whole) {
      this.transport.destroy();
      this.abandon('local reset');
      return;
    }
    if (stream.tunnel && !stream.responseEnded) this.transport.end();
    this.finishIfOver(stream);
  }

  resetStream(stream: Http1ClientStream): void {
    this.detach(stream);
    this.reader.stop();
    this.transport.destroy();
    this.loseStream('local reset');
  }
}

function bodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}
