import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import {
  HeaderMap,
  type Protocol,
  type RequestReceiver,
  type ResponseHeaderMap,
  type ServerCodec,
  type ServerCodecCallbacks,
} from '@weft/core-http';
import { BodyWriter } from './body-writer.ts';
import { Details } from './details.ts';
import { Framing } from './framing.ts';
import { MessageReader, type MessageOwner } from './message-reader.ts';
import { Output } from './output.ts';
import { RequestHeadParser } from './request-head.ts';
import { Http1ServerStream } from './server-stream.ts';
import type { Http1ServerSettings } from './settings.ts';
import { TrailerParser } from './trailer-parser.ts';
import { HeadWriter, Promised } from './write-head.ts';

const EMPTY = Buffer.alloc(0);

/** HTTP/1.1 towards clients (RFC 9112): one request at a time, the next is read when the response to it is complete. */
export class Http1ServerCodec implements ServerCodec, TransportReceiver, MessageOwner {
  /** That of the latest request. */
  protocol: Protocol = 'HTTP/1.1';
  private readonly transport: Transport;
  private readonly callbacks: ServerCodecCallbacks;
  private readonly settings: Http1ServerSettings;
  private readonly reader: MessageReader;
  private readonly head: RequestHeadParser;
  private readonly output: Output;
  private readonly body: BodyWriter;
  private readonly headWriter = new HeadWriter();
  private stream: Http1ServerStream | undefined;
  private keepAlive = true;
  private draining = false;

  constructor(transport: Transport, callbacks: ServerCodecCallbacks, settings: Http1ServerSettings) {
    this.transport = transport;
    this.callbacks = callbacks;
    this.settings = settings;
    this.reader = new MessageReader(transport, this, {
      sectionBytes: settings.maxRequestHeadersKb * 1024,
      skipEmptyLines: true,
    });
    this.head = new RequestHeadParser(settings);
    this.output = new Output(transport);
    this.body = new BodyWriter(this.output);
  }

  get activeStreams(): number {
    return this.stream === undefined ? 0 : 1;
  }

  drain(): void {
    this.draining = true;
    if (this.stream === undefined && !this.reader.hasInput) this.close();
  }

  shutdownNotice(): void {
    // HTTP/1.1 can only say it on a response.
  }

  onData(chunk: Buffer): void {
    this.reader.push(chunk);
  }

  onDrain(): void {
    this.output.full = false;
    this.stream?.receiver?.drained();
  }

