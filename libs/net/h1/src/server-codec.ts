import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import {
  HeaderMap,
  type Protocol,
  type RequestHeaderMap,
  type RequestReceiver,
  type ResponseHeaderMap,
  type ServerCodec,
  WireBytes,
} from '@weft/core-http';
import { Http1Codec } from './codec.ts';
import { Details } from './details.ts';
import { Framing } from './framing.ts';
import type { Http1ServerCallbacks } from './h2c-upgrade.ts';
import { spellHead, spellingOf } from './header-key-format.ts';
import type { MessageOwner } from './message-reader.ts';
import { RequestHeadParser } from './request-head.ts';
import { Http1ServerStream } from './server-stream.ts';
import type { Http1ServerSettings } from './settings.ts';
import { HeadWriter, Promised } from './write-head.ts';

const EMPTY = Buffer.alloc(0);
const SWITCH_TO_H2C = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n';

/** Refusals of requests whose end is known all the same: the connection may live on, where that is configured. */
const OF_THE_STREAM: ReadonlySet<string> = new Set([Details.missingHost, Details.invalidHost]);

/** HTTP/1.1 towards clients (RFC 9112): one request at a time, the next is read when the response to it is complete. */
export class Http1ServerCodec
  extends Http1Codec<Http1ServerStream>
  implements ServerCodec, TransportReceiver, MessageOwner
{
  /** That of the latest request. */
  protocol: Protocol = 'HTTP/1.1';
  private readonly callbacks: Http1ServerCallbacks;
  private readonly settings: Http1ServerSettings;
  private readonly head: RequestHeadParser;
  private keepAlive = true;
  private draining = false;
  /** Responses that ended above the transport's high watermark, since it last drained. */
  private unread = 0;
  refusedBytes: WireBytes | undefined;

  constructor(transport: Transport, callbacks: Http1ServerCallbacks, settings: Http1ServerSettings) {
    const reading = { sectionBytes: settings.maxRequestHeadersKb * 1024, skipEmptyLines: true };
    super(transport, settings, reading, new HeadWriter(settings.headerKeyFormat));
    this.callbacks = callbacks;
    this.settings = settings;
    this.head = new RequestHeadParser(settings);
  }

  drain(): void {
    this.draining = true;
    if (this.stream === undefined && !this.reader.hasInput) this.close();
  }

  shutdownNotice(): void {
    // HTTP/1.1 can only say it on a response.
  }

  override onDrain(): void {
    this.unread = 0;
    super.onDrain();
  }

  /** As Envoy does, a client that has gone silent for good is taken to have left, except where bytes are tunnelled. */
  onInputEnd(): void {
    const { stream } = this;
    if (stream !== undefined && this.reader.raw) {
      stream.requestEnded = true;
      stream.receiver?.data(EMPTY, true);
      this.finishIfOver(stream);
      return;
    }
    this.abandon();
    this.transport.close();
  }

  onClose(_close: TransportClose): void {
    this.abandon();
  }

  /** The client is gone. */
  private abandon(): void {
    const { stream } = this;
    this.reader.stop();
    if (stream === undefined) return;
    const { receiver } = stream;
    this.detach(stream);
    receiver?.reset('connection termination');
  }

  /** Of what came, a request that is whole has only what was read; the rest is the next one's. */
  countStream(stream: Http1ServerStream): void {
    const { bytes } = stream;
    if (bytes !== undefined) this.countUpTo(bytes, stream.requestEnded ? this.reader.consumed : this.reader.received);
  }

  private detach(stream: Http1ServerStream): void {
    this.countStream(stream);
    stream.detach();
    this.stream = undefined;
  }

  private close(): void {
    this.reader.stop();
    this.output.flush();
    this.transport.close();
  }

  // ---- what the reader calls

  onHead(bytes: Buffer, from: number, to: number): void {
    const { head, reader, settings } = this;
    if (this.output.full && this.unread >= settings.maxOutboundResponses) {
      this.onFlood();
      return;
    }
    const headers = head.parse(bytes, from, to);
    if (head.droppedUnderscores > 0) settings.stats?.droppedHeadersWithUnderscores.add(head.droppedUnderscores);
    if (headers === undefined) {
      this.refusedBytes = new WireBytes();
      this.countHeadReceived(this.refusedBytes, bytes, from, to);
      this.refuse(head.status, head.details);
      return;
    }
    const http10 = head.minorVersion === 0;
    this.protocol = http10 ? 'HTTP/1.0' : 'HTTP/1.1';
    this.keepAlive = head.keepAlive;
    if (head.h2cSettings !== undefined && this.offerH2c(headers, head.h2cSettings)) return;
    const tunnel = headers.protocol !== '' || headers.method === 'CONNECT';
    const end = !tunnel && (head.framing === Framing.none || head.framing === 0);
    if (head.framing === Framing.chunked) reader.expectChunks();
    else if (head.framing > 0) reader.expectLength(head.framing);
    else reader.hold();
    const stream = new Http1ServerStream(this, undefined);
    stream.method = headers.method;
    stream.tunnel = tunnel;
    stream.http10 = http10;
    stream.requestEnded = end;
    this.stream = stream;
    const receiver = this.callbacks.newStream(stream);
    stream.receiver = receiver;
    if (stream.bytes !== undefined) {
      this.beginCount(reader.consumed - (to + 4 - from), this.output.total);
      this.countHeadReceived(stream.bytes, bytes, from, to);
    }
    receiver.headers(headers, end);
  }

  /** The client asks for more and does not read what it got. */
  private onFlood(): void {
    this.settings.stats?.responseFlood.inc();
    this.reader.stop();
    this.transport.destroy();
    this.callbacks.onProtocolError(Details.responseFlood, 0);
  }

  /** Lets the owner go on in HTTP/2; true: it does. */
  private offerH2c(headers: RequestHeaderMap, settings: Buffer): boolean {
    const { callbacks } = this;
    if (callbacks.onH2cUpgrade === undefined || this.draining) return false;
    let accepted = false;
    const accept = (): Buffer[] => {
      accepted = true;
      this.output.text(SWITCH_TO_H2C);
      this.output.flush();
      return this.reader.handOver();
    };
    callbacks.onH2cUpgrade({ headers, settings, accept });
    return accepted;
  }

  private refuse(status: number, details: Details): void {
    const { head, settings } = this;
    if (details === Details.invalidUnderscore) settings.stats?.requestsRejectedWithUnderscoresInHeaders.inc();
    const bodiless = head.framing === Framing.none || head.framing === 0;
    const stays = settings.streamErrorOnInvalidHttpMessage && OF_THE_STREAM.has(details) && bodiless && head.keepAlive;
    if (!stays || this.draining) {
      this.onFault(status, details);
      return;
    }
    this.writeErrorReply(undefined, this.errorReply(status, details, true));
    this.output.flush();
    this.callbacks.onProtocolError(details, status);
    this.reader.next();
  }

  /** `stream`: the one whose request was refused in its middle; undefined where its head was. */
  private writeErrorReply(stream: Http1ServerStream | undefined, reply: string): void {
    this.output.text(reply);
    if (stream === undefined) this.refusedBytes ??= new WireBytes();
    const bytes = stream === undefined ? this.refusedBytes : stream.bytes;
    if (bytes === undefined) return;
    this.countHeadSent(bytes, reply.slice(0, reply.indexOf('\r\n\r\n') + 4));
    this.countUpTo(bytes, this.reader.received);
  }

  private errorReply(status: number, details: Details, stays: boolean): string {
    const { errorReply, headerKeyFormat } = this.settings;
    return spellHead(errorReply(status, details, stays), spellingOf(headerKeyFormat));
  }

  onBody(chunk: Buffer, end: boolean): void {
    const { stream } = this;
    const receiver = stream?.receiver;
    if (stream === undefined || receiver === undefined) return;
    if (end) stream.requestEnded = true;
    // Backpressure on the request body is the receiver's to ask for, by pause.
    receiver.data(chunk, end);
  }

  onTrailers(bytes: Buffer, from: number, to: number): void {
    const { stream } = this;
    const receiver = stream?.receiver;
    if (stream === undefined || receiver === undefined) return;
    const trailers = this.readTrailers(bytes, from, to);
    if (typeof trailers === 'string') {
      this.onFault(trailers === Details.tooManyTrailers ? 431 : 400, trailers);
      return;
    }
    stream.requestEnded = true;
    this.deliverTrailers(receiver, trailers);
  }

  private deliverTrailers(receiver: RequestReceiver, trailers: HeaderMap | undefined): void {
    if (trailers === undefined) receiver.data(EMPTY, true);
    else receiver.trailers(trailers);
  }

  onFault(status: number, details: Details): void {
    const { stream } = this;
    const answer = stream === undefined || !stream.headSent;
    const receiver = stream?.receiver;
    if (stream !== undefined) this.detach(stream);
    if (answer) this.writeErrorReply(stream, this.errorReply(status, details, false));
    this.close();
    receiver?.reset('protocol error');
    this.callbacks.onProtocolError(details, stream === undefined ? status : 0);
  }

  // ---- what the stream calls

  writeInformational(stream: Http1ServerStream, headers: ResponseHeaderMap): void {
    // HTTP/1.0 clients do not know interim responses (RFC 9110 section 15.2).
    if (stream.headSent || stream.http10) return;
    const head = this.headWriter.informational(headers);
    this.output.text(head);
    this.countHeadSent(stream.bytes, head);
    this.output.flush();
  }

  writeHeaders(stream: Http1ServerStream, headers: ResponseHeaderMap, end: boolean): void {
    if (stream.headSent) return;
    stream.headSent = true;
    const { headWriter } = this;
    const text = headWriter.response(headers, end, stream);
    const { promised } = headWriter;
    if (promised === Promised.raw) {
      this.startTunnel(stream, text);
      if (end) this.endResponse(stream, true);
      return;
    }
    // What follows the head of a refused upgrade may be anything: it is not read as a request. A response that overtakes
    // its request ends the connection too, as with Envoy: the rest of the request may never come.
    const last = stream.tunnel || headWriter.close || this.draining || promised === Promised.untilClose;
    if (last || !stream.requestEnded) this.keepAlive = false;
    const head = `${text}${this.connectionField(stream)}${headWriter.framing}\r\n`;
    this.output.text(head);
    this.countHeadSent(stream.bytes, head);
    this.startBody(promised);
    if (end) this.endResponse(stream, promised <= 0);
    else this.output.flushSoon();
  }

  private connectionField(stream: Http1ServerStream): string {
    if (this.keepAlive && !stream.http10) return '';
    return `${this.headWriter.name('connection')}: ${this.keepAlive ? 'keep-alive' : 'close'}\r\n`;
  }

  private startTunnel(stream: Http1ServerStream, text: string): void {
    this.keepAlive = false;
    this.output.text(`${text}\r\n`);
    this.countHeadSent(stream.bytes, `${text}\r\n`);
    this.output.flush();
    this.body.start('raw');
    this.reader.startRaw();
  }

  writeData(stream: Http1ServerStream, chunk: Buffer, end: boolean): boolean {
    if (!stream.headSent || stream.responseEnded) return true;
    const fits = this.writePiece(chunk, end);
    if (!fits || end) this.endResponse(stream, fits);
    return !this.output.full;
  }

  writeTrailers(stream: Http1ServerStream, trailers: HeaderMap): void {
    if (!stream.headSent || stream.responseEnded) return;
    this.endResponse(stream, this.endWithTrailers(trailers, stream.bytes));
  }

  /** `whole`: the body is as long as its head promised; otherwise only a broken connection tells the client the truth. */
  private endResponse(stream: Http1ServerStream, whole: boolean): void {
    stream.responseEnded = true;
    this.countStream(stream);
    this.output.flush();
    if (!whole) {
      const { receiver } = stream;
      this.detach(stream);
      this.reader.stop();
      this.transport.destroy();
      receiver?.reset('local reset');
      return;
    }
    if (this.output.full) this.unread += 1;
    if (this.body.mode === 'raw' && !stream.requestEnded) {
      this.transport.end();
      return;
    }
    this.finishIfOver(stream);
  }

  private finishIfOver(stream: Http1ServerStream): void {
    if (this.stream !== stream || !stream.responseEnded) return;
    if (this.body.mode === 'raw' && !stream.requestEnded) return;
    this.detach(stream);
    if (!this.keepAlive || this.draining) {
      this.close();
      return;
    }
    this.callbacks.onIdle();
    this.reader.next();
  }

  /** The stream's user gives up: what was not answered is not answered, and a half answer must not look like a whole one. */
  resetStream(stream: Http1ServerStream): void {
    const unmarkedEnd = stream.headSent && (this.body.mode === 'until close' || this.body.mode === 'raw');
    this.detach(stream);
    if (unmarkedEnd) {
      this.reader.stop();
      this.transport.destroy();
    } else this.close();
  }
}
