import type { Transport } from '@weft/core-bytes';
import {
  ResponseFlag,
  StreamInfo,
  type DownstreamConnection,
  type SocketAddress,
  type TlsConnectionInfo,
} from '@weft/core-http';
import type { Timer, TimerCallback, Timers } from '@weft/core-runtime';
import type { ListenerAddress } from '@weft/model-listener';
import { InternalSocket, SocketTransport, type SocketListener } from '@weft/net-tcp';
import type { ServerContext, SocketGrant } from '@weft/proxy-filter-api';
import type { Socket } from 'node:net';
import { addressesOf, CLIENT, internalAddress, pathOf } from './accepted-addresses.ts';
import { addTls, infoOf, matchedFacts, type AcceptedFacts } from './accepted-facts.ts';
import { DatagramListener } from './datagram-listener.ts';
import { AcceptedSocket } from './accepted-socket.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { listenOn } from './listen-on.ts';
import type { ListenerConnection } from './listener-connection.ts';
import { ListenerStats } from './listener-stats.ts';
import { logConnection, OpenConnection, type ConnectionRecord, type Opened } from './open-connection.ts';
import { chainsOf, type PreparedChain, type PreparedListener } from './prepared-listener.ts';
import { SecuringConnection } from './securing-connection.ts';
import { Suspension } from './suspension.ts';

/** Where a listener looks for the one that a restored destination belongs to. */
export interface HandOff {
  listenerFor(address: SocketAddress): Listener | undefined;
}

/** Where a listener gets its sockets from, address by address. */
export interface SocketSource {
  claim(address: ListenerAddress): Promise<SocketGrant>;
  /** Also when its descriptor is another one. */
  bound(address: ListenerAddress, socket: { readonly port: number; readonly fd: number | undefined }): void;
}

const NO_SOURCE: SocketSource = { claim: () => Promise.resolve({}), bound: () => undefined };

/**
 * One listener and the connections it accepted. A new version of its configuration takes over its sockets by `replace`:
 * connections of filter chains that are gone keep theirs, and drain.
 *
 *   bound -> stopped (accepts no more) -> drained (no connection left)
 *
 * A connection: accepted -> listener filters -> filter chain -> transport socket -> network filters -> closed. What a listener
 * does not have is not there: with a plain HTTP or TCP chain a connection is one object.
 */
export class Listener {
  readonly addedMs: number;
  readonly stats: ListenerStats;
  private readonly server: ServerContext;
  private readonly handOff: HandOff;
  private readonly limits: ConnectionLimits;
  private sockets: SocketListener[] = [];
  private suspension: Suspension | undefined;
  private current: PreparedListener;
  private drained = false;
  private readonly open = new Set<ListenerConnection>();
  private readonly waiting: { readonly when: () => boolean; readonly resolve: () => void }[] = [];

  constructor(prepared: PreparedListener, server: ServerContext, handOff: HandOff) {
    this.current = prepared;
    this.server = server;
    this.handOff = handOff;
    const { config } = prepared;
    this.stats = new ListenerStats(server.stats.scope(`listener.${config.statPrefix}.`), server.workerIndex ?? 0);
    this.limits = new ConnectionLimits(server, config, this.stats);
    this.addedMs = server.runtime.clock.wallMs();
  }

  get prepared(): PreparedListener {
    return this.current;
  }
  get config() {
    return this.current.config;
  }
  get address(): SocketAddress | undefined {
    return this.sockets[0]?.address;
  }
  /** Every address it listens on: the first, then the additional ones. */
  get addresses(): readonly SocketAddress[] {
    return this.sockets.map(({ address }) => address);
  }
  get chains(): readonly PreparedChain[] {
    return chainsOf(this.current);
  }
  get activeConnections(): number {
    return this.open.size;
  }
  get nowMs(): number {
    return this.server.runtime.clock.nowMs();
  }
  get timers(): Timers {
    return this.server.runtime.timers;
  }

  // ---- its life ----

  /** Binds each address, or takes the socket that is granted for it. Rejects with the system's error. */
  async bind(sockets: SocketSource = NO_SOURCE): Promise<void> {
    const { config } = this.current;
    const addresses = [config.address, ...config.additionalAddresses];
    const at = { prepared: this.current, server: this.server, onSocket: (socket: Socket): void => this.accept(socket) };
    for (const address of addresses) this.sockets.push(await listenOn(at, address, await sockets.claim(address)));
    const tell = (): void =>
      this.sockets.forEach((socket, i) => {
        sockets.bound(addresses[i] as ListenerAddress, { port: socket.address.port, fd: socket.fd });
      });
    tell();
    this.suspension = new Suspension(this.server, config, { sockets: this.sockets, onMoved: tell });
  }

