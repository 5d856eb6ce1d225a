import type { ConnectionMetadata, SocketAddress } from '@weft/core-http';
import type { Timer, TimerCallback, Timers } from '@weft/core-runtime';
import { predicateMatches } from '@weft/model-listener';
import { CONTINUE, FilterState, type AcceptedConnection, type ListenerFilter } from '@weft/proxy-filter-api';
import type { Socket } from 'node:net';
import type { AcceptedAddresses } from './accepted-addresses.ts';
import type { ListenerConnection } from './listener-connection.ts';
import type { ListenerStats } from './listener-stats.ts';
import type { PreparedListener } from './prepared-listener.ts';

// Shared listeners find their connection here, as in SocketTransport.
const owner = Symbol('accepted');
type OwnedSocket = Socket & { [owner]?: AcceptedSocket | undefined };

const NOTHING: Buffer = Buffer.alloc(0);

/** Whoever accepted it. */
export interface AcceptedSocketOwner {
  readonly stats: ListenerStats;
  readonly timers: Timers;
  /** Every filter let it pass. */
  filtered(accepted: AcceptedSocket): void;
  /** It is over. */
  refused(accepted: AcceptedSocket): void;
}

/**
 * An accepted connection while listener filters look at it.
 *
 *   filtering (filter by filter; each may wait for bytes) -> done (bytes put back, on to the filter chain)
 *                                                         -> closed (refused, given up, or gone)
 */
export class AcceptedSocket implements AcceptedConnection, ListenerConnection, TimerCallback {
  readonly socket: Socket;
  readonly chain = undefined;
  readonly tunnel = false;
  readonly directRemoteAddress: SocketAddress;
  localAddress: SocketAddress;
  localAddressRestored = false;
  remoteAddress: SocketAddress;
  transportProtocol = '';
  applicationProtocols: readonly string[] = [];
  serverName = '';
  ja3 = '';
  ja4 = '';
  terminationDetails: string | undefined;
  /** Another listener accepted it. It is not handed on again. */
  handedOff = false;
  private readonly listener: AcceptedSocketOwner;
  private readonly prepared: PreparedListener;
  private state: 'filtering' | 'done' | 'closed' = 'filtering';
  private index = 0;
  private filter: ListenerFilter | undefined;
  private bytes = NOTHING;
  private reading = false;
  private inside = false;
  private continued = false;
  private timer: Timer | undefined;
  private ownFilterState: FilterState | undefined;
  private ownMetadata: Map<string, Readonly<Record<string, unknown>>> | undefined;

  constructor(listener: AcceptedSocketOwner, prepared: PreparedListener, socket: Socket, addresses: AcceptedAddresses) {
    this.listener = listener;
    this.prepared = prepared;
    this.socket = socket;
    this.localAddress = addresses.localAddress;
    this.directRemoteAddress = addresses.remoteAddress;
    this.remoteAddress = this.directRemoteAddress;
  }

  /** The same connection, for the listener that it is handed to: what is known of it stays known. */
  again(listener: AcceptedSocketOwner, prepared: PreparedListener): AcceptedSocket {
    const { localAddress, directRemoteAddress } = this;
    const next = new AcceptedSocket(listener, prepared, this.socket, {
      localAddress,
      remoteAddress: directRemoteAddress,
    });
    next.handedOff = true;
    next.localAddressRestored = this.localAddressRestored;
    next.remoteAddress = this.remoteAddress;
    next.transportProtocol = this.transportProtocol;
    next.applicationProtocols = this.applicationProtocols;
    next.serverName = this.serverName;
    next.ja3 = this.ja3;
    next.ja4 = this.ja4;
    next.ownFilterState = this.ownFilterState;
    next.ownMetadata = this.ownMetadata;
    return next;
  }

  get filterState(): FilterState {
    this.ownFilterState ??= new FilterState();
    return this.ownFilterState;
  }
  /** Undefined where no filter left anything. */
  get setFilterState(): FilterState | undefined {
    return this.ownFilterState;
  }
  get metadata(): ConnectionMetadata | undefined {
    return this.ownMetadata;
  }

  /** Begins. May be over when it returns. */
  start(): void {
    const { socket, listener } = this;
    (socket as OwnedSocket)[owner] = this;
    socket.on('error', onError);
    socket.on('close', onClose);
    const timeoutMs = this.prepared.config.listenerFiltersTimeoutMs;
    if (timeoutMs > 0) this.timer = listener.timers.start(timeoutMs, this);
    this.run();
  }

