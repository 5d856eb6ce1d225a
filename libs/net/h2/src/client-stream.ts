import type { ClientStream, RequestHeaderMap, ResponseReceiver } from '@weft/core-http';
import type { Http2Connection } from './connection.ts';
import { Http2Stream } from './stream.ts';

/** What a client stream asks of its codec. */
export interface ClientStreamOwner {
  writeHeaders(stream: Http2ClientStream, headers: RequestHeaderMap, end: boolean): void;
}

/** One request and its response at a client codec. */
export class Http2ClientStream extends Http2Stream implements ClientStream {
  readonly response: ResponseReceiver;
  /** The final head came. */
  headReceived = false;
  /** The request was HEAD: its response has no body, whatever length it tells. */
  bodiless = false;
  /** The protocol an upgrade asked for; `''` without. */
  upgrade = '';
  private readonly owner: ClientStreamOwner;

  constructor(codec: Http2Connection & ClientStreamOwner, id: number, response: ResponseReceiver) {
    super(codec, id, undefined);
    this.owner = codec;
    this.response = response;
    this.receiver = response;
  }

  headers(headers: RequestHeaderMap, end: boolean): void {
    if (this.connection !== undefined && !this.headSent) this.owner.writeHeaders(this, headers, end);
  }
}
