import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { ClientCodec, ClientCodecCallbacks, ResetReason } from '@weft/core-http';
import { after, type Timer, type TimerCallback } from '@weft/core-runtime';
import type { RoutePriority } from '@weft/model-route';
import type { HttpPoolCallbacks, PoolFailure } from '@weft/proxy-filter-api';
import { createClientCodec } from './client-codecs.ts';
import type { UpstreamHost } from './host.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolKind } from './pool-kind.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/** A small integer that no connection lives to reach. */
const UNLIMITED = 0x3fff_ffff;

/**
 * So many requests go to a server of HTTP/2 before it said how many it takes: most take as many, and what is too much they
 * refuse. Source: nghttp2, which Envoy speaks HTTP/2 with (NGHTTP2_INITIAL_MAX_CONCURRENT_STREAMS).
 */
const FIRST_STREAMS = 100;

/** What a connection tells its pool. */
export interface HttpConnectionOwner {
  readonly priority: RoutePriority;
  readonly kind: PoolKind;
  /** It opened, a request ended, or the peer said how many it takes: the number of those that it can take changed. */
  onRoom(connection: HttpConnection): void;
  /** A request is over, in whatever way. */
  onStreamOver(): void;
  /** It takes no more requests; it may still be busy with some. */
  onSpent(connection: HttpConnection): void;
  /** It is gone. Always last. */
  onClosed(connection: HttpConnection): void;
  onConnectFailed(connection: HttpConnection, failure: PoolFailure): void;
}

/**
 * A connection of a pool, whatever protocol it speaks:
 *
 *   connecting -> open (with room for requests, or full) -> draining (finishes what it has) -> closed
 */
