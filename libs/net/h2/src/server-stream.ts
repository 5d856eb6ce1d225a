import type { HeaderMap, ResponseHeaderMap, ServerStream } from '@weft/core-http';
import type { Http2Connection } from './connection.ts';
import { countWaitingBody, countWaitingTrailers } from './waiting-bytes.ts';
import { Http2Stream } from './stream.ts';

/** What a server stream asks of its codec. */
export interface ServerStreamOwner {
  writeHeaders(stream: Http2ServerStream, headers: ResponseHeaderMap, end: boolean): void;
  writeInformational(stream: Http2ServerStream, headers: ResponseHeaderMap): void;
}

/** One request and its response at a server codec. */
export class Http2ServerStream extends Http2Stream implements ServerStream {
  startMs = 0;
  private readonly owner: ServerStreamOwner;

  constructor(codec: Http2Connection & ServerStreamOwner, id: number, windows: { send: number; receive: number }) {
    super(codec, id, windows);
    this.owner = codec;
  }

  informational(headers: ResponseHeaderMap): void {
    if (this.connection !== undefined && !this.headSent) this.owner.writeInformational(this, headers);
  }

  headers(headers: ResponseHeaderMap, end: boolean): void {
    if (this.connection !== undefined && !this.headSent) this.owner.writeHeaders(this, headers, end);
  }

  override data(chunk: Buffer, end: boolean): boolean {
    const { bytes } = this;
    const below = super.data(chunk, end);
    if (end && bytes !== undefined) {
      countWaitingBody(bytes, this.queue);
      this.bytes = undefined;
    }
    return below;
  }

  override trailers(trailers: HeaderMap): void {
    const { bytes } = this;
    super.trailers(trailers);
    if (bytes === undefined) return;
    countWaitingBody(bytes, this.queue);
    countWaitingTrailers(bytes, this.queuedTrailers);
    this.bytes = undefined;
  }
}
