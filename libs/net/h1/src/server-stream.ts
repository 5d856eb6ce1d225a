import type { RequestReceiver, ResponseHeaderMap, ServerStream } from '@weft/core-http';
import type { Http1ServerCodec } from './server-codec.ts';
import { Http1Stream } from './stream.ts';

/** One request and its response at a server codec. */
export class Http1ServerStream
  extends Http1Stream<Http1ServerCodec, ResponseHeaderMap, RequestReceiver>
  implements ServerStream
{
  http10 = false;

  informational(headers: ResponseHeaderMap): void {
    this.codec?.writeInformational(this, headers);
  }
}
