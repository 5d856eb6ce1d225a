import type { HeaderMap, ResetReason, StreamReceiver, WireBytes } from '@weft/core-http';
import type { Timer, TimerCallback } from '@weft/core-runtime';
import type { ByteQueue } from './byte-queue.ts';
import type { Http2Connection } from './connection.ts';

/** What a stream of either side tells its user, beyond its head. */
export type BodyReceiver = Pick<StreamReceiver<HeaderMap>, 'data' | 'trailers' | 'reset' | 'drained'>;

/**
 * One stream of either side. Once it is over, calls on it do nothing. The wire's states (RFC 9113 section 5.1) are two bits:
 *
 *   open ─▶ remoteEnded (half-closed, remote) ─▶ over
 *      └──▶ localEnded  (half-closed, local)  ─▶ over
 */
export abstract class Http2Stream implements TimerCallback {
  /** Undefined once the stream is over. */
  connection: Http2Connection | undefined;
  receiver: BodyReceiver | undefined;
  bytes: WireBytes | undefined = undefined;
  id: number;

  // ---- what we send
  /** Bytes the peer takes; below 0 after it made its initial window smaller. */
  sendWindow: number;
  headSent = false;
  /** The peer has heard of it. */
  known: boolean;
  /** The user ended its direction; what it wrote may still wait. */
  ending = false;
  /** END_STREAM is written. */
  localEnded = false;
  /** What waits for a window or for the transport. */
  queue: ByteQueue | undefined;
  queuedTrailers: HeaderMap | undefined;
  /** `data` returned false; the user waits for `drained`. */
  awaitsDrain = false;
  /** Runs while the end waits to be sent. */
  flushTimer: Timer | undefined;
  /** In the list of those with something to send. */
  ready = false;
  nextReady: Http2Stream | undefined;

  // ---- what we receive
  /** Bytes the peer may still send. */
  receiveWindow: number;
  /** Bytes consumed, and not yet given back by WINDOW_UPDATE. */
  consumed = 0;
  /** Bytes delivered while the user had paused; given back when it resumes. */
  withheld = 0;
  pauses = 0;
  /** END_STREAM came. */
  remoteEnded = false;
  /** The body the head promised, -1 where it did not; and what came of it. */
  expectedBytes = -1;
  receivedBytes = 0;
  /** What came while the user had paused, and the trailers behind it. */
  held: ByteQueue | undefined;
  heldTrailers: HeaderMap | undefined;
  /** The end came while something was held. */
  heldEnd = false;
  /** The receiver got all, with the end. */
  delivered = false;

  /** CONNECT or an upgrade: one direction may end long before the other. */
  tunnel = false;

  constructor(connection: Http2Connection, id: number, windows: { send: number; receive: number } | undefined) {
    this.connection = connection;
    this.id = id;
    this.known = windows !== undefined;
    this.sendWindow = windows?.send ?? 0;
    this.receiveWindow = windows?.receive ?? 0;
  }

  data(chunk: Buffer, end: boolean): boolean {
    const { connection } = this;
    if (connection === undefined || !this.headSent || this.ending) return true;
    return connection.sending.data(this, chunk, end);
  }

  trailers(trailers: HeaderMap): void {
    const { connection } = this;
    if (connection === undefined || !this.headSent || this.ending) return;
    connection.sending.trailers(this, trailers);
  }

  reset(reason: ResetReason): void {
    this.connection?.resetByUser(this, reason);
  }

  /** The peer gave no window for the end in time. */
  onTimer(_timer: Timer): void {
    this.flushTimer = undefined;
    this.connection?.onFlushTimeout(this);
  }

  pause(): void {
    this.pauses += 1;
  }

  resume(): void {
    if (this.pauses === 0) return;
    this.pauses -= 1;
    if (this.pauses === 0) this.connection?.receiving.resumed(this);
  }
}
