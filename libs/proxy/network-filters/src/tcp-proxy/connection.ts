import type { Transport, TransportClose } from '@weft/core-bytes';
import { ResponseFlag, StreamInfo, type UpstreamConnectionFacts } from '@weft/core-http';
import { uuid, type Timer } from '@weft/core-runtime';
import {
  ANY_HOST,
  type Cluster,
  type ClusterDiscoveryHandle,
  type ClusterDiscoveryOutcome,
  type ClusterDiscoveryOwner,
  type Connection,
  type ConnectionHandler,
  type Host,
  type LoadBalancerContext,
  type PoolFailure,
  type PoolHandle,
  type TcpPoolCallbacks,
} from '@weft/proxy-filter-api';
import { logConnection } from '../access-logger.ts';
import { Backoff } from './backoff.ts';
import { pickCluster } from './pick-cluster.ts';
import { Relay } from './relay.ts';
import { TCP_PROXY_CLUSTER, type TcpProxyShared } from './shared.ts';
import { UpstreamSide } from './upstream-side.ts';

/**
 * One proxied connection.
 *
 *   (waiting for data ->) (waiting for the cluster ->) connecting -> joined -> over
 *
 * While it connects, the client is not read beyond the early data that is allowed. Either side's half-close is passed on;
 * the connection is over when both are closed, or one is lost.
 */
export class TcpProxyConnection implements ConnectionHandler, TcpPoolCallbacks, ClusterDiscoveryOwner {
  readonly tunnel = true;
  private readonly connection: Connection;
  private readonly downstream: Transport;
  private readonly shared: TcpProxyShared;
  private readonly info: StreamInfo;
  private readonly asking: LoadBalancerContext;
  private upstream: Transport | undefined;
  private up: Relay | undefined;
  private down: Relay | undefined;
  private waiting: PoolHandle | undefined;
  private discovering: ClusterDiscoveryHandle | undefined;
  /** Found on demand: attempts after that stay with it. */
  private discovered: string | undefined;
  private backoff: Backoff | undefined;
  private attempts = 0;
  private early: Buffer[] | undefined;
  private earlyBytes = 0;
  private earlyPaused = false;
  private ended = false;
  private activeMs = 0;
  private bufferedBytes = 0;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private retryTimer: Timer | undefined;
  private logTimer: Timer | undefined;
  private over = false;

  constructor(connection: Connection, shared: TcpProxyShared) {
    this.connection = connection;
    this.downstream = connection.transport;
    this.shared = shared;
    const { config, server, stats } = shared;
    const { clock } = server.runtime;
    this.info = connection.streamInfo ?? new StreamInfo(connection.info, clock.nowMs(), clock.wallMs());
    this.info.protocol = '';
    this.info.upstreamClose = {};
    this.asking = { ...ANY_HOST, downstream: connection.info };
    stats.cxTotal.inc();
    // Before anything is read: what a stream has read already cannot be lent any more.
    this.downstream.lendReads?.();
    this.startTimers();
    if (config.flushAccessLogOnStart) this.log('TcpConnectionStart');
    if (config.maxEarlyDataBytes > 0) this.early = [];
    else this.pauseEarly();
    if (!config.connectOnData) this.connect();
  }

  // ---- the client's side ----

  onData(chunk: Buffer): void {
    if (this.over) return;
    this.touch();
    const { stats } = this.shared;
    this.info.bytesReceived += chunk.length;
    stats.rxBytesTotal.add(chunk.length);
    if (this.up === undefined) {
      this.onEarlyData(chunk);
      return;
    }
    if (!this.up.pass(chunk)) stats.pausedReading.inc();
    this.checkDrain();
  }
  onEnd(): void {
    if (this.over) return;
    this.ended = true;
    if (this.upstream !== undefined) this.upstream.end();
    // With nothing sent and nothing asked for there is nothing to wait for.
    else if (this.shared.config.connectOnData && this.earlyBytes === 0) this.closeClient();
  }
  onDrain(): void {
    this.down?.drained();
    this.setBuffered(0);
  }
  onClose(close: TransportClose): void {
    if (this.over) return;
    const { upstream } = this;
    this.finish();
    // A client's reset is passed on as one, so that the upstream does not take what it has for everything.
    if (close.error !== undefined) upstream?.destroy();
    else if (upstream !== undefined) this.flush(upstream);
  }
  drain(): void {
    // A stream of bytes has no end of a request to wait for: the client closes it, or the drain time does.
  }

  // ---- the upstream's side ----