export class HttpConnection
  extends UpstreamConnection
  implements TransportReceiver, ClientCodecCallbacks, TimerCallback
{
  /** The pool's mark: it is among those that are ready. */
  listed = false;
  /** The pool's count: how much room it has added up for this connection. */
  countedRoom = 0;
  /** Connected, and not closed. */
  open = false;
  private readonly owner: HttpConnectionOwner;
  private codec: (ClientCodec & TransportReceiver) | undefined;
  /** How many requests it takes at once. */
  private capacity: number;
  /** How many it is sent at once by now: fewer while the server has not said what it takes. */
  private limitNow = 0;
  /** How many requests it takes yet in its life. */
  private left: number;
  /** Requests on it. */
  private active = 0;
  private requests = 0;
  /** True once it takes no more requests. */
  private spent = false;
  /** The peer ended the connection; closing it then is only our half of that. */
  private peerEnded = false;
  /** The connection was lost, or given up, with a request on it. */
  private lostRequest = false;
  /** When the last request ended. */
  private idleSinceMs = 0;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;

  constructor(cx: PoolContext, host: UpstreamHost, owner: HttpConnectionOwner) {
    super(cx, host, owner.priority, owner.kind);
    this.owner = owner;
    const { maxRequestsPerConnection } = cx.config.http;
    this.left = maxRequestsPerConnection === 0 ? UNLIMITED : maxRequestsPerConnection;
    const { protocol } = owner.kind;
    // What ALPN will say is not known yet: what it said last is the best guess.
    const multiplexed = protocol === 'http2' || (protocol === 'auto' && host.lastAlpn !== 'http/1.1');
    this.capacity = multiplexed ? cx.config.http.http2.maxConcurrentStreams : 1;
    if (protocol === 'http1') cx.stats.upstreamCxHttp1Total.inc();
    if (protocol === 'http2') cx.stats.upstreamCxHttp2Total.inc();
  }

  // ---- what the pool calls

  /** How many requests it can take now, or (while it connects) is expected to. */
  get room(): number {
    if (this.spent) return 0;
    const free = this.capacity - this.active;
    return free < this.left ? Math.max(0, free) : this.left;
  }

  /** It can take no request now, whatever room it has or will have. */
  get full(): boolean {
    return this.spent || this.active >= this.limitNow;
  }

  /** Counts a request that `start` is about to send. The pool calls both only where there is room. */
  take(): void {
    const { stats } = this.cx;
    this.active += 1;
    this.requests += 1;
    this.left -= 1;
    this.limits.requests.inc();
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.host.stats.rqTotal += 1;
    this.host.stats.rqActive += 1;
    if (this.left > 0) return;
    stats.upstreamCxMaxRequests.inc();
    this.spend();
  }

  start(request: HttpPoolCallbacks): void {
    const stream = (this.codec as ClientCodec).newStream(request);
    request.onPoolReady(stream, this.host, this);
  }

  /** No more requests: closes now, or when those under way are done. */
  drain(): void {
    this.spend();
    if (this.active > 0) return;
    if (this.transport === undefined) {
      this.abort();
      this.owner.onClosed(this);
    } else this.transport.close();
  }

  // ---- connecting

  protected opened(transport: Transport): void {
    const { stats, config, timers, random } = this.cx;
    const { maxConnectionDurationMs, maxConnectionDurationJitterPercent: jitter } = config.http;
    let { protocol } = this.owner.kind;
    if (protocol === 'auto') {
      protocol = this.alpnProtocol === 'h2' ? 'http2' : 'http1';
      this.host.lastAlpn = protocol === 'http2' ? 'h2' : 'http/1.1';
      (protocol === 'http2' ? stats.upstreamCxHttp2Total : stats.upstreamCxHttp1Total).inc();
    }
    this.open = true;
    this.codec = createClientCodec(protocol, { transport, callbacks: this, cx: this.cx });
    this.protocol = this.codec.protocol;
    this.capacity = Math.min(
      this.codec.maxConcurrentStreams,
      protocol === 'http2' ? config.http.http2.maxConcurrentStreams : 1,
    );
    this.limitNow = protocol === 'http2' ? Math.min(this.capacity, FIRST_STREAMS) : 1;
    if (maxConnectionDurationMs > 0) {
      const jitterMs = jitter > 0 ? random.below(Math.ceil((maxConnectionDurationMs * jitter) / 100)) : 0;
      this.durationTimer = after(timers, maxConnectionDurationMs + jitterMs, () => {
        stats.upstreamCxMaxDurationReached.inc();
        this.drain();
      });
    }
    transport.setReceiver(this);
    this.owner.onRoom(this);
    this.beginIdle();
  }

  protected failed(failure: PoolFailure): void {
    this.spent = true;
    this.owner.onConnectFailed(this, failure);
  }

  // ---- what the transport calls

  onData(chunk: Buffer): void {
    if (!this.answered) this.heard();
    this.cx.stats.upstreamCxRxBytesTotal.add(chunk.length);
    this.lastReadBytes = chunk.length;
    this.codec?.onData(chunk);
  }

  onEnd(): void {
    this.peerEnded = true;
    this.spend();
    this.codec?.onEnd();
    // An idle connection that the peer ends is no error: it is only not there any more.
    if (this.active === 0) this.transport?.close();
  }

  onDrain(): void {
    this.codec?.onDrain();
  }

  onClose(close: TransportClose): void {
    this.open = false;
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    this.spend();
    const by = this.peerEnded ? 'remote' : close.by;
    if (by === 'remote') this.noteRefusal(close, true);
    this.countClose(by, this.lostRequest || this.active > 0);
    this.cx.stats.upstreamRqPerCx.record(this.requests);
    // The codec resets the requests, whose owners may ask for another connection at once: this one is out of all counts.
    this.codec?.onClose(close);
    this.owner.onClosed(this);
  }

  // ---- what the codec calls

  onStreamEnd(): void {
    this.release();
    if (!this.spent) {
      this.owner.onRoom(this);
      this.beginIdle();
    } else if (this.active === 0) this.transport?.close();
  }

  onStreamReset(reason: ResetReason): void {
    const { stats } = this.cx;
    if (reason === 'local reset' || reason === 'protocol error') stats.upstreamRqTxReset.inc();
    else if (reason === 'remote reset') stats.upstreamRqRxReset.inc();
    else if (reason === 'connection termination') stats.upstreamRqPendingFailureEject.inc();
    if (reason === 'connection termination' || this.transport?.closed === true) {
      // The connection is lost with it, and nobody may take it for one that has room now.
      this.lostRequest = true;
      this.spend();
    }
    this.onStreamEnd();
  }

  onMaxConcurrentStreams(limit: number): void {
    this.capacity = Math.min(limit, this.cx.config.http.http2.maxConcurrentStreams);
    this.limitNow = this.capacity;
    this.owner.onRoom(this);
  }

  onGoAway(): void {
    const { codec } = this;
    // The peer asked for it: nothing is broken.
    const asked = this.open && !this.spent && this.transport?.closed === false;
    if (asked && codec?.activeStreams !== 0) this.cx.stats.upstreamCxCloseNotify.inc();
    this.spend();
    if (codec?.activeStreams !== 0) return;
    if (this.active === 0) this.transport?.close();
    else if (codec.protocol !== 'HTTP/2') {
      // The stream was reset and not ended, and nothing else says that its place is free.
      this.lostRequest = true;
      this.release();
    }
  }

  onProtocolError(_details: string): void {
    this.cx.stats.upstreamCxProtocolError.inc();
  }

  // ---- idle timeout

  /** From here the idle time counts. */
  private beginIdle(): void {
    const { idleTimeoutMs } = this.cx.config.http;
    if (idleTimeoutMs === 0 || this.active > 0) return;
    this.idleSinceMs = this.cx.clock.nowMs();
    // Started once and looked at when due: to start one for each request would cost more than to look.
    this.idleTimer ??= this.cx.timers.start(idleTimeoutMs, this);
  }

  onTimer(_timer: Timer): void {
    this.idleTimer = undefined;
    if (this.active > 0 || this.transport === undefined) return;
    const { idleTimeoutMs } = this.cx.config.http;
    const leftMs = Math.ceil(this.idleSinceMs + idleTimeoutMs - this.cx.clock.nowMs());
    if (leftMs > 0) {
      this.idleTimer = this.cx.timers.start(leftMs, this);
      return;
    }
    this.cx.stats.upstreamCxIdleTimeout.inc();
    this.drain();
  }

  private spend(): void {
    if (this.spent) return;
    this.spent = true;
    this.owner.onSpent(this);
  }

  private release(): void {
    this.active -= 1;
    this.limits.requests.dec();
    this.cx.stats.upstreamRqActive.dec();
    this.host.stats.rqActive -= 1;
    this.owner.onStreamOver();
    if (this.transport !== undefined) this.countSent(this.transport);
  }
}
