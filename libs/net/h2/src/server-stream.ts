import type { ResponseHeaderMap, ServerStream } from '@weft/core-http';
import type { Http2Connection } from './connection.ts';
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
}
