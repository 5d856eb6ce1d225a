import type { RoutePriority } from '@weft/model-route';
import type { HttpPoolCallbacks, PoolFailure, PoolHandle } from '@weft/proxy-filter-api';
import { HttpConnection, type HttpConnectionOwner } from './http-connection.ts';
import type { UpstreamHost } from './host.ts';
import { PendingQueue, PendingStream, type PendingOwner } from './pending-queue.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolKind } from './pool-kind.ts';
import type { ResourceLimits } from './resource-limits.ts';
import type { BufferedBytes } from './upstream-connection.ts';

/** How many connections one request may cause beyond those it needs. Source: Envoy's ConnPoolImplBase. */
const MAX_PRECONNECTS = 3;

/** Who is told when a pool has neither connections nor requests. */
export interface HttpPoolOwner {
  onPoolEmpty(pool: HttpPool): void;
}

/**
 * The HTTP connections to one host for one priority and one kind of connection, whatever protocol they speak. A request
 * takes the connection that was used last and has room, or waits for one; connections are made while the room that there is
 * and that is on its way does not suffice for those that wait, as far as the limits allow.
 */
export class HttpPool implements HttpConnectionOwner, PendingOwner {
  readonly host: UpstreamHost;
  readonly priority: RoutePriority;
  readonly kind: PoolKind;
  private readonly cx: PoolContext;
  readonly owner: HttpPoolOwner;
  private readonly limits: ResourceLimits;
  private readonly connections = new Set<HttpConnection>();
  /**
   * Open, with room for a request. The last one was used last: so that in quiet times the others run into their idle
   * timeout.
   */
  private readonly ready: HttpConnection[] = [];
  private readonly pending = new PendingQueue(this);
  /** Requests that connections can take, those under way to be open included. */
  private room = 0;
  /** Requests on connections. */
  private active = 0;
  private draining = false;
  private dispatching = false;

  constructor(
    cx: PoolContext,
    host: UpstreamHost,
    options: { priority: RoutePriority; kind: PoolKind; owner: HttpPoolOwner },
  ) {
    this.cx = cx;
    this.host = host;
    this.priority = options.priority;
    this.kind = options.kind;
    this.owner = options.owner;
    this.limits = cx.limits[options.priority];
  }

  newStream(owner: HttpPoolCallbacks): PoolHandle | undefined {
    const { stats, config } = this.cx;
    if (this.ready.length > 0 && this.pending.size === 0) {
      this.attach(this.ready[this.ready.length - 1] as HttpConnection, owner);
      if (config.preconnect.perUpstreamRatio > 1) this.connectForDemand(config.preconnect.perUpstreamRatio);
      return undefined;
    }
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
    this.connectForDemand();
    return stream;
  }

  /** Makes a connection in advance where one request more would find too little room. True: it did. */
  preconnect(ratio: number): boolean {
    if (this.draining || (this.pending.size + this.active + 1) * ratio <= this.room + this.active) return false;
    if (!this.mayConnect()) return false;
    this.connect();
    return true;
  }

  /** No connection outlives its requests any more; requests that wait are still served. */
  drain(): void {
    this.draining = true;
    if (this.pending.size === 0) this.drainConnections();
  }

  /** Connections end with the requests they have; the next ones get new connections. */
  renew(): void {
    for (const connection of [...this.connections]) if (connection.open) connection.drain();
  }

  /** True while nothing needs the pool. */
  get empty(): boolean {
    return this.connections.size === 0 && this.pending.size === 0;
  }

  /** True where nothing but idle connections would be lost with it. */
  get idle(): boolean {
    return this.active === 0 && this.pending.size === 0;
  }

  /** Counts what connections sent so far, and adds what waits in them to the sums. */
  refreshStats(sums: BufferedBytes): void {
    for (const connection of this.connections) connection.refreshStats(sums);
  }

  // ---- what connections call

