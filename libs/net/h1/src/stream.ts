import type { HeaderMap, ResetReason, StreamSink, StreamSource, WireBytes } from '@weft/core-http';

/** What a stream calls: its codec. `S` is the codec's kind of stream, `H` what it sends. */
export interface StreamCodec<S, H extends HeaderMap> {
  writeHeaders(stream: S, headers: H, end: boolean): void;
  writeData(stream: S, chunk: Buffer, end: boolean): boolean;
  writeTrailers(stream: S, trailers: HeaderMap): void;
  resetStream(stream: S): void;
  pauseStream(): void;
  resumeStream(): void;
  countStream(stream: S): void;
}

/** One request and its response at a codec. Once it is over, calls on it do nothing: the codec has moved on. */
export abstract class Http1Stream<C extends StreamCodec<never, H>, H extends HeaderMap, R>
  implements StreamSink<H>, StreamSource
{
  /** Undefined once the stream is over. */
  codec: C | undefined;
  receiver: R | undefined;
  bytes: WireBytes | undefined = undefined;
  method = '';
  /** The request asks to leave HTTP, by CONNECT or Upgrade. */
  tunnel = false;
  /** The head of what this side sends is written. */
  headSent = false;
  requestEnded = false;
  responseEnded = false;

  constructor(codec: C, receiver: R | undefined) {
    this.codec = codec;
    this.receiver = receiver;
  }

  /** The stream is over: calls on it reach nobody. */
  detach(): void {
    this.codec = undefined;
    this.receiver = undefined;
  }

  headers(headers: H, end: boolean): void {
    this.codec?.writeHeaders(this as never, headers, end);
  }
  data(chunk: Buffer, end: boolean): boolean {
    return this.codec === undefined || this.codec.writeData(this as never, chunk, end);
  }
  trailers(trailers: HeaderMap): void {
    this.codec?.writeTrailers(this as never, trailers);
  }
  reset(_reason: ResetReason): void {
    this.codec?.resetStream(this as never);
  }
  countBytes(): void {
    this.codec?.countStream(this as never);
  }
  pause(): void {
    this.codec?.pauseStream();
  }
  resume(): void {
    this.codec?.resumeStream();
  }
}
