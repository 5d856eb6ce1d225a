import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { turnWrites, type HeldWriter, type Transport, type TransportClose } from '@weft/core-bytes';
import type { TransportReceiver } from '@weft/core-bytes';
import type { SocketAddress } from '@weft/core-http';
import type { Timer, TimerCallback, Timers } from '@weft/core-runtime';
import { addressOf } from './addresses.ts';
import { sharedReads } from './read-buffer.ts';
import { readInto } from './read-into.ts';

/** How long a closing connection waits for its peer. Source: HttpConnectionManager.delayed_close_timeout. */
const DELAYED_CLOSE_MS = 1000;

/** More than this is written at once: a write of that size is worth a wake-up of its own. */
const HOLD_LIMIT_BYTES = 16 * 1024;

/** Envoy's default for listeners and clusters alike (per_connection_buffer_limit_bytes). */
export const DEFAULT_BUFFER_LIMIT_BYTES = 1024 * 1024;

/** What a connection that lends its reads reads at first. */
const OWN_READ_BYTES = 256 * 1024;
/**
 * What it reads once a read has filled that: as much as Envoy's default buffer limit. Fewer and larger calls cost the kernel
 * less than what leaves the processor's cache meanwhile.
 */
const BULK_READ_BYTES = 1024 * 1024;

// Shared listeners find their transport here: five closures for each connection would cost more than all its fields.
const owner = Symbol('transport');
type OwnedSocket = Socket & { [owner]?: SocketTransport };

/** What a transport has to be told of its socket. */
export interface TransportOptions {
  /** A Unix socket's path. */
  readonly path?: string | undefined;
  /** The socket was made with `onread: readDirectly`, and emits no `data`. */
  readonly directReads?: boolean;
  /** Addresses that are known already; absent, the socket is asked. */
  readonly localAddress?: SocketAddress;
  readonly remoteAddress?: SocketAddress;
}

/**
 * A TCP, TLS or Unix socket as a Transport. Nothing is read before the first `setReceiver`. After `close` what the peer
 * still sends is read and dropped until it closes too (or a second passes without progress): closing with unread bytes
 * would make the system reset the connection, and the peer could lose the end of what it was sent.
 */
export class SocketTransport implements Transport, TimerCallback, HeldWriter {
  readonly localAddress: SocketAddress;
  readonly remoteAddress: SocketAddress;
  private readonly socket: Socket;
  private readonly timers: Timers;
  private readonly path: string;
  private directReads: boolean;
  private lends = false;
  /** Where a connection that lends its reads reads into, from its first large read on. */
  private own: Buffer | undefined;
  /** A lent chunk is with the system, and the receiver waits for it. */
  private lent = false;
  private onLentWritten: (() => void) | undefined;
  private receiver: TransportReceiver | undefined;
  private pauses = 0;
  /** Counted here: a socket goes through all that waits in it for each look at its count. */
  private written: number;
  /** Waits for the end of the turn. */
  private held: Buffer | string | undefined;
  // open -> (ended -> closing | closing) -> gone
  private state: 'open' | 'ended' | 'closing' | 'gone' = 'open';
  private closedBy: TransportClose['by'] = 'remote';
  private error: Error | undefined;
  private lingering: Timer | undefined;
  private unsentAtTimer = 0;
  private delayedCloseMs = DELAYED_CLOSE_MS;
  private onDelayedClose: (() => void) | undefined;