  /** Takes a new configuration for the same address; chains that it does not have any more drain. */
  replace(prepared: PreparedListener): readonly PreparedChain[] {
    const old = this.current;
    this.current = prepared;
    this.limits.configure(prepared.config);
    const kept = new Set(chainsOf(prepared));
    const gone = chainsOf(old).filter((chain) => !kept.has(chain));
    for (const chain of gone) chain.close();
    for (const socket of this.sockets) if (socket instanceof DatagramListener) socket.use(prepared);
    if (old.filters !== prepared.filters) for (const { filter } of old.filters) filter.close();
    return gone;
  }

  /** Accepts no more. Open connections go on until they drain. */
  stop(): void {
    const { sockets } = this;
    this.sockets = [];
    this.suspension?.end();
    for (const chain of chainsOf(this.current)) chain.close();
    for (const { filter } of this.current.filters) filter.close();
    for (const socket of sockets) void socket.close();
  }

  /** Asks open connections to finish what they do: those of these chains, or all. */
  drain(chains?: readonly PreparedChain[]): void {
    if (chains === undefined) this.drained = true;
    for (const connection of this.of(chains)) connection.drain();
  }

  /** Ends what draining did not. */
  destroyConnections(chains?: readonly PreparedChain[]): void {
    for (const connection of this.of(chains)) connection.destroy();
  }

  /** Resolves when none of their connections is left. */
  emptied(chains?: readonly PreparedChain[]): Promise<void> {
    return this.until(() => this.of(chains).length === 0);
  }

  /** Resolves when no connection is left that comes to an end by itself, that is when at most tunnels are left. */
  finished(): Promise<void> {
    return this.until(() => this.of(undefined).every(({ tunnel }) => tunnel));
  }

  // ---- a connection's way ----

  /** The client's end of a new connection from within the process (an internal listener). */
  connectInternally(): Transport {
    const { name, perConnectionBufferLimitBytes } = this.config;
    const [client, server] = InternalSocket.pair(perConnectionBufferLimitBytes);
    const remoteAddress = internalAddress(name);
    const transport = new SocketTransport(client, this.timers, { localAddress: CLIENT, remoteAddress });
    this.accept(server);
    return transport;
  }

  /** A connection that another listener accepted, for a destination that is this one's. */
  takeOver(accepted: AcceptedSocket): void {
    const { current } = this;
    const { socket, localAddress, directRemoteAddress } = accepted;
    if (!this.limits.admit(this.open.size)) socket.destroy();
    else if (current.filters.length > 0) this.beginFiltering(accepted.again(this, current));
    else this.admit({ socket, localAddress, directRemoteAddress, filtered: accepted });
  }

  /** Listener filters are done. */
  filtered(accepted: AcceptedSocket): void {
    this.stats.preCxActive.dec();
    this.open.delete(accepted);
    const { socket, localAddress, directRemoteAddress } = accepted;
    if (accepted.localAddressRestored && !accepted.handedOff && this.config.useOriginalDst) {
      const other = this.handOff.listenerFor(localAddress);
      if (other !== undefined && other !== this) {
        this.limits.release();
        other.takeOver(accepted);
        return;
      }
    }
    this.admit({ socket, localAddress, directRemoteAddress, filtered: accepted });
  }

  /** Listener filters (or a time limit, or the peer) ended it. */
  refused(accepted: AcceptedSocket): void {
    this.stats.preCxActive.dec();
    if (this.current.loggers.length > 0) {
      const { socket, localAddress, directRemoteAddress } = accepted;
      const nowMs = this.nowMs;
      const record = this.recordOf({ socket, localAddress, directRemoteAddress, filtered: accepted }, nowMs);
      record.info.downstream.terminationDetails = accepted.terminationDetails;
      logConnection(record, nowMs);
    }
    this.forget(accepted);
  }

  /** The transport socket is ready. */
  secured(connection: SecuringConnection, socket: Socket, tls: TlsConnectionInfo): void {
    this.open.delete(connection);
    const { facts, chain, opened } = connection;
    const transport = this.transportOf(socket, facts);
    const plain = opened.record?.info.downstream ?? infoOf(facts, chain);
    const info = addTls(plain, tls, this.nowMs);
    this.serve(chain, { transport, info, facts, opened });
  }

  handshakeFailed(connection: SecuringConnection, reason: string): void {
    const { facts, opened } = connection;
    const { record } = opened;
    if (record !== undefined) record.info.downstream.transportFailureReason = reason;
    const logger = this.server.runtime.loggers.get('connection');
    if (logger.enabled('debug')) logger.debug(`${facts.directRemoteAddress.text}: no handshake: ${reason}`);
    const { terminal } = connection.chain;
    terminal?.early?.lost(this.nowMs - opened.startMs, connection.endedHere);
    this.ended(connection, opened.startMs, record);
  }

