import type { ClientStream, HeaderMap, RequestHeaderMap, ResetReason, ResponseReceiver } from '@weft/core-http';
import type { Http1ClientCodec } from './client-codec.ts';

/** One request and its response at a client codec. Once it is over, calls on it do nothing: the codec has moved on. */
export class Http1ClientStream implements ClientStream {
  /** Undefined once the stream is over. */
  codec: Http1ClientCodec | undefined;
  receiver: ResponseReceiver | undefined;
  method = '';
  /** The request asks to leave HTTP, by CONNECT or Upgrade. */
  tunnel = false;
  headSent = false;
  requestEnded = false;
  responseEnded = false;

  constructor(codec: Http1ClientCodec, receiver: ResponseReceiver) {
    this.codec = codec;
    this.receiver = receiver;
  }

  headers(headers: RequestHeaderMap, end: boolean): void {
    this.codec?.writeHeaders(this, headers, end);
  }
  data(chunk: Buffer, end: boolean): boolean {
    return this.codec === undefined || this.codec.writeData(this, chunk, end);
  }
  trailers(trailers: HeaderMap): void {
    this.codec?.writeTrailers(this, trailers);
  }
  reset(_reason: ResetReason): void {
    this.codec?.resetStream(this);
  }
  pause(): void {
    this.codec?.pauseStream();
  }
  resume(): void {
    this.codec?.resumeStream();
  }
}