  setMetadata(namespace: string, values: Readonly<Record<string, unknown>>): void {
    this.ownMetadata ??= new Map();
    this.ownMetadata.set(namespace, { ...this.ownMetadata.get(namespace), ...values });
  }

  consume(bytes: number): void {
    this.bytes = this.bytes.subarray(bytes);
  }

  continueAccept(): void {
    if (this.inside) {
      this.continued = true;
      return;
    }
    if (this.state !== 'filtering' || this.filter === undefined) return;
    this.filter = undefined;
    this.index += 1;
    this.run();
  }

  close(details: string): void {
    if (this.state !== 'filtering') return;
    this.terminationDetails = details;
    this.giveUp();
  }

  /** A client that has begun to speak is about to be served; what serves it drains. */
  drain(): void {
    if (this.bytes.length === 0) this.giveUp();
  }
  destroy(): void {
    this.giveUp();
  }

  onTimer(): void {
    if (this.state !== 'filtering') return;
    this.listener.stats.preCxTimeout.inc();
    if (!this.prepared.config.continueOnListenerFiltersTimeout) {
      this.giveUp();
      return;
    }
    this.filter?.onClose?.();
    this.finish();
  }

  // ---- called by the shared listeners ----

  received(chunk: Buffer): void {
    if (this.state !== 'filtering') return;
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    this.showBytes();
    if (this.isFiltering() && this.filter === undefined) this.run();
  }
  peerEnded(): void {
    if (this.state !== 'filtering') return;
    this.listener.stats.listenerFilterRemoteClose.inc();
    this.giveUp();
  }
  failed(): void {
    if (this.state === 'filtering') this.listener.stats.listenerFilterError.inc();
  }
  gone(): void {
    if (this.state === 'filtering') this.giveUp();
  }

  // ---- the loop ----

  private run(): void {
    const { filters } = this.prepared;
    while (this.isFiltering() && this.filter === undefined) {
      const entry = filters[this.index];
      if (entry === undefined) {
        this.finish();
        return;
      }
      const { port } = this.localAddress;
      if (entry.disabled !== undefined && predicateMatches(entry.disabled, port === 0 ? undefined : port)) {
        this.index += 1;
        continue;
      }
      this.begin(entry.filter.create(this));
    }
    if (this.isFiltering() && this.filter?.onData !== undefined) this.read();
  }

  private begin(filter: ListenerFilter): void {
    this.filter = filter;
    this.inside = true;
    this.continued = false;
    const status = filter.onAccept();
    this.inside = false;
    if (!this.isFiltering()) return;
    if (status === CONTINUE || this.continued) this.next();
    else if (this.bytes.length > 0) this.showBytes();
  }

  private showBytes(): void {
    const { filter } = this;
    if (filter?.onData === undefined) return;
    this.inside = true;
    this.continued = false;
    const status = filter.onData(this.bytes);
    this.inside = false;
    if (this.isFiltering() && (status === CONTINUE || this.continued)) this.next();
  }

  private next(): void {
    this.filter = undefined;
    this.index += 1;
  }

  private read(): void {
    if (this.reading) return;
    this.reading = true;
    const { socket } = this;
    socket.on('data', onData);
    socket.on('end', onEnd);
    if (socket.isPaused()) socket.resume();
  }

  private finish(): void {
    this.state = 'done';
    this.release();
    const { socket } = this;
    if (this.reading) {
      socket.removeListener('data', onData);
      socket.removeListener('end', onEnd);
      socket.pause();
    }
    socket.removeListener('error', onError);
    socket.removeListener('close', onClose);
    (socket as OwnedSocket)[owner] = undefined;
    // Put back in the same turn: a stream that has nothing left might announce its end.
    if (this.bytes.length > 0) socket.unshift(this.bytes);
    this.listener.filtered(this);
  }

  private giveUp(): void {
    if (this.state !== 'filtering') return;
    this.state = 'closed';
    this.release();
    this.filter?.onClose?.();
    // As the system does where a socket is closed with unread bytes.
    if (this.bytes.length > 0 && this.localAddress.port !== 0) this.socket.resetAndDestroy();
    else this.socket.destroy();
    this.listener.refused(this);
  }

  private release(): void {
    this.timer?.cancel();
  }

  // A method, for callbacks change the state behind the checker's back.
  private isFiltering(): boolean {
    return this.state === 'filtering';
  }
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[owner]?.received(chunk);
}
function onEnd(this: OwnedSocket): void {
  this[owner]?.peerEnded();
}
function onError(this: OwnedSocket): void {
  this[owner]?.failed();
}
function onClose(this: OwnedSocket): void {
  this[owner]?.gone();
}
