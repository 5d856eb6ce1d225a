import type { Counter, Gauge, Histogram, StatsScope } from '@weft/core-stats';
import type { DownstreamConnection } from '@weft/core-http';
import type { TransportClose } from '@weft/core-bytes';
import type { Runtime } from '@weft/core-runtime';
import { matchFilterChain, type ListenerConfig } from '@weft/model-listener';
import { listen, type SocketListener, type SocketTransport } from '@weft/net-tcp';
import type { Connection, ConnectionHandler, PreparedNetworkFilter, SocketGrant } from '@weft/proxy-filter-api';

/** `listener.<address>.`: Envoy's listener statistics. */
class ListenerStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxDestroy: Counter;
  readonly cxLengthMs: Histogram;
  readonly noFilterChainMatch: Counter;

  constructor(scope: StatsScope) {
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxActive = scope.gauge('downstream_cx_active');
    this.cxDestroy = scope.counter('downstream_cx_destroy');
    this.cxLengthMs = scope.histogram('downstream_cx_length_ms');
    this.noFilterChainMatch = scope.counter('no_filter_chain_match');
    for (const name of [
      'downstream_cx_overflow',
      'downstream_cx_overload_reject',
      'downstream_global_cx_overflow',
      'downstream_cx_transport_socket_connect_timeout',
      'downstream_pre_cx_timeout',
      'downstream_listener_filter_error',
      'downstream_listener_filter_remote_close',
      'connections_accepted_per_socket_event',
    ])
      // prettier-ignore
      scope.counter(name);
    scope.gauge('downstream_pre_cx_active');
  }
}

let lastConnectionId = 0;

/** Connection ids are unique in the process, whatever proxy they belong to: only logs compare them. */
function nextConnectionId(): number {
  lastConnectionId += 1;
  return lastConnectionId;
}

/**
 * One bound listener and the connections it accepted. A new version of its configuration takes over the socket by
 * `replace`: connections that are open keep the old one, and drain.
 *
 *   bound -> stopped (accepts no more) -> drained (no connection left)
 */
export class Listener {
  readonly addedMs: number;
  private readonly runtime: Runtime;
  private readonly stats: ListenerStats;
  private socket: SocketListener | undefined;
  private current: ListenerConfig<PreparedNetworkFilter>;
  private readonly open = new Set<OpenConnection>();
  private onDrained: (() => void) | undefined;
  private onFinished: (() => void) | undefined;

  constructor(config: ListenerConfig<PreparedNetworkFilter>, runtime: Runtime, stats: StatsScope) {
    this.current = config;
    this.runtime = runtime;
    this.stats = new ListenerStats(stats.scope(`listener.${config.statPrefix}.`));
    this.addedMs = runtime.clock.wallMs();
  }

  get config(): ListenerConfig<PreparedNetworkFilter> {
    return this.current;
  }
  get address() {
    return this.socket?.address;
  }
  get activeConnections(): number {
    return this.open.size;
  }

  get fd(): number | undefined {
    return this.socket?.fd;
  }

  /** Binds, or takes the socket that is granted. Rejects with the system's error. */
  async bind(grant: SocketGrant = {}): Promise<void> {
    const { address, perConnectionBufferLimitBytes, backlog } = this.current;
    const { timers } = this.runtime;
    const common = {
      perConnectionBufferLimitBytes,
      backlog,
      reusePort: grant.reusePort ?? this.current.reusePort,
      timers,
      ...(grant.fd === undefined ? {} : { fd: grant.fd }),
    };
    this.socket = await listen(
      address.kind === 'pipe'
        ? { address: '', port: 0, path: address.path, ...common }
        : { address: address.ip, port: grant.port ?? address.port, ipv4Compat: address.ipv4Compat, ...common },
      (transport) => this.accept(transport),
    );
  }

  /** Takes a new configuration for the same address. */
  replace(config: ListenerConfig<PreparedNetworkFilter>): void {
    const old = this.current;
    this.current = config;
    for (const chain of chainsOf(old)) chain.filter.close();
    this.drainConnections();
  }

  /** Accepts no more. Open connections go on until they drain. */
  async stop(): Promise<void> {
    const { socket } = this;
    this.socket = undefined;
    for (const chain of chainsOf(this.current)) chain.filter.close();
    void socket?.close();
    await Promise.resolve();
  }

  /** Asks every open connection to finish; resolves when none is left. */
  drain(): Promise<void> {
    this.drainConnections();
    if (this.open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onDrained = resolve;
    });
  }

  /** Resolves when no connection is left that comes to an end by itself, that is when at most tunnels are left. */
  finished(): Promise<void> {
    if (this.onlyTunnels()) return Promise.resolve();
    return new Promise((resolve) => {
      this.onFinished = resolve;
    });
  }

  /** Ends what draining did not. */
  destroyConnections(): void {
    for (const connection of [...this.open]) connection.transport.destroy();
  }

  closed(connection: OpenConnection): void {
    this.open.delete(connection);
    this.stats.cxActive.dec();
    this.stats.cxDestroy.inc();
    this.stats.cxLengthMs.record(this.runtime.clock.nowMs() - connection.startMs);
    if (this.open.size === 0) this.onDrained?.();
    if (this.onFinished !== undefined && this.onlyTunnels()) this.onFinished();
  }

  private onlyTunnels(): boolean {
    for (const { handler } of this.open) if (handler.tunnel !== true) return false;
    return true;
  }

  private drainConnections(): void {
    for (const connection of [...this.open]) connection.handler.drain();
  }

  private accept(transport: SocketTransport): void {
    const { stats } = this;
    stats.cxTotal.inc();
    const info: DownstreamConnection = {
      id: nextConnectionId(),
      localAddress: transport.localAddress,
      directRemoteAddress: transport.remoteAddress,
      tls: false,
      requestedServerName: '',
    };
    const chain = matchFilterChain(this.current, {
      destinationIp: info.localAddress.ip,
      destinationPort: info.localAddress.port,
      sourceIp: info.directRemoteAddress.ip,
      sourcePort: info.directRemoteAddress.port,
    });
    if (chain === undefined) {
      stats.noFilterChainMatch.inc();
      transport.destroy();
      return;
    }
    stats.cxActive.inc();
    const { perConnectionBufferLimitBytes: bufferLimitBytes } = this.current;
    const connection = new OpenConnection(
      this,
      chain.filter,
      { transport, info, bufferLimitBytes },
      this.runtime.clock.nowMs(),
    );
    this.open.add(connection);
    transport.setReceiver(connection);
  }
}

/** Passes a connection's bytes to its handler, and its end to the listener too. */
class OpenConnection {
  readonly transport: SocketTransport;
  readonly handler: ConnectionHandler;
  readonly startMs: number;
  private readonly listener: Listener;

  constructor(listener: Listener, filter: PreparedNetworkFilter, connection: Connection, startMs: number) {
    this.listener = listener;
    this.transport = connection.transport as SocketTransport;
    this.startMs = startMs;
    this.handler = filter.create(connection);
  }
  onData(chunk: Buffer): void {
    this.handler.onData(chunk);
  }
  onEnd(): void {
    this.handler.onEnd();
  }
  onDrain(): void {
    this.handler.onDrain();
  }
  onClose(close: TransportClose): void {
    this.handler.onClose(close);
    this.listener.closed(this);
  }
}

function chainsOf(config: ListenerConfig<PreparedNetworkFilter>) {
  return config.defaultChain === undefined ? config.chains : [...config.chains, config.defaultChain];
}