  onEnd(): void {
    this.reader.end();
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

  private detach(stream: Http1ServerStream): void {
    stream.codec = undefined;
    stream.receiver = undefined;
    this.stream = undefined;
  }

  private close(): void {
    this.reader.stop();
    this.output.flush();
    this.transport.close();
  }

  // ---- what the reader calls

  onHead(bytes: Buffer, from: number, to: number): void {
    const { head, reader } = this;
    const headers = head.parse(bytes, from, to);
    if (headers === undefined) {
      this.onFault(head.status, head.details);
      return;
    }
    const http10 = head.minorVersion === 0;
    this.protocol = http10 ? 'HTTP/1.0' : 'HTTP/1.1';
    this.keepAlive = head.keepAlive;
    const tunnel = headers.protocol !== '' || headers.method === 'CONNECT';
    const end = !tunnel && (head.framing === Framing.none || head.framing === 0);
    if (head.framing === Framing.chunked) reader.expectChunks();
    else if (head.framing > 0) reader.expectLength(head.framing);
    else reader.hold();
    const stream = new Http1ServerStream(this, headers.method, { tunnel, http10 });
    stream.requestEnded = end;
    this.stream = stream;
    const receiver = this.callbacks.newStream(stream);
    stream.receiver = receiver;
    receiver.headers(headers, end);
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
    const trailers = new TrailerParser(this.settings.maxHeadersCount).parse(bytes, from, to);
    if (!(trailers instanceof HeaderMap)) {
      this.onFault(trailers === Details.tooManyTrailers ? 431 : 400, trailers);
      return;
    }
    stream.requestEnded = true;
    this.deliverTrailers(receiver, trailers);
  }

  private deliverTrailers(receiver: RequestReceiver, trailers: HeaderMap): void {
    if (this.settings.enableTrailers && trailers.size > 0) receiver.trailers(trailers);
    else receiver.data(EMPTY, true);
  }

  onFault(status: number, details: Details): void {
    const { stream } = this;
    const answer = stream === undefined || !stream.headSent;
    const receiver = stream?.receiver;
    if (stream !== undefined) this.detach(stream);
    if (answer) this.output.text(this.settings.errorReply(status, details));
    this.close();
    receiver?.reset('protocol error');
    this.callbacks.onProtocolError(details, stream === undefined ? status : 0);
  }

  // ---- what the stream calls

  writeInformational(stream: Http1ServerStream, headers: ResponseHeaderMap): void {
    // HTTP/1.0 clients do not know interim responses (RFC 9110 section 15.2).
    if (stream.headSent || stream.http10) return;
    this.output.text(this.headWriter.informational(headers));
    this.output.flush();
  }

  writeHeaders(stream: Http1ServerStream, headers: ResponseHeaderMap, end: boolean): void {
    if (stream.headSent) return;
    stream.headSent = true;
    const { headWriter } = this;
    const text = headWriter.response(headers, end, stream);
    const { promised } = headWriter;
    if (promised === Promised.raw) {
      this.startTunnel(headers.status, text);
      if (end) this.endResponse(stream, true);
      return;
    }
    // What follows the head of a refused upgrade may be anything: it is not read as a request. A response that overtakes
    // its request ends the connection too, as with Envoy: the rest of the request may never come.
    const last = stream.tunnel || headWriter.close || this.draining || promised === Promised.untilClose;
    if (last || !stream.requestEnded) this.keepAlive = false;
    this.output.text(`${text}${this.connectionField(stream)}${headWriter.framing}\r\n`);
    this.startBody(promised);
    if (end) this.endResponse(stream, promised <= 0);
    else this.output.flushSoon();
  }

  private connectionField(stream: Http1ServerStream): string {
    if (!this.keepAlive) return 'connection: close\r\n';
    return stream.http10 ? 'connection: keep-alive\r\n' : '';
  }

  private startBody(promised: number): void {
    if (promised >= 0) this.body.start('length', promised);
    else if (promised === Promised.chunked) this.body.start('chunked');
    else if (promised === Promised.untilClose) this.body.start('until close');
    else this.body.start('none');
  }

  private startTunnel(status: number, text: string): void {
    this.keepAlive = false;
    this.output.text(status === 101 ? `${text}connection: upgrade\r\n\r\n` : `${text}\r\n`);
    this.output.flush();
    this.body.start('raw');
    this.reader.startRaw();
  }

  writeData(stream: Http1ServerStream, chunk: Buffer, end: boolean): boolean {
    if (!stream.headSent || stream.responseEnded) return true;
    const fits = this.body.write(chunk, end);
    if (!fits || end) this.endResponse(stream, fits);
    else this.output.flushSoon();
    return !this.output.full;
  }

  writeTrailers(stream: Http1ServerStream, trailers: HeaderMap): void {
    if (!stream.headSent || stream.responseEnded) return;
    this.endResponse(stream, this.body.writeTrailers(this.settings.enableTrailers ? trailers : undefined));
  }

  /** `whole`: the body is as long as its head promised; otherwise only a broken connection tells the client the truth. */
  private endResponse(stream: Http1ServerStream, whole: boolean): void {
    stream.responseEnded = true;
    this.output.flush();
    if (!whole) {
      const { receiver } = stream;
      this.detach(stream);
      this.reader.stop();
      this.transport.destroy();
      receiver?.reset('local reset');
      return;
    }
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

  pauseStream(): void {
    this.reader.pause();
  }
  resumeStream(): void {
    this.reader.resume();
  }
}
