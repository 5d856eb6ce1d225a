import type { RoutePriority } from '@weft/model-route';
import type { HttpPoolCallbacks, PoolFailure, PoolHandle } from '@weft/proxy-filter-api';
import { HttpConnection, type HttpConnectionOwner } from './http-connection.ts';
import type { UpstreamHost } from './host.ts';
import { PendingQueue, PendingStream, type PendingOwner } from './pending-queue.ts';
import type { PoolContext } from './pool-context.ts';
import type { ResourceLimits } from './resource-limits.ts';

/**
 * The HTTP/1.1 connections to one host for one priority. A request takes the connection that was used last, or waits for
 * one; each waiting request that no connection under way is for makes a new one, as far as the limits allow.
 */
export class HttpPool implements HttpConnectionOwner, PendingOwner {
  private readonly cx: PoolContext;
  private readonly host: UpstreamHost;
  private readonly priority: RoutePriority;
  private readonly limits: ResourceLimits;
  private readonly connections = new Set<HttpConnection>();
  /** The last one was used last: so that in quiet times the others run into their idle timeout. */
  private readonly idle: HttpConnection[] = [];
  private readonly pending = new PendingQueue(this);
  private connecting = 0;
  private draining = false;
  private dispatching = false;

  constructor(cx: PoolContext, host: UpstreamHost, priority: RoutePriority) {
    this.cx = cx;
    this.host = host;
    this.priority = priority;
    this.limits = cx.limits[priority];
  }

  newStream(owner: HttpPoolCallbacks): PoolHandle | undefined {
    if (this.idle.length > 0 && this.pending.size === 0) {
      this.attach(this.idle.pop() as HttpConnection, owner);
      return undefined;
    }
    const { stats } = this.cx;
    if (!this.limits.pendingRequests.canCreate) {
      stats.upstreamRqPendingOverflow.inc();
      owner.onPoolFailure({ reason: 'overflow', details: '', host: this.host });
      return undefined;
    }
    this.limits.pendingRequests.inc();
    stats.upstreamRqPendingTotal.inc();
    stats.upstreamRqPendingActive.inc();
    this.host.stats.rqPendingActive += 1;
    const stream = new PendingStream(owner);
    this.pending.push(stream);
    this.connectForPending();
    return stream;
  }

  /** No connection outlives its request any more; requests that wait are still served. */
  drain(): void {
    this.draining = true;
    if (this.pending.size === 0) for (const connection of [...this.connections]) connection.drain();
    else for (const connection of this.idle.splice(0)) connection.drain();
  }

  /** Adds up what waits in the connections' outgoing queues. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const connection of this.connections) bytes += connection.bufferedBytes;
    return bytes;
  }

  // ---- what connections call

  onFree(connection: HttpConnection): void {
    this.noLongerConnecting(connection);
    if (this.draining && this.pending.size === 0) {
      connection.drain();
      return;
    }
    this.idle.push(connection);
    connection.beginIdle();
    if (this.pending.size > 0) this.dispatchSoon();
  }

  onSpent(connection: HttpConnection): void {
    const at = this.idle.lastIndexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
  }

  onClosed(connection: HttpConnection): void {
    this.noLongerConnecting(connection);
    this.connections.delete(connection);
    this.connectForPending();
  }

  onConnectFailed(connection: HttpConnection, failure: PoolFailure): void {
    this.noLongerConnecting(connection);
    this.connections.delete(connection);
    // All that wait would wait for the same host: each owner decides for itself whether to try another one.
    const { last } = this.pending;
    for (let stream = this.pending.shiftUpTo(last); stream !== undefined; stream = this.pending.shiftUpTo(last)) {
      this.noLongerPending();
      this.cx.stats.upstreamRqPendingFailureEject.inc();
      stream.owner.onPoolFailure(failure);
    }
  }

  onPendingCancelled(): void {
    this.noLongerPending();
  }

  // ----

  private attach(connection: HttpConnection, owner: HttpPoolCallbacks): void {
    if (this.limits.requests.canCreate) {
      connection.start(owner);
      return;
    }
    this.idle.push(connection);
    this.cx.stats.upstreamRqActiveOverflow.inc();
    owner.onPoolFailure({ reason: 'overflow', details: '', host: this.host });
  }

  private connectForPending(): void {
    while (this.pending.size > this.connecting + this.idle.length) {
      // A pool may always have one connection: without it the requests that wait in it would wait for ever.
      if (!this.limits.connections.canCreate && this.connections.size > 0) {
        this.cx.stats.upstreamCxOverflow.inc();
        return;
      }
      this.connecting += 1;
      const connection = new HttpConnection(this.cx, this.host, this.priority, this);
      connection.underWay = true;
      this.connections.add(connection);
    }
  }

  /**
   * Not at once: this is called while a codec still looks at the bytes that came behind a response. There may be none; had
   * the next request begun, they would be taken for its response.
   */
  private dispatchSoon(): void {
    if (this.dispatching) return;
    this.dispatching = true;
    process.nextTick(dispatch, this);
  }

  /** Called by `dispatchSoon` only. */
  dispatch(): void {
    this.dispatching = false;
    while (this.idle.length > 0) {
      const stream = this.pending.shift();
      if (stream === undefined) break;
      this.noLongerPending();
      this.attach(this.idle.pop() as HttpConnection, stream.owner);
    }
    if (this.draining) for (const connection of this.idle.splice(0)) connection.drain();
  }

  private noLongerPending(): void {
    this.limits.pendingRequests.dec();
    this.cx.stats.upstreamRqPendingActive.dec();
    this.host.stats.rqPendingActive -= 1;
  }

  private noLongerConnecting(connection: HttpConnection): void {
    if (!connection.underWay) return;
    connection.underWay = false;
    this.connecting -= 1;
  }
}

function dispatch(pool: HttpPool): void {
  pool.dispatch();
}
