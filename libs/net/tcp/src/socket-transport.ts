import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import { socketAddress, type SocketAddress } from '@weft/core-http';
import type { Socket } from 'node:net';

const DEFAULT_BUFFER_LIMIT_BYTES = 1024 * 1024;

/** The socket's owner, found by the listeners that all sockets share. */
interface OwnedSocket extends Socket {
  weftTransport?: SocketTransport;
}

const DISCARD: TransportReceiver = {
  onData: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/**
 * A TCP, TLS or Unix socket as a Transport. Reads nothing before `setReceiver`.
 *
 *   open -> ended (FIN sent, still reads) -> closed
 */
export class SocketTransport implements Transport {
  readonly localAddress: SocketAddress;
  readonly remoteAddress: SocketAddress;
  private readonly socket: Socket;
  private readonly highWatermark: number;
  private receiver: TransportReceiver = DISCARD;
  private pauses = 0;
  private aboveWatermark = false;
  private sentEnd = false;
  private gone = false;
  private closedBy: TransportClose['by'] | undefined;
  private error: Error | undefined;

  constructor(socket: Socket, bufferLimitBytes = DEFAULT_BUFFER_LIMIT_BYTES, path = '') {
    this.socket = socket;
    // The socket reports a drain only for what it calls full itself, so the limit cannot lie below its own mark.
    this.highWatermark = Math.max(bufferLimitBytes, socket.writableHighWaterMark);
    this.localAddress = addressOf(socket.localAddress, socket.localPort, path);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, path);
    (socket as OwnedSocket).weftTransport = this;
    socket.on('error', onSocketError);
    socket.on('close', onSocketClose);
  }

  /** Begins reading. Called once. */
  setReceiver(receiver: TransportReceiver): void {
    this.receiver = receiver;
    this.socket.on('data', onSocketData);
    this.socket.on('end', onSocketEnd);
    this.socket.on('drain', onSocketDrain);
  }

  write(chunk: Buffer): boolean {
    if (this.sentEnd || this.gone) return true;
    this.socket.write(chunk);
    return this.belowWatermark();
  }

  writeLatin1(text: string): boolean {
    if (this.sentEnd || this.gone) return true;
    this.socket.write(text, 'latin1');
    return this.belowWatermark();
  }

  end(): void {
    if (this.sentEnd || this.gone) return;
    this.sentEnd = true;
    this.closedBy ??= 'local';
    this.socket.end();
  }

  close(): void {
    if (this.gone) return;
    this.closedBy ??= 'local';
    this.sentEnd = true;
    this.socket.destroySoon();
  }

  destroy(): void {
    if (this.gone) return;
    this.closedBy ??= 'local';
    this.sentEnd = true;
    this.socket.destroy();
  }

  pauseReading(): void {
    this.pauses += 1;
    if (this.pauses === 1) this.socket.pause();
  }

  resumeReading(): void {
    if (this.pauses === 0) return;
    this.pauses -= 1;
    if (this.pauses === 0 && !this.gone) this.socket.resume();
  }

  get bufferedBytes(): number {
    return this.socket.writableLength;
  }
  get bytesWritten(): number {
    return this.socket.bytesWritten;
  }
  get closed(): boolean {
    return this.sentEnd || this.gone;
  }

  private belowWatermark(): boolean {
    if (this.socket.writableLength < this.highWatermark) return true;
    this.aboveWatermark = true;
    return false;
  }

  // ---- called by the shared socket listeners ----

  received(chunk: Buffer): void {
    this.receiver.onData(chunk);
  }
  peerEnded(): void {
    this.closedBy ??= 'remote';
    this.receiver.onEnd();
  }
  drained(): void {
    if (!this.aboveWatermark) return;
    this.aboveWatermark = false;
    this.receiver.onDrain();
  }
  failed(error: Error): void {
    this.error ??= error;
    this.closedBy ??= 'remote';
  }
  ended(): void {
    if (this.gone) return;
    this.gone = true;
    const by = this.closedBy ?? 'remote';
    this.receiver.onClose(this.error === undefined ? { by } : { by, error: this.error });
  }
}

function onSocketData(this: Socket, chunk: Buffer): void {
  (this as OwnedSocket).weftTransport?.received(chunk);
}
function onSocketEnd(this: Socket): void {
  (this as OwnedSocket).weftTransport?.peerEnded();
}
function onSocketDrain(this: Socket): void {
  (this as OwnedSocket).weftTransport?.drained();
}
function onSocketError(this: Socket, error: Error): void {
  (this as OwnedSocket).weftTransport?.failed(error);
}
function onSocketClose(this: Socket): void {
  (this as OwnedSocket).weftTransport?.ended();
}

function addressOf(ip: string | undefined, port: number | undefined, path: string): SocketAddress {
  if (ip === undefined) return { ip: path, port: 0, text: path };
  // A dual-stack socket shows IPv4 peers as ::ffff:1.2.3.4; people and access rules know them as 1.2.3.4.
  return socketAddress(ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip, port ?? 0);
}
