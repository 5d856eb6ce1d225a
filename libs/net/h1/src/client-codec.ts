import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import {
  HeaderMap,
  type ClientCodec,
  type ClientCodecCallbacks,
  type ClientStream,
  type Protocol,
  type RequestHeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
  type ResponseReceiver,
} from '@weft/core-http';
import { BodyWriter } from './body-writer.ts';
import { Http1ClientStream } from './client-stream.ts';
import { Details } from './details.ts';
import { Framing } from './framing.ts';
import { MessageReader, type MessageOwner } from './message-reader.ts';
import { Output } from './output.ts';
import { ResponseHeadParser } from './response-head.ts';
import type { Http1ClientSettings } from './settings.ts';
import { TrailerParser } from './trailer-parser.ts';
import { HeadWriter, Promised } from './write-head.ts';

const EMPTY = Buffer.alloc(0);

/** HTTP/1.1 towards servers (RFC 9112): one request at a time, and the next one when its response is complete. */
export class Http1ClientCodec implements ClientCodec, TransportReceiver, MessageOwner {
  readonly protocol: Protocol = 'HTTP/1.1';
  readonly maxConcurrentStreams = 1;
  private readonly transport: Transport;
  private readonly callbacks: ClientCodecCallbacks;
  private readonly settings: Http1ClientSettings;
  private readonly reader: MessageReader;
  private readonly head: ResponseHeadParser;
  private readonly output: Output;
  private readonly body: BodyWriter;
  private readonly headWriter = new HeadWriter();
  private stream: Http1ClientStream | undefined;
  private goneAway = false;

  constructor(transport: Transport, callbacks: ClientCodecCallbacks, settings: Http1ClientSettings) {
    this.transport = transport;
    this.callbacks = callbacks;
    this.settings = settings;
    this.reader = new MessageReader(transport, this, {
      sectionBytes: settings.maxResponseHeadersKb * 1024,
      skipEmptyLines: false,
    });
    this.head = new ResponseHeadParser(settings.maxHeadersCount);
    this.output = new Output(transport);
    this.body = new BodyWriter(this.output);
  }

  get activeStreams(): number {
    return this.stream === undefined ? 0 : 1;
  }

  newStream(receiver: ResponseReceiver): ClientStream {
    const stream = new Http1ClientStream(this, receiver);
    this.stream = stream;
    return stream;
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
    this.goAway();
    receiver?.reset(reason);
  }

  private detach(stream: Http1ClientStream): void {
    stream.codec = undefined;
    stream.receiver = undefined;
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
    const { status } = headers;
    if (status === 101 || (stream.tunnel && stream.method === 'CONNECT' && status >= 200 && status < 300)) {
      this.startTunnel(stream, headers);
      return;
    }
    if (status < 200) {
      this.reader.next();
      receiver.informational(headers);
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

  onBody(chunk: Buffer, end: boolean): void {
    const { stream } = this;
    if (stream === undefined) return;
    if (end) this.endBody(stream, chunk);
    else stream.receiver?.data(chunk, false);
  }

  onTrailers(bytes: Buffer, from: number, to: number): void {
    const { stream } = this;
    if (stream === undefined) return;
    const trailers = new TrailerParser(this.settings.maxHeadersCount).parse(bytes, from, to);
    if (!(trailers instanceof HeaderMap)) {
      this.onFault(0, trailers);
      return;
    }
    if (!this.settings.enableTrailers || trailers.size === 0) {
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

  /** A response that is complete before its request: the server will not read the rest, so the connection is of no more use. */
  private endResponse(stream: Http1ClientStream): void {
    stream.responseEnded = true;
    this.reader.idle();
    if (!stream.requestEnded) this.goAway();
  }

  private finishIfOver(stream: Http1ClientStream): void {
    if (this.stream !== stream || !stream.requestEnded || !stream.responseEnded) return;
    this.detach(stream);
    this.callbacks.onStreamEnd();
    if (!this.goneAway) return;
    this.reader.stop();
    this.output.flush();
    this.transport.close();
  }

  private startTunnel(stream: Http1ClientStream, headers: ResponseHeaderMap): void {
    if (!stream.tunnel) {
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
    this.output.text(headWriter.request(headers, end));
    const { promised } = headWriter;
    stream.tunnel = promised === Promised.raw;
    if (promised === Promised.raw) this.body.start('raw');
    else if (promised === Promised.chunked) this.body.start('chunked');
    else if (promised >= 0) this.body.start('length', promised);
    else this.body.start('none');
    this.reader.next();
    if (end) this.endRequest(stream, promised <= 0);
    else this.output.flushSoon();
  }

  writeData(stream: Http1ClientStream, chunk: Buffer, end: boolean): boolean {
    if (!stream.headSent || stream.requestEnded) return true;
    const fits = this.body.write(chunk, end);
    if (!fits || end) this.endRequest(stream, fits);
    else this.output.flushSoon();
    return !this.output.full;
  }

  writeTrailers(stream: Http1ClientStream, trailers: HeaderMap): void {
    if (!stream.headSent || stream.requestEnded) return;
    this.endRequest(stream, this.body.writeTrailers(this.settings.enableTrailers ? trailers : undefined));
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
    this.goAway();
  }

  pauseStream(): void {
    this.reader.pause();
  }
  resumeStream(): void {
    this.reader.resume();
  }
}

function bodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}
