import type { BodyReceiver } from './stream.ts';
import { Http2ServerStream, type ServerStreamOwner } from './server-stream.ts';
import type { Http2Connection } from './connection.ts';

/** So much of a request that is answered already is taken; who sends more has not looked at the answer. */
const TAKEN_BYTES = 64 * 1024;

export interface AnsweredStreamOwner extends ServerStreamOwner {
  /** The rest of the request is too long, or too long in coming. */
  stopAnswered(stream: AnsweredStream): void;
}

/**
 * Stands in for a stream whose response is whole before its request (RFC 9113 section 8.1). Whoever answered is done with it; the
 * rest of the request is thrown away, and judged as before: a client that ends it soon was not asked to stop, and one that breaks
 * the rules hears so.
 */
export class AnsweredStream extends Http2ServerStream implements BodyReceiver {
  private takenBytes = 0;
  private readonly answeredBy: AnsweredStreamOwner;

  constructor(codec: Http2Connection & AnsweredStreamOwner, from: Http2ServerStream) {
    super(codec, from.id, { send: from.sendWindow, receive: from.receiveWindow });
    this.answeredBy = codec;
    this.startMs = from.startMs;
    this.consumed = from.consumed;
    this.expectedBytes = from.expectedBytes;
    this.receivedBytes = from.receivedBytes;
    this.headSent = true;
    this.ending = true;
    this.localEnded = true;
    this.receiver = this;
  }

  override data(chunk: Buffer, end: boolean): boolean {
    this.takenBytes += chunk.length;
    if (!end && this.takenBytes > TAKEN_BYTES) this.answeredBy.stopAnswered(this);
    return true;
  }

  override trailers(): void {
    // Judged by then.
  }

  override reset(): void {
    // Nobody is to be told.
  }

  drained(): void {
    // Nothing is to be sent.
  }

  override onTimer(): void {
    this.flushTimer = undefined;
    this.answeredBy.stopAnswered(this);
  }
}
