import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { RoutePriority } from '@weft/model-route';
import type { PoolFailure, PoolHandle, TcpPoolCallbacks } from '@weft/proxy-filter-api';
import type { UpstreamHost } from './host.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolKind } from './pool-kind.ts';
import { UpstreamConnection } from './upstream-connection.ts';

export interface TcpConnectionOptions {
  readonly priority: RoutePriority;
  readonly kind: PoolKind;
  readonly owner: TcpPoolCallbacks;
}

/** A connection for raw bytes: its owner alone uses it, as a Transport that counts what passes. */
export class TcpConnection extends UpstreamConnection implements Transport, TransportReceiver, PoolHandle {
  private readonly owner: TcpPoolCallbacks;
  private receiver: TransportReceiver | undefined;
  private waiting = true;
  /** It counts as a request, as each connection for raw bytes does in Envoy. */
  private active = false;

  constructor(cx: PoolContext, host: UpstreamHost, options: TcpConnectionOptions) {
    super(cx, host, options.priority, options.kind);
    this.owner = options.owner;
    this.limits.pendingRequests.inc();
    cx.stats.upstreamRqPendingTotal.inc();
    cx.stats.upstreamRqPendingActive.inc();
    host.stats.rqPendingActive += 1;
  }

  cancel(): void {
    if (!this.waiting) return;
    this.noLongerWaiting();
    this.abort();
  }

  protected opened(transport: Transport): void {
    this.noLongerWaiting();
    // Bytes have no protocol to wait for: as in Envoy, they are ready when the transport is.
    this.handshakeEndMs = this.connectEndMs;
    if (this.owner.countsRequests !== true && !this.acquire(transport)) return;
    this.owner.onPoolReady(this, this.host, this);
  }

  private acquire(transport: Transport): boolean {
    const { stats } = this.cx;
    if (!this.limits.requests.canCreate) {
      stats.upstreamRqActiveOverflow.inc();
      transport.setReceiver(this);
      transport.destroy();
      this.owner.onPoolFailure({ reason: 'overflow', details: '', host: this.host });
      return false;
    }
    this.active = true;
    this.limits.requests.inc();
    stats.upstreamRqTotal.inc();
    stats.upstreamRqActive.inc();
    this.host.stats.rqTotal += 1;
    this.host.stats.rqActive += 1;
    return true;
  }

  private release(): void {
    if (!this.active) return;
    this.active = false;
    this.limits.requests.dec();
    this.cx.stats.upstreamRqActive.dec();
    this.host.stats.rqActive -= 1;
  }

  protected failed(failure: PoolFailure): void {
    this.noLongerWaiting();
    this.cx.stats.upstreamRqPendingFailureEject.inc();
    this.owner.onPoolFailure(failure);
  }

  private noLongerWaiting(): void {
    this.waiting = false;
    this.limits.pendingRequests.dec();
    this.cx.stats.upstreamRqPendingActive.dec();
    this.host.stats.rqPendingActive -= 1;
  }

  // ---- the owner's side

  setReceiver(receiver: TransportReceiver): void {
    this.receiver = receiver;
    this.transport?.setReceiver(this);
  }
  write(chunk: Buffer): boolean {
    const { transport } = this;
    if (transport === undefined) return true;
    const more = transport.write(chunk);
    // Not only at the end, as for requests: a connection for raw bytes may last for days.
    this.countSent(transport);
    return more;
  }
  lendReads(): void {
    this.transport?.lendReads?.();
  }
  writeLent(chunk: Buffer): boolean {
    const { transport } = this;
    if (transport?.writeLent === undefined) return this.write(Buffer.from(chunk));
    const more = transport.writeLent(chunk);
    this.countSent(transport);
    return more;
  }
  writeLatin1(text: string): boolean {
    return this.transport?.writeLatin1(text) ?? true;
  }
  end(): void {
    this.transport?.end();
  }
  close(): void {
    this.transport?.close();
  }
  destroy(): void {
    this.transport?.destroy();
  }
  pauseReading(): void {
    this.transport?.pauseReading();
  }
  resumeReading(): void {
    this.transport?.resumeReading();
  }
  get bufferedBytes(): number {
    return this.transport?.bufferedBytes ?? 0;
  }
  get bytesWritten(): number {
    return this.transport?.bytesWritten ?? 0;
  }
  get closed(): boolean {
    return this.transport?.closed ?? true;
  }

  // ---- the host's side

  onData(chunk: Buffer): void {
    if (!this.answered) this.heard();
    this.cx.stats.upstreamCxRxBytesTotal.add(chunk.length);
    this.receiver?.onData(chunk);
  }
  onEnd(): void {
    this.receiver?.onEnd();
  }
  onDrain(): void {
    this.receiver?.onDrain();
  }
  onClose(close: TransportClose): void {
    this.noteRefusal(close, false);
    // Raw bytes are a request from the first to the last one.
    this.countClose(close.by, this.active);
    this.release();
    this.receiver?.onClose(close);
  }
}