  onPoolReady(transport: Transport, host: Host, connection: UpstreamConnectionFacts): void {
    const { config } = this.shared;
    this.waiting = undefined;
    this.upstream = transport;
    this.noteHost(host);
    this.info.upstreamLocalAddress = connection.localAddress;
    this.info.upstreamSsl = connection.ssl;
    this.info.upstreamConnection = connection;
    this.touch();
    this.up = new Relay(this.downstream, transport);
    this.down = new Relay(transport, this.downstream);
    transport.setReceiver(new UpstreamSide(this));
    if (config.idleTimeoutMs > 0) this.idleTimer = this.after(config.idleTimeoutMs);
    for (const chunk of this.early ?? []) this.up.pass(chunk);
    this.early = undefined;
    if (this.ended) transport.end();
    if (config.flushAccessLogOnConnected) this.log('TcpUpstreamConnected');
    if (this.earlyPaused) {
      this.earlyPaused = false;
      this.downstream.resumeReading();
    }
  }
  onPoolFailure(failure: PoolFailure): void {
    this.waiting = undefined;
    if (this.over) return;
    const { info } = this;
    if (failure.host !== undefined) this.noteHost(failure.host);
    if (failure.details !== '') info.upstreamTransportFailureReason = failure.details;
    const overflow = failure.reason === 'overflow';
    info.setFlag(overflow ? ResponseFlag.UpstreamOverflow : ResponseFlag.UpstreamConnectionFailure);
    if (overflow) this.refuse(UpstreamFailure.limit);
    else this.retry();
  }
  upstreamData(chunk: Buffer): void {
    if (this.over) return;
    this.touch();
    this.info.bytesSent += chunk.length;
    this.shared.stats.txBytesTotal.add(chunk.length);
    if (this.down?.pass(chunk) === false) this.setBuffered(this.downstream.bufferedBytes);
    this.checkDrain();
  }
  upstreamEnd(): void {
    if (!this.over) this.downstream.end();
  }
  upstreamDrained(): void {
    if (this.up?.drained() === true) this.shared.stats.resumedReading.inc();
  }
  upstreamClosed(close: TransportClose): void {
    this.upstream = undefined;
    if (this.over) return;
    // An upstream's reset is passed on as one: to end cleanly would tell the client that it has everything.
    if (close.error === undefined) {
      this.closeClient();
      return;
    }
    this.info.setFlag(ResponseFlag.UpstreamRemoteReset);
    this.info.upstreamClose = { resetBy: 'RemoteReset' };
    this.connection.info.detectedCloseType = 'LocalReset';
    this.finish();
    this.downstream.destroy();
  }

  // ---- times ----

  onTimer(timer: Timer): void {
    if (this.over) return;
    const { config, server, stats } = this.shared;
    if (timer === this.durationTimer) {
      stats.maxDurationReached.inc();
      this.info.setFlag(ResponseFlag.DurationTimeout);
      this.closeBoth('max_connection_duration_reached');
    } else if (timer === this.retryTimer) this.connect();
    else if (timer === this.logTimer) {
      this.log('TcpPeriodic');
      this.logTimer = this.after(config.accessLogFlushIntervalMs);
    } else {
      const restMs = config.idleTimeoutMs - (server.runtime.clock.nowMs() - this.activeMs);
      if (restMs > 0) {
        this.idleTimer = this.after(Math.ceil(restMs));
        return;
      }
      stats.idleTimeout.inc();
      this.closeBoth('tcp_session_idle_timeout');
    }
  }

  // ---- connecting ----

  private connect(): void {
    const { server, config } = this.shared;
    const name =
      this.discovered ??
      this.connection.filterState?.get(TCP_PROXY_CLUSTER) ??
      pickCluster(config, server.runtime.random);
    const cluster = server.clusters.get(name);
    if (cluster === undefined) {
      if (this.discovered !== undefined || !this.discover(name)) this.noCluster();
      return;
    }
    this.info.upstreamCluster = name;
    if (this.attempts >= config.maxConnectAttempts) {
      this.info.setFlag(ResponseFlag.UpstreamRetryLimitExceeded);
      cluster.requestStats.upstreamCxConnectAttemptsExceeded.inc();
      this.refuse(UpstreamFailure.connect);
      return;
    }
    const host = cluster.pick(this.asking);
    if (host === undefined) {
      cluster.requestStats.upstreamCxNoneHealthy.inc();
      this.info.setFlag(ResponseFlag.NoHealthyUpstream);
      this.refuse(UpstreamFailure.noHealthyHost);
      return;
    }
    this.attempts += 1;
    this.info.attemptCount = this.attempts;
    this.ask(cluster, host);
  }

  private discover(name: string): boolean {
    const { discovery, config, stats } = this.shared;
    if (discovery === undefined || config.onDemand === undefined) return false;
    stats.onDemandAttempt.inc();
    this.discovered = name;
    this.discovering = discovery.discover(name, config.onDemand.timeoutMs, this);
    return true;
  }

  onClusterDiscovered(outcome: ClusterDiscoveryOutcome): void {
    this.discovering = undefined;
    this.shared.stats.onDemand[outcome].inc();
    if (outcome === 'available') this.connect();
    else this.noCluster();
  }

