import type { HeaderMap, RequestReceiver, ResetReason, ResponseHeaderMap, ServerStream } from '@weft/core-http';
import type { Http1ServerCodec } from './server-codec.ts';

/** One request and its response at a server codec. Once it is over, calls on it do nothing: the codec has moved on. */
export class Http1ServerStream implements ServerStream {
  /** Undefined once the stream is over. */
  codec: Http1ServerCodec | undefined;
  receiver: RequestReceiver | undefined;
  readonly method: string;
  /** The client asked to leave HTTP, by CONNECT or Upgrade. */
  readonly tunnel: boolean;
  readonly http10: boolean;
  /** The last octet of the request was read. */
  requestEnded = false;
  headSent = false;
  responseEnded = false;

  constructor(codec: Http1ServerCodec, method: string, options: { tunnel: boolean; http10: boolean }) {
    this.codec = codec;
    this.method = method;
    this.tunnel = options.tunnel;
    this.http10 = options.http10;
  }

  informational(headers: ResponseHeaderMap): void {
    this.codec?.writeInformational(this, headers);
  }
  headers(headers: ResponseHeaderMap, end: boolean): void {
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