  onRoom(connection: HttpConnection): void {
    const before = this.room;
    this.recount(connection);
    // Those that wait were promised more: a peer takes fewer streams than it may, or speaks HTTP/1.1 after all.
    if (this.room < before) this.connectForDemand();
    if (connection.full || connection.room === 0) {
      if (connection.listed) this.unlist(connection);
      return;
    }
    if (this.draining && this.pending.size === 0) {
      connection.drain();
      return;
    }
    if (!connection.listed && connection.open) {
      connection.listed = true;
      this.ready.push(connection);
    }
    if (this.pending.size > 0) this.dispatchSoon();
  }

  onStreamOver(): void {
    this.active -= 1;
  }

  onSpent(connection: HttpConnection): void {
    this.recount(connection);
    if (connection.listed) this.unlist(connection);
    if (this.pending.size > 0) this.connectForDemand();
  }

  onClosed(connection: HttpConnection): void {
    this.recount(connection);
    this.connections.delete(connection);
    this.connectForDemand();
    if (this.empty) this.owner.onPoolEmpty(this);
  }

  onConnectFailed(connection: HttpConnection, failure: PoolFailure): void {
    this.recount(connection);
    this.connections.delete(connection);
    // All that wait would wait for the same host: each owner decides for itself whether to try another one.
    const { last } = this.pending;
    for (let stream = this.pending.shiftUpTo(last); stream !== undefined; stream = this.pending.shiftUpTo(last)) {
      this.noLongerPending();
      this.cx.stats.upstreamRqPendingFailureEject.inc();
      stream.owner.onPoolFailure(failure);
    }
    if (this.empty) this.owner.onPoolEmpty(this);
  }

  onPendingCancelled(): void {
    this.noLongerPending();
  }

  // ----

  private attach(connection: HttpConnection, owner: HttpPoolCallbacks): void {
    if (!this.limits.requests.canCreate) {
      this.cx.stats.upstreamRqActiveOverflow.inc();
      owner.onPoolFailure({ reason: 'overflow', details: '', host: this.host });
      return;
    }
    this.active += 1;
    connection.take();
    this.recount(connection);
    if (connection.listed && (connection.full || connection.room === 0)) this.unlist(connection);
    connection.start(owner);
  }

  private connectForDemand(ratio = this.cx.config.preconnect.perUpstreamRatio): void {
    for (let ahead = 0; ahead < MAX_PRECONNECTS;) {
      const { size } = this.pending;
      if (size <= this.room) {
        if (ratio <= 1 || this.draining || (size + this.active) * ratio <= this.room + this.active) return;
        ahead += 1;
      }
      if (!this.mayConnect()) return;
      this.connect();
    }
  }

  private mayConnect(): boolean {
    if (this.limits.connections.canCreate && this.host.stats.cxActive < this.limits.maxConnectionsPerHost) return true;
    this.cx.stats.upstreamCxOverflow.inc();
    // A pool may always have one connection: without it the requests that wait in it would wait for ever.
    return this.connections.size === 0;
  }

  private connect(): void {
    const connection = new HttpConnection(this.cx, this.host, this);
    this.connections.add(connection);
    this.recount(connection);
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
    while (this.ready.length > 0) {
      const stream = this.pending.shift();
      if (stream === undefined) break;
      this.noLongerPending();
      this.attach(this.ready[this.ready.length - 1] as HttpConnection, stream.owner);
    }
    if (this.draining && this.pending.size === 0) this.drainConnections();
  }

  private drainConnections(): void {
    for (const connection of [...this.connections]) connection.drain();
  }

  private unlist(connection: HttpConnection): void {
    connection.listed = false;
    const at = this.ready.lastIndexOf(connection);
    if (at === this.ready.length - 1) this.ready.pop();
    else if (at >= 0) this.ready.splice(at, 1);
  }

  private recount(connection: HttpConnection): void {
    const { room } = connection;
    const change = room - connection.countedRoom;
    connection.countedRoom = room;
    this.room += change;
    this.cx.demand.room += change;
  }

  private noLongerPending(): void {
    this.limits.pendingRequests.dec();
    this.cx.stats.upstreamRqPendingActive.dec();
    this.host.stats.rqPendingActive -= 1;
  }
}

function dispatch(pool: HttpPool): void {
  pool.dispatch();
}
