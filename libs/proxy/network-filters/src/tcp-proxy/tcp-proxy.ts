import type { Message } from '@bufbuild/protobuf';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { Timer } from '@weft/core-runtime';
import type {
  Cluster,
  Connection,
  ConnectionHandler,
  Host,
  LoadBalancerContext,
  NetworkFilterFactory,
  PoolFailure,
  PoolHandle,
  ServerContext,
  TcpPoolCallbacks,
} from '@weft/proxy-filter-api';
import { decodeTcpProxy, type TcpProxyConfig } from './config.decode.ts';
import { TcpProxyStats } from './stats.ts';

/** The tcp_proxy network filter: bytes from one connection to one upstream connection, and back. */
export const tcpProxyFactory: NetworkFilterFactory<TcpProxyConfig> = {
  typeName: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  decode: (message: Message, cx) => decodeTcpProxy(message as TcpProxy, cx),
  prepare: (config, server) => {
    const shared: Shared = {
      config,
      server,
      stats: new TcpProxyStats(server.stats.scope(`tcp.${config.statPrefix}.`)),
    };
    return { create: (connection) => new TcpProxyConnection(connection, shared), close: () => undefined };
  },
};

interface Shared {
  readonly config: TcpProxyConfig;
  readonly server: ServerContext;
  readonly stats: TcpProxyStats;
}

const ANY_HOST: LoadBalancerContext = {
  hashKey: () => undefined,
  shouldSelectAnotherHost: () => false,
  hostSelectionRetries: 0,
};

/**
 * One proxied connection.
 *
 *   connecting (the client is not read) -> joined -> closed
 *
 * Either side's half-close is passed on; the connection is over when both are closed, or one is lost.
 */
class TcpProxyConnection implements ConnectionHandler, TcpPoolCallbacks {
  readonly tunnel = true;
  private readonly downstream: Transport;
  private readonly shared: Shared;
  private readonly choice: LoadBalancerContext;
  private upstream: Transport | undefined;
  private waiting: PoolHandle | undefined;
  private attempts = 0;
  private activeMs: number;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private over = false;

  constructor(connection: Connection, shared: Shared) {
    this.downstream = connection.transport;
    this.shared = shared;
    this.choice = { ...ANY_HOST, downstream: connection.info };
    const { config, server, stats } = shared;
    this.activeMs = server.runtime.clock.nowMs();
    stats.cxTotal.inc();
    if (config.idleTimeoutMs > 0) this.idleTimer = server.runtime.timers.start(config.idleTimeoutMs, this);
    if (config.maxConnectionDurationMs > 0)
      this.durationTimer = server.runtime.timers.start(config.maxConnectionDurationMs, this);
    this.downstream.pauseReading();
    this.connect();
  }

  // ---- the client's side ----

  onData(chunk: Buffer): void {
    this.touch();
    this.shared.stats.rxBytesTotal.add(chunk.length);
    if (this.upstream?.write(chunk) === false) this.pauseDownstream();
  }
  onEnd(): void {
    this.upstream?.end();
  }
  onDrain(): void {
    this.upstream?.resumeReading();
  }
  onClose(close: TransportClose): void {
    this.finish();
    this.waiting?.cancel();
    // A client's reset is passed on as one, so that the upstream does not take what it has for everything.
    if (close.error !== undefined) this.upstream?.destroy();
    else this.upstream?.close();
  }
  drain(): void {
    // A stream of bytes has no end of a request to wait for: the client closes it, or the drain time does.
  }

  // ---- the upstream's side ----

  onPoolReady(transport: Transport): void {
    this.waiting = undefined;
    this.upstream = transport;
    transport.setReceiver(new UpstreamSide(this));
    this.downstream.resumeReading();
  }
  onPoolFailure(_failure: PoolFailure): void {
    this.waiting = undefined;
    if (!this.over) this.connect();
  }
  upstreamData(chunk: Buffer): void {
    this.touch();
    this.shared.stats.txBytesTotal.add(chunk.length);
    if (!this.downstream.write(chunk)) this.upstream?.pauseReading();
  }
  upstreamEnd(): void {
    this.downstream.end();
  }
  upstreamDrained(): void {
    this.shared.stats.resumedReading.inc();
    this.downstream.resumeReading();
  }
  upstreamClosed(close: TransportClose): void {
    this.upstream = undefined;
    // An upstream's reset is passed on as one: to end cleanly would tell the client that it has everything.
    if (close.error !== undefined) this.downstream.destroy();
    else this.downstream.close();
  }

  // ---- times ----

  onTimer(timer: Timer): void {
    if (this.over) return;
    const { config, server, stats } = this.shared;
    if (timer === this.durationTimer) {
      stats.maxDurationReached.inc();
      this.downstream.close();
      return;
    }
    const restMs = config.idleTimeoutMs - (server.runtime.clock.nowMs() - this.activeMs);
    if (restMs > 0) {
      this.idleTimer = server.runtime.timers.start(Math.ceil(restMs), this);
      return;
    }
    stats.idleTimeout.inc();
    this.downstream.close();
  }

  private connect(): void {
    const { server, stats, config } = this.shared;
    const cluster = server.clusters.get(this.clusterName());
    const host = cluster?.pick(this.choice);
    if (cluster === undefined) stats.cxNoRoute.inc();
    else if (host === undefined) cluster.requestStats.upstreamCxNoneHealthy.inc();
    else if (this.attempts < config.maxConnectAttempts) {
      this.attempts += 1;
      this.ask(cluster, host);
      return;
    } else cluster.requestStats.upstreamCxConnectAttemptsExceeded.inc();
    this.downstream.destroy();
  }

  private ask(cluster: Cluster, host: Host): void {
    const { attempts } = this;
    const waiting = cluster.newConnection(host, 'default', this, this.choice);
    // It may have failed inside the call, and another attempt may be waiting by now.
    if (attempts === this.attempts && this.upstream === undefined && !this.over) this.waiting = waiting;
  }

  private clusterName(): string {
    const { clusters } = this.shared.config;
    if (clusters.length === 1) return (clusters[0] as { name: string }).name;
    const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
    let draw = this.shared.server.runtime.random.below(total);
    return clusters.find(({ weight }) => (draw -= weight) < 0)?.name ?? '';
  }

  private pauseDownstream(): void {
    this.shared.stats.pausedReading.inc();
    this.downstream.pauseReading();
  }

  private touch(): void {
    this.activeMs = this.shared.server.runtime.clock.nowMs();
  }

  private finish(): void {
    this.over = true;
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
  }
}

/** Receives the upstream's bytes on behalf of the connection. */
class UpstreamSide implements TransportReceiver {
  private readonly connection: TcpProxyConnection;
  constructor(connection: TcpProxyConnection) {
    this.connection = connection;
  }
  onData(chunk: Buffer): void {
    this.connection.upstreamData(chunk);
  }
  onEnd(): void {
    this.connection.upstreamEnd();
  }
  onDrain(): void {
    this.connection.upstreamDrained();
  }
  onClose(close: TransportClose): void {
    this.connection.upstreamClosed(close);
  }
}
