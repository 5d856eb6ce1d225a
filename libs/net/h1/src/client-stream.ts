import type { ClientStream, RequestHeaderMap, ResponseReceiver } from '@weft/core-http';
import type { Http1ClientCodec } from './client-codec.ts';
import { Http1Stream } from './stream.ts';

/** One request and its response at a client codec. */
export class Http1ClientStream
  extends Http1Stream<Http1ClientCodec, RequestHeaderMap, ResponseReceiver>
  implements ClientStream
{
  /** The request asks for another protocol on this connection: 101 is an answer to it. */
  upgrade = false;
  /** Interim responses so far. */
  interims = 0;
}