  constructor(socket: Socket, timers: Timers, options: TransportOptions = {}) {
    const { path = '', directReads = false } = options;
    this.socket = socket;
    this.timers = timers;
    this.path = path;
    this.directReads = directReads;
    // What was said before there was a transport: a PROXY header, a handshake's refusal.
    this.written = socket.bytesWritten;
    // Such a socket reads by itself as soon as it is connected.
    if (directReads) socket.pause();
    // Taken now: a socket that is gone has no addresses any more, and logs ask for them then.
    this.localAddress = options.localAddress ?? addressOf(socket.localAddress, socket.localPort, path);
    this.remoteAddress = options.remoteAddress ?? addressOf(socket.remoteAddress, socket.remotePort, path);
    (socket as OwnedSocket)[owner] = this;
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** Who gets what arrives from now on. */
  setReceiver(receiver: TransportReceiver): void {
    const first = this.receiver === undefined;
    this.receiver = receiver;
    if (!first) return;
    const { socket } = this;
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    // Reads without an allocation for each, where they can be had; what the stream has read already comes from its queue, first.
    if (!this.directReads) {
      this.directReads = readInto(socket, sharedReads.buffer, readDirectly.callback);
      if (!this.directReads || socket.readableLength > 0) socket.on('data', onData);
    }
    // Who closed it before it was read waits for the peer's end.
    if (this.pauses > 0 && this.state !== 'closing') socket.pause();
    // A socket that is accepted flows by its first `data` listener, unless listener filters read ahead and left it paused.
    else if (this.directReads || socket.isPaused()) socket.resume();
  }

  write(chunk: Buffer): boolean {
    return this.hold(chunk);
  }
  writeLatin1(text: string): boolean {
    return this.hold(text);
  }

  lendReads(): void {
    const { socket } = this;
    if (this.lends || socket instanceof TLSSocket) return;
    if (!this.directReads) {
      // What the stream has read already must come first.
      if (socket.readableLength > 0 || !readInto(socket, sharedReads.buffer, readDirectly.callback)) return;
      this.directReads = true;
      if (this.pauses > 0 || this.receiver === undefined) socket.pause();
    }
    this.lends = true;
  }

  writeLent(chunk: Buffer): boolean {
    if (chunk.length < HOLD_LIMIT_BYTES) return this.hold(chunk);
    if (this.state !== 'open') return true;
    this.writeHeld();
    this.written += chunk.length;
    this.onLentWritten ??= () => this.lentWritten();
    this.socket.write(chunk, this.onLentWritten);
    this.lent = this.socket.writableLength > 0;
    return !this.lent;
  }

  private lentWritten(): void {
    // Called for every lent chunk, and for most of them after the system had taken them at once.
    if (!this.lent || this.socket.writableLength > 0) return;
    this.lent = false;
    this.drained();
  }

  private hold(bytes: Buffer | string): boolean {
    if (this.state !== 'open') return true;
    this.written += bytes.length;
    const waits = this.held !== undefined;
    if (waits) this.writeHeld();
    this.held = bytes;
    // Much to send wakes nobody in vain, and what is held must not hide from the watermark.
    if (bytes.length >= HOLD_LIMIT_BYTES) this.writeHeld();
    else if (!waits) turnWrites.add(this);
    return !this.socket.writableNeedDrain;
  }

  /** Called at the end of the turn, and before anything that has to come behind the bytes. */
  writeHeld(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    if (typeof held === 'string') this.socket.write(held, 'latin1');
    else this.socket.write(held);
  }

  end(): void {
    if (this.state !== 'open') return;
    this.writeHeld();
    this.state = 'ended';
    this.socket.end();
  }

  close(): void {
    if (this.state === 'closing' || this.state === 'gone') return;
    this.writeHeld();
    if (this.state === 'open') this.socket.end();
    this.state = 'closing';
    this.closedBy = 'local';
    if (this.receiver === undefined && !this.directReads) this.socket.on('data', onData);
    this.socket.resume();
    this.startLingering();
  }

  setDelayedClose(ms: number, onTimeout: () => void): void {
    this.delayedCloseMs = ms;
    this.onDelayedClose = onTimeout;
  }

  destroy(): void {
    if (this.state === 'gone' || this.socket.destroyed) return;
    this.held = undefined;
    this.state = 'closing';
    this.closedBy = 'local';
    // A plain close looks like an orderly end to a peer that waits for one. TLS says so by the missing close_notify.
    // The system resets no connection whose end was sent, and Node would then never close it.
    if (this.socket instanceof TLSSocket || this.path !== '' || this.socket.writableEnded) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  pauseReading(): void {
    this.pauses += 1;
    if (this.pauses === 1 && this.receiver !== undefined && this.state !== 'closing') this.socket.pause();
  }
  resumeReading(): void {
    if (this.pauses === 0) return;
    this.pauses -= 1;
    if (this.pauses === 0 && this.receiver !== undefined) this.socket.resume();
  }

  get bufferedBytes(): number {
    return this.socket.writableLength + (this.held?.length ?? 0);
  }
  get closed(): boolean {
    return this.state !== 'open' || this.socket.destroyed;
  }
  get bytesWritten(): number {
    return this.written;
  }
  get tls(): boolean {
    return this.socket instanceof TLSSocket;
  }
  /** The socket, for who asks TLS about it; undefined on plain connections. */
  get tlsSocket(): TLSSocket | undefined {
    return this.socket instanceof TLSSocket ? this.socket : undefined;
  }
  /** The protocol that ALPN chose; `''` without. */
  get alpnProtocol(): string {
    return this.socket instanceof TLSSocket ? this.socket.alpnProtocol || '' : '';
  }

  /** The peer had its time to close. */
  onTimer(_timer: Timer): void {
    const unsent = this.socket.writableLength;
    if (unsent > 0 && unsent < this.unsentAtTimer) this.startLingering();
    else {
      this.onDelayedClose?.();
      this.socket.destroy();
    }
  }

  private startLingering(): void {
    const { socket } = this;
    if (this.delayedCloseMs === 0) {
      if (socket.writableFinished) socket.destroy();
      else socket.once('finish', () => socket.destroy());
      return;
    }
    this.unsentAtTimer = socket.writableLength;
    this.lingering = this.timers.start(this.delayedCloseMs, this);
  }

  /** Called by the shared listeners only. */
  received(chunk: Buffer): void {
    if (this.state !== 'closing') this.receiver?.onData(chunk);
  }
  /**
   * `bytes` of them are in `buffer`, which the next read writes over. TLS hands on all records of one read in a row, whoever
   * pauses meanwhile: the stream's queue keeps those, and what comes behind them, end included. False: enough is kept.
   */
  receivedInto(bytes: number, buffer: Buffer): boolean {
    if (this.state === 'closing') return true;
    if (this.pauses > 0 || this.socket.readableLength > 0) return this.keep(sharedReads.take(bytes, buffer));
    this.receivedDirectly(bytes, buffer);
    return true;
  }
  private keep(chunk: Buffer): boolean {
    if (this.socket.listenerCount('data') === 0) this.socket.on('data', onData);
    return this.socket.push(chunk);
  }
  private receivedDirectly(bytes: number, buffer: Buffer): void {
    if (!this.lends || bytes < HOLD_LIMIT_BYTES) {
      this.received(sharedReads.take(bytes, buffer));
      return;
    }
    if (buffer === this.own) {
      const filled = bytes === buffer.length;
      this.received(filled ? buffer : buffer.subarray(0, bytes));
      if (filled && bytes < BULK_READ_BYTES) this.readIntoOwn(BULK_READ_BYTES);
      return;
    }
    this.received(sharedReads.take(bytes, buffer));
    this.readIntoOwn(OWN_READ_BYTES);
  }
  /** From the next read on. What is lent of the buffer before stays as it is. */
  private readIntoOwn(bytes: number): void {
    if (this.socket.destroyed) return;
    this.own = Buffer.allocUnsafeSlow(bytes);
    readInto(this.socket, this.own, readDirectly.callback);
  }
  peerEnded(): void {
    if (this.state !== 'closing') this.receiver?.onEnd();
  }
  drained(): void {
    if (this.state !== 'closing') this.receiver?.onDrain();
  }
  failed(error: Error): void {
    this.error ??= error;
  }
  gone(): void {
    this.state = 'gone';
    this.held = undefined;
    this.lingering?.cancel();
    const { closedBy: by, error } = this;
    this.receiver?.onClose(error === undefined ? { by } : { by, error });
  }
}

/** The `onread` option of sockets that connect: reads without an allocation for each, past the stream's queue. */
export const readDirectly = {
  buffer: sharedReads.buffer,
  callback(this: OwnedSocket, bytes: number, buffer: Buffer): boolean {
    return this[owner]?.receivedInto(bytes, buffer) ?? true;
  },
};

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[owner]?.received(chunk);
}
function onEnd(this: OwnedSocket): void {
  this[owner]?.peerEnded();
}
function onDrain(this: OwnedSocket): void {
  this[owner]?.drained();
}
function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.failed(error);
}
function onClose(this: OwnedSocket): void {
  this[owner]?.gone();
}
