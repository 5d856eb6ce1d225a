import type { TransportClose, TransportReceiver } from '@weft/core-bytes';

/** Whoever proxies a connection, as its upstream's bytes find it. */
export interface UpstreamOwner {
  upstreamData(chunk: Buffer): void;
  upstreamEnd(): void;
  upstreamDrained(): void;
  upstreamClosed(close: TransportClose): void;
}

/** Receives the upstream's bytes on behalf of the connection, whose own methods are for the client's. */
export class UpstreamSide implements TransportReceiver {
  private readonly owner: UpstreamOwner;
  constructor(owner: UpstreamOwner) {
    this.owner = owner;
  }
  onData(chunk: Buffer): void {
    this.owner.upstreamData(chunk);
  }
  onEnd(): void {
    this.owner.upstreamEnd();
  }
  onDrain(): void {
    this.owner.upstreamDrained();
  }
  onClose(close: TransportClose): void {
    this.owner.upstreamClosed(close);
  }
}