  /** A connection that was open is gone. */
  ended(connection: ListenerConnection, startMs: number, record: ConnectionRecord | undefined): void {
    const nowMs = this.nowMs;
    this.stats.ended(nowMs - startMs);
    if (record !== undefined) logConnection(record, nowMs);
    this.forget(connection);
  }

  startHandshakeTimer(ms: number, owner: TimerCallback): Timer {
    return this.timers.start(this.server.overload?.timeoutMs('TRANSPORT_SOCKET_CONNECT', ms) ?? ms, owner);
  }

  private accept(socket: Socket): void {
    if (this.suspension?.refuses === true) {
      this.stats.cxOverloadReject.inc();
      socket.destroy();
    } else if (this.limits.admit(this.open.size)) this.filterOrAdmit(socket);
    else socket.destroy();
  }

  private filterOrAdmit(socket: Socket): void {
    const { current } = this;
    const addresses = addressesOf(socket, current.config.address);
    if (current.filters.length > 0) {
      this.beginFiltering(new AcceptedSocket(this, current, socket, addresses));
      return;
    }
    const { localAddress, remoteAddress } = addresses;
    this.admit({ socket, localAddress, directRemoteAddress: remoteAddress, filtered: undefined });
  }

  private beginFiltering(accepted: AcceptedSocket): void {
    this.stats.preCxActive.inc();
    this.open.add(accepted);
    accepted.start();
  }

  private admit(facts: AcceptedFacts): void {
    const { current, server } = this;
    const startMs = server.runtime.clock.nowMs();
    const chain = current.table.only ?? current.table.find(matchedFacts(facts));
    const record = current.loggers.length === 0 ? undefined : this.recordOf(facts, startMs, chain);
    if (chain?.terminal === undefined) {
      this.stats.noFilterChainMatch.inc();
      if (record !== undefined) {
        record.info.setFlag(ResponseFlag.NoRouteFound);
        record.info.responseCodeDetails = 'filter_chain_not_found';
        logConnection(record, startMs);
      }
      facts.socket.destroy();
      this.limits.release();
      return;
    }
    this.stats.opened();
    if (chain.transport !== undefined) {
      chain.terminal.early?.begun();
      this.open.add(new SecuringConnection(this, chain, facts, { startMs, record }));
      return;
    }
    const transport = this.transportOf(facts.socket, facts);
    const info = record?.info.downstream ?? infoOf(facts, chain);
    this.serve(chain, { transport, info, facts, opened: { startMs, record } });
  }

  private serve(chain: PreparedChain, served: Served): void {
    const { transport, info, facts, opened } = served;
    const filterState = facts.filtered?.setFilterState;
    const bufferLimitBytes = this.config.perConnectionBufferLimitBytes;
    const told = {
      transport,
      info,
      bufferLimitBytes,
      ...(filterState === undefined ? {} : { filterState }),
      ...(opened.record === undefined ? {} : { streamInfo: opened.record.info }),
    };
    const connection = new OpenConnection(this, chain, told, opened);
    this.open.add(connection);
    connection.begin();
    // Its handshake lasted longer than the listener did.
    if (this.drained) connection.drain();
  }

  private transportOf(
    socket: Socket,
    { localAddress, directRemoteAddress: remoteAddress }: AcceptedFacts,
  ): SocketTransport {
    return new SocketTransport(socket, this.timers, { path: pathOf(this.config.address), localAddress, remoteAddress });
  }

  private forget(connection: ListenerConnection): void {
    this.open.delete(connection);
    this.limits.release();
    if (this.waiting.length > 0) this.settle();
  }

  private of(chains: readonly PreparedChain[] | undefined): ListenerConnection[] {
    const all = [...this.open];
    return chains === undefined ? all : all.filter(({ chain }) => chain !== undefined && chains.includes(chain));
  }

  private until(when: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ when, resolve });
      this.settle();
    });
  }

  private settle(): void {
    for (const waiter of this.waiting.filter(({ when }) => when())) {
      this.waiting.splice(this.waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }

  private recordOf(facts: AcceptedFacts, startMs: number, chain?: PreparedChain): ConnectionRecord {
    const of = chain ?? { name: '', metadata: undefined, listenerMetadata: this.config.metadata };
    const info = new StreamInfo(infoOf(facts, of), startMs, this.server.runtime.clock.wallMs());
    info.protocol = '';
    return { info, loggers: this.current.loggers };
  }
}

interface Served {
  readonly transport: SocketTransport;
  readonly info: DownstreamConnection;
  readonly facts: AcceptedFacts;
  readonly opened: Opened;
}
