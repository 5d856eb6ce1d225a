import { StreamInfo, WireBytes, type SocketAddress } from '@weft/core-http';
import { uuid, type Timer } from '@weft/core-runtime';
import type { ConnectedDatagrams, DatagramOwner } from '@weft/net-udp';
import type { Cluster, Host, UdpListenerSocket } from '@weft/proxy-filter-api';
import type { UdpClusterStats } from './stats.ts';
import { logUdp, type UdpProxyShared } from './shared.ts';

/** Whom a session is between. */
export interface SessionEnds {
  readonly client: SocketAddress;
  readonly cluster: Cluster;
  readonly clusterStats: UdpClusterStats;
  readonly host: Host;
  readonly listener: UdpListenerSocket;
}

let lastSessionId = 0;

/**
 * One client's datagrams to one host, and back. It ends when nothing moved for the idle timeout, or its host or its listener is
 * gone.
 */
export class UdpSession implements DatagramOwner {
  readonly ends: SessionEnds;
  private readonly shared: UdpProxyShared;
  private readonly onEnd: (session: UdpSession) => void;
  private readonly socket: ConnectedDatagrams;
  private readonly info: StreamInfo;
  private readonly counts = { datagramsReceived: 0, datagramsSent: 0, errorsSent: 0 };
  private activeMs: number;
  private idleTimer: Timer;
  private logTimer: Timer | undefined;

  constructor(ends: SessionEnds, shared: UdpProxyShared, onEnd: (session: UdpSession) => void) {
    this.ends = ends;
    this.shared = shared;
    this.onEnd = onEnd;
    const { runtime } = shared.server;
    lastSessionId += 1;
    const { client, host, listener } = ends;
    this.info = new StreamInfo(
      {
        id: lastSessionId,
        localAddress: listener.localAddress,
        directRemoteAddress: client,
        tls: false,
        requestedServerName: '',
        metadata: new Map(),
      },
      runtime.clock.nowMs(),
      runtime.clock.wallMs(),
    );
    this.info.protocol = '';
    this.info.upstreamHost = host.address;
    this.info.upstreamHostName = host.hostname;
    shared.stats.sessTotal.inc();
    shared.stats.sessActive.inc();
    this.activeMs = runtime.clock.nowMs();
    this.idleTimer = runtime.timers.start(shared.config.idleTimeoutMs, this);
    this.startLogTimer();
    this.socket = shared.connect(host.address, this);
  }

  /** A datagram of the client. */
  fromClient(datagram: Buffer): void {
    const { stats } = this.shared;
    const { clusterStats } = this.ends;
    this.touch();
    stats.rxDatagrams.inc();
    stats.rxBytes.add(datagram.length);
    this.counts.datagramsReceived += 1;
    this.info.bytesReceived += datagram.length;
    clusterStats.txDatagrams.inc();
    clusterStats.txBytesTotal.add(datagram.length);
    this.socket.send(datagram);
  }

  /** A datagram of the host. */
  onDatagram(datagram: Buffer): void {
    const { stats, config } = this.shared;
    const { clusterStats, listener, client } = this.ends;
    if (config.maxUpstreamDatagramBytes > 0 && datagram.length > config.maxUpstreamDatagramBytes) {
      clusterStats.rxDatagramsDropped.inc();
      return;
    }
    this.touch();
    clusterStats.rxDatagrams.inc();
    clusterStats.rxBytesTotal.add(datagram.length);
    stats.txDatagrams.inc();
    stats.txBytes.add(datagram.length);
    this.counts.datagramsSent += 1;
    this.info.bytesSent += datagram.length;
    listener.sendTo(datagram, client);
  }
  onDatagramError(_error: Error, sending: boolean): void {
    const { txErrors, rxErrors } = this.ends.clusterStats;
    (sending ? txErrors : rxErrors).inc();
  }

  onTimer(timer: Timer): void {
    const { config, server, stats } = this.shared;
    const { clock, timers } = server.runtime;
    if (timer === this.logTimer) {
      this.log('UdpPeriodic');
      this.startLogTimer();
      return;
    }
    const restMs = config.idleTimeoutMs - (clock.nowMs() - this.activeMs);
    if (restMs > 0) {
      this.idleTimer = timers.start(Math.ceil(restMs), this);
      return;
    }
    stats.idleTimeout.inc();
    this.end();
  }

  end(): void {
    this.idleTimer.cancel();
    this.logTimer?.cancel();
    this.info.upstreamLocalAddress = this.socket.localAddress;
    this.socket.close();
    this.shared.stats.sessActive.dec();
    this.log('UdpSessionEnd');
    this.onEnd(this);
  }

  private touch(): void {
    this.activeMs = this.shared.server.runtime.clock.nowMs();
  }

  private startLogTimer(): void {
    const { config, accessLogs, server } = this.shared;
    if (config.accessLogFlushIntervalMs > 0 && accessLogs.length > 0)
      this.logTimer = server.runtime.timers.start(config.accessLogFlushIntervalMs, this);
  }

  private log(type: StreamInfo['accessLogType']): void {
    const { accessLogs, server } = this.shared;
    if (accessLogs.length === 0) return;
    const { info, counts } = this;
    const { clock, random } = server.runtime;
    info.endMs = clock.nowMs();
    // As Envoy: what goes over the wire is counted of connections only.
    info.downstreamBytes ??= new WireBytes();
    info.requestId ||= uuid(random);
    (info.downstream.metadata as Map<string, Record<string, unknown>>).set('udp.proxy.session', {
      cluster_name: this.ends.cluster.name,
      bytes_sent: info.bytesSent,
      bytes_received: info.bytesReceived,
      errors_sent: counts.errorsSent,
      datagrams_sent: counts.datagramsSent,
      datagrams_received: counts.datagramsReceived,
    });
    logUdp(accessLogs, info, type);
  }
}
