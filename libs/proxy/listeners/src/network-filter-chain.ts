import type { Transport, TransportClose } from '@weft/core-bytes';
import type { DownstreamConnection } from '@weft/core-http';
import {
  FilterState,
  STOP,
  type Connection,
  type ConnectionHandler,
  type FilteredConnection,
  type NetworkFilter,
} from '@weft/proxy-filter-api';
import { FilteredTransport } from './filtered-transport.ts';
import type { PreparedChain } from './prepared-listener.ts';

const NOTHING: Buffer = Buffer.alloc(0);
const NOWHERE = -1;

/**
 * The network filters of one connection that has more than a terminal one: shows them the connection and its bytes in
 * order, and the terminal filter what they let pass.
 *
 *   opening (onNewConnection, filter by filter) -> open (onData) -> over
 *   In both a filter may hold everything: reading pauses until it continues.
 */
export class NetworkFilterChain implements ConnectionHandler {
  readonly connection: Connection;
  readonly filterState: FilterState;
  private readonly prepared: PreparedChain;
  private readonly positions: readonly Position[];
  private handler: ConnectionHandler | undefined;
  private state: 'opening' | 'open' | 'over' = 'opening';
  /** The filter that holds the connection. */
  private stoppedAt = NOWHERE;
  /** The filter whose callback runs, and whether it continued in it. */
  private inside = NOWHERE;
  private continued = false;
  private held = NOTHING;
  private heldEnd = false;

  constructor(prepared: PreparedChain, connection: Connection) {
    this.prepared = prepared;
    this.filterState = connection.filterState ?? new FilterState();
    this.connection = { ...connection, filterState: this.filterState };
    connection.info.filterState = this.filterState;
    this.positions = prepared.reads.map((_, i) => new Position(this, i));
    prepared.reads.forEach((read, i) => {
      (this.positions[i] as Position).filter = read.create(this.positions[i] as Position);
    });
  }

  /** The terminal filter has it. */
  get served(): boolean {
    return this.handler !== undefined;
  }

  get tunnel(): boolean {
    return this.handler?.tunnel === true;
  }

  /** Called once, before anything was read. */
  start(): void {
    this.introduce(0);
  }

  drain(): void {
    if (this.handler === undefined) this.close('drained before its filters let it pass', false);
    else this.handler.drain();
  }

  // ---- called by the transport ----

  onData(chunk: Buffer): void {
    if (this.state === 'over') return;
    if (this.stoppedAt !== NOWHERE || this.state === 'opening') this.keep(chunk);
    else this.show(0, chunk, false);
  }
  onEnd(): void {
    if (this.state === 'over') return;
    if (this.stoppedAt !== NOWHERE || this.state === 'opening') this.heldEnd = true;
    else this.show(0, NOTHING, true);
  }
  onDrain(): void {
    this.handler?.onDrain();
  }
  onClose(close: TransportClose): void {
    this.state = 'over';
    for (const { filter } of this.positions) filter.onClose?.(close);
    this.handler?.onClose(close);
  }

  // ---- called by positions ----

  continueFrom(at: number): void {
    if (this.inside === at) this.continued = true;
    else if (this.stoppedAt === at) this.release(at);
  }

  close(details: string, flush: boolean): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.connection.info.terminationDetails ??= details;
    if (flush) this.connection.transport.close();
    else this.connection.transport.destroy();
  }

  // ---- the two loops ----

  private introduce(from: number): void {
    for (let i = from; i < this.positions.length; i += 1) {
      const filter = this.filterAt(i);
      if (filter.onNewConnection === undefined) continue;
      this.enter(i);
      const status = filter.onNewConnection();
      if (this.leave(i, status === STOP)) return;
    }
    this.handler = this.prepared.terminal?.create(this.terminalConnection());
    this.state = 'open';
    this.passHeld();
  }

  private show(from: number, chunk: Buffer, end: boolean): void {
    for (let i = from; i < this.positions.length; i += 1) {
      const filter = this.filterAt(i);
      if (filter.onData === undefined) continue;
      this.enter(i);
      const status = filter.onData(chunk, end);
      if (status === STOP && !this.continued) {
        this.held = chunk;
        this.heldEnd = end;
      }
      if (this.leave(i, status === STOP)) return;
    }
    if (chunk.length > 0) this.handler?.onData(chunk);
    if (end && !this.isOver()) this.handler?.onEnd();
  }

  private enter(i: number): void {
    this.inside = i;
    this.continued = false;
  }

  /** True where the loop ends here. */
  private leave(i: number, stops: boolean): boolean {
    this.inside = NOWHERE;
    if (this.isOver()) return true;
    if (!stops || this.continued) return false;
    this.stoppedAt = i;
    this.connection.transport.pauseReading();
    return true;
  }

  private release(at: number): void {
    this.stoppedAt = NOWHERE;
    if (this.isOver()) return;
    if (this.state === 'opening') this.introduce(at + 1);
    else {
      const { held, heldEnd } = this;
      this.held = NOTHING;
      this.heldEnd = false;
      this.show(at + 1, held, heldEnd);
    }
    // Only now: what is held may be lent, and a read would write over it.
    this.connection.transport.resumeReading();
  }

  /** What came before the chain was open: a paused transport may have had a read under way. */
  private passHeld(): void {
    const { held, heldEnd } = this;
    if (held.length === 0 && !heldEnd) return;
    this.held = NOTHING;
    this.heldEnd = false;
    this.show(0, held, heldEnd);
  }

  private keep(chunk: Buffer): void {
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
  }

  private filterAt(i: number): NetworkFilter {
    return (this.positions[i] as Position).filter;
  }
  // A method, for callbacks change the state behind the checker's back.
  private isOver(): boolean {
    return this.state === 'over';
  }

  private terminalConnection(): Connection {
    const writers = this.positions.map(({ filter }) => filter).filter(({ onWrite }) => onWrite !== undefined);
    return { ...this.connection, transport: new FilteredTransport(this.connection.transport, writers.reverse()) };
  }
}

/** The connection as one filter of the chain has it. */
class Position implements FilteredConnection {
  /** Set before anything else is called. */
  filter: NetworkFilter = {};
  private readonly chain: NetworkFilterChain;
  private readonly index: number;

  constructor(chain: NetworkFilterChain, index: number) {
    this.chain = chain;
    this.index = index;
  }

  get transport(): Transport {
    return this.chain.connection.transport;
  }
  get info(): DownstreamConnection {
    return this.chain.connection.info;
  }
  get bufferLimitBytes(): number {
    return this.chain.connection.bufferLimitBytes;
  }
  get filterState(): FilterState {
    return this.chain.filterState;
  }
  continueReading(): void {
    this.chain.continueFrom(this.index);
  }
  close(details: string, flush: boolean): void {
    this.chain.close(details, flush);
  }
}
