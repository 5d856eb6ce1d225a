import type { Message } from '@bufbuild/protobuf';
import type { UdpProxyConfig as UdpProxyMessage } from '@weft/api-envoy/gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb';
import { StreamInfo, type SocketAddress } from '@weft/core-http';
import { connectDatagrams } from '@weft/net-udp';
import type { AccessLogConfig } from '@weft/observe-access-log';
import type {
  Cluster,
  Host,
  LoadBalancerContext,
  UdpListenerFilter,
  UdpListenerFilterFactory,
  UdpListenerSocket,
} from '@weft/proxy-filter-api';
import { decodeUdpProxy, type UdpProxyConfig } from './config.decode.ts';
import { UdpSession } from './session.ts';
import { logUdp, type UdpAccessLogger, type UdpProxyShared } from './shared.ts';
import { UdpClusterStats, UdpProxyStats } from './stats.ts';

/** What udp_proxy takes from outside. */
export interface UdpProxyExtensions {
  /** Opens the files of these logs. Throws a sentence that names the one that cannot be opened. */
  accessLogs(configs: readonly AccessLogConfig[]): readonly UdpAccessLogger[];
  /** Sockets towards hosts; those of the system where it is absent. */
  readonly connect?: typeof connectDatagrams;
}

/** The udp_proxy filter of UDP listeners. */
export function createUdpProxyFactory(extensions: UdpProxyExtensions): UdpListenerFilterFactory<UdpProxyConfig> {
  return {
    typeName: 'envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig',
    decode: (message: Message, cx) => decodeUdpProxy(message as UdpProxyMessage, cx),
    prepare: (config, server) => {
      const shared: UdpProxyShared = {
        config,
        server,
        stats: new UdpProxyStats(server.stats.scope(`udp.${config.statPrefix}.`)),
        connect: extensions.connect ?? connectDatagrams,
        accessLogs: extensions.accessLogs(config.accessLogs),
        proxyAccessLogs: extensions.accessLogs(config.proxyAccessLogs),
      };
      return { create: (socket) => new UdpProxy(socket, shared) };
    },
  };
}

/** One listener's sessions. */
class UdpProxy implements UdpListenerFilter {
  private readonly socket: UdpListenerSocket;
  private readonly shared: UdpProxyShared;
  /** By client, and by host too where each datagram gets its own. */
  private readonly sessions = new Map<string, UdpSession>();
  private readonly info: StreamInfo;
  private known: { readonly cluster: Cluster; readonly stats: UdpClusterStats } | undefined;
  private hosts: readonly Host[] = [];

  constructor(socket: UdpListenerSocket, shared: UdpProxyShared) {
    this.socket = socket;
    this.shared = shared;
    const { clock } = shared.server.runtime;
    const { localAddress } = socket;
    this.info = new StreamInfo(
      {
        id: 0,
        localAddress,
        directRemoteAddress: { ip: '', port: 0, text: '' },
        tls: false,
        requestedServerName: '',
        metadata: new Map(),
      },
      clock.nowMs(),
      clock.wallMs(),
    );
    this.info.protocol = '';
  }

  onDatagram(datagram: Buffer, from: SocketAddress): void {
    const cluster = this.shared.server.clusters.get(this.shared.config.cluster);
    if (cluster !== this.known?.cluster) this.changeCluster(cluster);
    if (this.known === undefined) {
      this.shared.stats.noRoute.inc();
      return;
    }
    this.endWithoutHost();
    const session = this.shared.config.perPacket ? this.sessionOfPacket(from) : this.sessionOf(from);
    session?.fromClient(datagram);
  }
  onReceiveError(): void {
    this.shared.stats.rxErrors.inc();
  }
  onSendError(): void {
    this.shared.stats.txErrors.inc();
  }
  close(): void {
    for (const session of [...this.sessions.values()]) session.end();
    const { proxyAccessLogs, server } = this.shared;
    if (proxyAccessLogs.length === 0) return;
    this.info.endMs = server.runtime.clock.nowMs();
    (this.info.downstream.metadata as Map<string, Record<string, unknown>>).set('udp.proxy.proxy', this.totals());
    logUdp(proxyAccessLogs, this.info, 'NotSet');
  }

  private sessionOf(from: SocketAddress): UdpSession | undefined {
    const session = this.sessions.get(from.text);
    if (session !== undefined) return session;
    const host = this.pick(from);
    return host && this.begin(from.text, from, host);
  }

  private sessionOfPacket(from: SocketAddress): UdpSession | undefined {
    const host = this.pick(from);
    if (host === undefined) return undefined;
    const key = `${from.text} ${host.address.text}`;
    return this.sessions.get(key) ?? this.begin(key, from, host);
  }

  private begin(key: string, client: SocketAddress, host: Host): UdpSession | undefined {
    if (this.known === undefined) return undefined;
    const { cluster, stats: clusterStats } = this.known;
    const session = new UdpSession({ client, cluster, clusterStats, host, listener: this.socket }, this.shared, () =>
      this.sessions.delete(key),
    );
    this.sessions.set(key, session);
    return session;
  }

  private pick(from: SocketAddress): Host | undefined {
    const { hashBy } = this.shared.config;
    const text = hashBy === undefined ? undefined : hashBy.kind === 'key' ? hashBy.key : from.ip;
    const asking: LoadBalancerContext = {
      hashKey: () => (text === undefined ? undefined : hashText(text)),
      shouldSelectAnotherHost: () => false,
      hostSelectionRetries: 0,
    };
    const cluster = this.known?.cluster;
    const host = cluster?.pick(asking);
    if (host === undefined) cluster?.requestStats.upstreamCxNoneHealthy.inc();
    return host;
  }

  private changeCluster(cluster: Cluster | undefined): void {
    for (const session of [...this.sessions.values()]) session.end();
    const { stats } = this.shared.server;
    this.hosts = cluster?.hosts ?? [];
    this.known = cluster && {
      cluster,
      stats: new UdpClusterStats(stats.scope(`cluster.${cluster.altStatName}.`)),
    };
  }

  /** Sessions whose host left the cluster. */
  private endWithoutHost(): void {
    const hosts = this.known?.cluster.hosts ?? [];
    if (hosts === this.hosts) return;
    this.hosts = hosts;
    const staying = new Set(hosts);
    for (const session of [...this.sessions.values()]) if (!staying.has(session.ends.host)) session.end();
  }

  private totals(): Record<string, unknown> {
    const { stats } = this.shared;
    return {
      bytes_sent: stats.txBytes.value,
      bytes_received: stats.rxBytes.value,
      errors_sent: stats.txErrors.value,
      errors_received: stats.rxErrors.value,
      datagrams_sent: stats.txDatagrams.value,
      datagrams_received: stats.rxDatagrams.value,
      no_route: stats.noRoute.value,
      session_total: stats.sessTotal.value,
      idle_timeout: stats.idleTimeout.value,
    };
  }
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