  private noCluster(): void {
    this.shared.stats.cxNoRoute.inc();
    this.info.setFlag(ResponseFlag.NoClusterFound);
    this.refuse(UpstreamFailure.noRoute);
  }

  private ask(cluster: Cluster, host: Host): void {
    const { attempts } = this;
    const waiting = cluster.newConnection(host, 'default', this, this.asking);
    // It may have failed inside the call, and another attempt may be waiting by now.
    if (attempts === this.attempts && this.upstream === undefined && !this.over) this.waiting = waiting;
  }

  private retry(): void {
    const { config, server } = this.shared;
    if (config.backoff === undefined || this.attempts >= config.maxConnectAttempts) {
      this.connect();
      return;
    }
    this.backoff ??= new Backoff(config.backoff, server.runtime.random);
    this.retryTimer = this.after(this.backoff.nextMs());
  }

  private onEarlyData(chunk: Buffer): void {
    const { config, stats } = this.shared;
    if (this.earlyBytes === 0) stats.earlyDataReceived.inc();
    // A copy, for it may be lent.
    this.early?.push(Buffer.from(chunk));
    this.earlyBytes += chunk.length;
    if (this.earlyBytes >= config.maxEarlyDataBytes) this.pauseEarly();
    if (config.connectOnData && this.attempts === 0 && this.discovering === undefined) this.connect();
  }

  private pauseEarly(): void {
    if (this.earlyPaused) return;
    this.earlyPaused = true;
    this.downstream.pauseReading();
  }

  // ---- the rest ----

  /** There is no connection to an upstream, and no other is tried. */
  private refuse(failure: number): void {
    this.connection.info.localCloseReason = `tcp_initializion_failure:${failure}`;
    this.closeClient();
  }

  /** A time limit ends it on both sides. */
  private closeBoth(reason: string): void {
    this.connection.info.localCloseReason = reason;
    this.info.upstreamClose = { reason };
    this.closeClient();
  }

  /** The connection is over by our choice. Its client still gets what was sent to it. */
  private closeClient(): void {
    const { upstream } = this;
    this.finish();
    this.downstream.close();
    if (upstream !== undefined) this.flush(upstream);
  }

  /** The client is gone: the upstream still gets what was sent to it. */
  private flush(upstream: Transport): void {
    const { stats } = this.shared;
    if (upstream.bufferedBytes > 0) {
      stats.upstreamFlushTotal.inc();
      stats.upstreamFlushActive.inc();
      upstream.setReceiver({
        onData: () => undefined,
        onEnd: () => undefined,
        onDrain: () => undefined,
        onClose: () => stats.upstreamFlushActive.dec(),
      });
    }
    upstream.close();
  }

  private checkDrain(): void {
    const { config, server, stats } = this.shared;
    if (!config.checkDrainClose || !server.draining || this.over) return;
    stats.cxDrainClose.inc();
    this.closeClient();
  }

  private noteHost(host: Host): void {
    this.info.upstreamHost = host.address;
    this.info.upstreamHostName = host.hostname;
  }

  private setBuffered(bytes: number): void {
    if (bytes === this.bufferedBytes) return;
    this.shared.stats.txBytesBuffered.add(bytes - this.bufferedBytes);
    this.bufferedBytes = bytes;
  }

  private startTimers(): void {
    const { config, server } = this.shared;
    if (config.maxConnectionDurationMs > 0) {
      const share = server.runtime.random.below(1_000_000) / 1_000_000;
      const extra = config.maxConnectionDurationMs * config.maxConnectionDurationJitter * share;
      this.durationTimer = this.after(config.maxConnectionDurationMs + Math.floor(extra));
    }
    if (config.accessLogFlushIntervalMs > 0 && config.accessLogs.length > 0)
      this.logTimer = this.after(config.accessLogFlushIntervalMs);
  }

  private after(delayMs: number): Timer {
    return this.shared.server.runtime.timers.start(delayMs, this);
  }

  private touch(): void {
    this.activeMs = this.shared.server.runtime.clock.nowMs();
  }

  private log(type: StreamInfo['accessLogType']): void {
    const { accessLogs, server } = this.shared;
    const { clock, random } = server.runtime;
    this.info.endMs = clock.nowMs();
    if (accessLogs.length > 0 || this.connection.streamInfo !== undefined) this.info.requestId ||= uuid(random);
    logConnection(accessLogs, this.info, type);
  }

  private finish(): void {
    this.over = true;
    this.waiting?.cancel();
    this.discovering?.cancel();
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    this.retryTimer?.cancel();
    this.logTimer?.cancel();
    this.setBuffered(0);
    this.log('TcpConnectionEnd');
  }
}

/** As %DOWNSTREAM_LOCAL_CLOSE_REASON% numbers them. Source: Envoy's TcpProxy::Filter::UpstreamFailureReason. */
const UpstreamFailure = { connect: 0, noHealthyHost: 1, limit: 2, noRoute: 3 } as const;
