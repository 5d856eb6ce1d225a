import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { ClientCodecCallbacks } from '@weft/core-http';
import { after, type Timer, type TimerCallback } from '@weft/core-runtime';
import type { RoutePriority } from '@weft/model-route';
import { Http1ClientCodec } from '@weft/net-h1';
import type { HttpPoolCallbacks, PoolFailure } from '@weft/proxy-filter-api';
import type { UpstreamHost } from './host.ts';
import type { PoolContext } from './pool-context.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/** What a connection tells its pool. */
export interface HttpConnectionOwner {
  /** Open, or done with a request: it can take one. */
  onFree(connection: HttpConnection): void;
  /** It takes no more requests; it may still be busy with one. */
  onSpent(connection: HttpConnection): void;
  /** It is gone. Always last. */
  onClosed(connection: HttpConnection): void;
  onConnectFailed(connection: HttpConnection, failure: PoolFailure): void;
}

/** An HTTP/1.1 connection of a pool: connecting -> (idle <-> busy) -> closed. */
export class HttpConnection
  extends UpstreamConnection
  implements TransportReceiver, ClientCodecCallbacks, TimerCallback
{
  /** The pool's mark: it counts on this connection for a request that waits. */
  underWay = false;
  /** When the last request ended. */
  idleSinceMs = 0;
  private readonly owner: HttpConnectionOwner;
  private codec: Http1ClientCodec | undefined;
  private requests = 0;
  private busy = false;
  /** True once it takes no more requests. */
  private spent = false;
  /** The peer ended the connection; closing it then is only our half of that. */
  private peerEnded = false;
  /** The connection was lost, or given up, with a request on it. */
  private lostRequest = false;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;

  constructor(cx: PoolContext, host: UpstreamHost, priority: RoutePriority, owner: HttpConnectionOwner) {
    super(cx, host, priority);
    this.owner = owner;
    cx.stats.upstreamCxHttp1Total.inc();
  }

  // ---- what the pool calls

  /** Sends a request. The pool calls it only for a connection that it was told is free. */
  start(request: HttpPoolCallbacks): void {
    const { stats, config } = this.cx;
    this.busy = true;
    this.requests += 1;
    this.limits.requests.inc();
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.host.stats.rqTotal += 1;
    this.host.stats.rqActive += 1;
    if (this.requests === config.http.maxRequestsPerConnection) {
      stats.upstreamCxMaxRequests.inc();
      this.spend();
    }
    const stream = (this.codec as Http1ClientCodec).newStream(request);
    request.onPoolReady(stream, this.host, this.localAddress);
  }

  /** No more requests: closes now, or when the one under way is done. */
  drain(): void {
    this.spend();
    if (this.busy) return;
    if (this.transport === undefined) {
      this.abort();
      this.owner.onClosed(this);
    } else this.transport.close();
  }

  /** The pool has nothing for it to do: from here its idle time counts. */
  beginIdle(): void {
    const { idleTimeoutMs } = this.cx.config.http;
    if (idleTimeoutMs === 0) return;
    this.idleSinceMs = this.cx.clock.nowMs();
    // Started once and looked at when due: to start one for each request would cost more than to look.
    this.idleTimer ??= this.cx.timers.start(idleTimeoutMs, this);
  }

  // ---- connecting

  protected opened(transport: Transport): void {
    const { maxConnectionDurationMs } = this.cx.config.http;
    this.codec = new Http1ClientCodec(transport, this, this.cx.http1);
    if (maxConnectionDurationMs > 0) {
      this.durationTimer = after(this.cx.timers, maxConnectionDurationMs, () => {
        this.cx.stats.upstreamCxMaxDurationReached.inc();
        this.drain();
      });
    }
    transport.setReceiver(this);
    this.owner.onFree(this);
  }

  protected failed(failure: PoolFailure): void {
    this.owner.onConnectFailed(this, failure);
  }

  // ---- what the transport calls

  onData(chunk: Buffer): void {
    this.cx.stats.upstreamCxRxBytesTotal.add(chunk.length);
    this.codec?.onData(chunk);
  }

  onEnd(): void {
    this.peerEnded = true;
    this.codec?.onEnd();
    // An idle connection that the peer ends is no error: it is only not there any more.
    if (!this.busy) this.transport?.close();
  }

  onDrain(): void {
    this.codec?.onDrain();
  }

  onClose(close: TransportClose): void {
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    this.spend();
    this.countClose(this.peerEnded ? 'remote' : close.by, this.lostRequest || this.busy);
    this.cx.stats.upstreamRqPerCx.record(this.requests);
    // The codec resets the request, whose owner may ask for another connection at once: this one is out of all counts.
    this.codec?.onClose(close);
    this.owner.onClosed(this);
  }

  // ---- what the codec calls

  onStreamEnd(): void {
    this.release();
    if (!this.spent) this.owner.onFree(this);
    else this.transport?.close();
  }

  onMaxConcurrentStreams(_limit: number): void {
    // HTTP/1.1 takes one at a time.
  }

  onGoAway(): void {
    this.spend();
    // The stream was reset and not ended: nothing else says that its place is free.
    if (!this.busy || this.codec?.activeStreams !== 0) return;
    this.lostRequest = true;
    this.release();
  }

  onProtocolError(_details: string): void {
    this.cx.stats.upstreamCxProtocolError.inc();
  }

  // ---- idle timeout

  onTimer(_timer: Timer): void {
    this.idleTimer = undefined;
    if (this.busy || this.transport === undefined) return;
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
    this.busy = false;
    this.limits.requests.dec();
    this.cx.stats.upstreamRqActive.dec();
    this.host.stats.rqActive -= 1;
    if (this.transport !== undefined) this.countSent(this.transport);
  }
}
