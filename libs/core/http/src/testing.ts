import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from './header-map.ts';
import type { ResetReason } from './reset-reason.ts';
import type { ClientStream, ResponseReceiver, ServerStream, StreamReceiver } from './stream.ts';

/** A receiver that writes down what it is given. `full` makes `data` return false. */
export class RecordingReceiver<H extends HeaderMap> implements StreamReceiver<H> {
  head: H | undefined;
  body = '';
  chunks = 0;
  trailerMap: HeaderMap | undefined;
  ended = false;
  resetReason: ResetReason | undefined;
  drains = 0;
  full = false;
  readonly interim: ResponseHeaderMap[] = [];

  headers(headers: H, end: boolean): void {
    this.head = headers;
    this.ended = end;
  }
  data(chunk: Buffer, end: boolean): boolean {
    this.body += chunk.toString('latin1');
    this.chunks += 1;
    this.ended = end;
    return !this.full;
  }
  trailers(trailers: HeaderMap): void {
    this.trailerMap = trailers;
    this.ended = true;
  }
  reset(reason: ResetReason): void {
    this.resetReason = reason;
  }
  drained(): void {
    this.drains += 1;
  }
  informational(headers: ResponseHeaderMap): void {
    this.interim.push(headers);
  }
}

/** The codec's side of a stream, recorded: for tests of filters, routers and connection managers. */
export class RecordingServerStream extends RecordingReceiver<ResponseHeaderMap> implements ServerStream {
  paused = 0;
  pause(): void {
    this.paused += 1;
  }
  resume(): void {
    this.paused -= 1;
  }
}

/** An upstream stream, recorded; the test answers through `receiver`. */
export class RecordingClientStream extends RecordingReceiver<RequestHeaderMap> implements ClientStream {
  paused = 0;
  readonly receiver: ResponseReceiver;
  constructor(receiver: ResponseReceiver) {
    super();
    this.receiver = receiver;
  }
  pause(): void {
    this.paused += 1;
  }
  resume(): void {
    this.paused -= 1;
  }
}
