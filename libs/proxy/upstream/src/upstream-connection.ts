import type { Transport, TransportClose } from '@weft/core-bytes';
import {
  nextConnectionId,
  type Protocol,
  type SocketAddress,
  type TlsConnectionInfo,
  type UpstreamConnectionFacts,
} from '@weft/core-http';
import type { Counter } from '@weft/core-stats';
import type { RoutePriority } from '@weft/model-route';
import type { EndpointAddress } from '@weft/model-cluster';
import {
  connect,
  type Connecting,
  type ConnectFailure,
  type ConnectOptions,
  type ConnectOwner,
  type SocketTransport,
} from '@weft/net-tcp';
import type { PoolFailure } from '@weft/proxy-filter-api';
import { connectFailureText } from './connect-failure-text.ts';
import type { UpstreamHost } from './host.ts';
import { connectInternally } from './internal-connect.ts';
import type { PoolContext } from './pool-context.ts';
import type { PoolKind } from './pool-kind.ts';
import type { ResourceLimits } from './resource-limits.ts';
import { certificateAlert, isEnd, type TlsTrouble } from './tls-trouble.ts';

/** What waits on both sides of connections. */
export interface BufferedBytes {
  /** To be taken by the system. */
  sent: number;
  /** As Envoy counts it: what the last read of each connection took, also when it was looked at since. */
  read: number;
}

/** Who closes so soon after the handshake, without a word, refuses what it was shown there. */
const REFUSED_WITHIN_MS = 1000;

/**
 * One connection to a host, and its share of the counts: connecting -> (open -> closed | closed). It counts from its making,
 * so that limits also hold for connections under way.
 */
export abstract class UpstreamConnection implements ConnectOwner, UpstreamConnectionFacts {
  readonly id = nextConnectionId();
  protocol: Protocol | '' = '';
  readonly host: UpstreamHost;
  protected readonly cx: PoolContext;
  protected readonly limits: ResourceLimits;
  protected transport: Transport | undefined;
  localAddress: SocketAddress | undefined;
  ssl: TlsConnectionInfo | undefined;
  /** What ALPN chose; `''` without TLS, or without a choice. */
  protected alpnProtocol = '';
  private readonly attempt: Connecting;
  readonly connectBeginMs: number;
  connectEndMs = -1;
  handshakeEndMs = -1;
  /** How much the last read took. */
  protected lastReadBytes = 0;
  private sentBytes = 0;
  private counted = true;
  /** A byte of the host arrived. */
  protected answered = false;

  constructor(cx: PoolContext, host: UpstreamHost, priority: RoutePriority, kind: PoolKind) {
    this.cx = cx;
    this.host = host;
    this.limits = cx.limits[priority];
    this.connectBeginMs = cx.clock.nowMs();
    cx.stats.upstreamCxTotal.inc();
    cx.stats.upstreamCxActive.inc();
    this.limits.connections.inc();
    host.stats.cxTotal += 1;
    host.stats.cxActive += 1;
    this.attempt =
      host.endpoint.kind === 'internal'
        ? connectInternally(cx.internalListeners, { name: host.endpoint.listener, socket: host.socket, kind }, this)
        : connect(connectOptions(cx, host, host.endpoint, kind), this);
  }

  /** The connection is open; `transport` is set. */
  protected abstract opened(transport: Transport): void;
  /** It will never be. */
  protected abstract failed(failure: PoolFailure): void;

  onConnected(transport: SocketTransport): void {
    this.localAddress = transport.localAddress;
    this.alpnProtocol = transport.alpnProtocol;
    const { tlsSocket } = transport;
    if (tlsSocket !== undefined) this.ssl = this.host.socket.tls?.infoOf(tlsSocket);
    this.onOpen(transport);
  }

  /** As `onConnected`, for a connection within this process. */
  onOpen(transport: Transport): void {
    this.connectEndMs = this.cx.clock.nowMs();
    if (this.ssl !== undefined) this.handshakeEndMs = this.connectEndMs;
    this.transport = transport;
    this.cx.stats.upstreamCxConnectMs.record(this.connectEndMs - this.connectBeginMs);
    this.opened(transport);
  }

  onConnectFailure(failure: ConnectFailure): void {
    const { stats } = this.cx;
    const timeout = failure.reason === 'timeout';
    stats.upstreamCxConnectFail.inc();
    this.host.stats.cxConnectFail += 1;
    if (timeout) stats.upstreamCxConnectTimeout.inc();
    if (failure.reason === 'tls' && stats.ssl !== undefined) {
      if (failure.refusedPeer !== true) stats.ssl.connectionError.inc();
      this.tellHandshakeFailure(stats.ssl.plaintextPeer, failure);
    }
    this.countClose(timeout ? 'local' : 'remote', false);
    this.failed({ ...connectFailureText(failure), host: this.host });
  }

  private tellHandshakeFailure(plaintextPeers: Counter, failure: ConnectFailure): void {
    const details = failure.details.replace(/^TLS_error: /, '');
    if (failure.plaintext === true) {
      plaintextPeers.inc();
      this.tell('plaintext', () => details);
    } else if (failure.refusedPeer !== true) this.tellRefusal(failure.error, true);
    // Without its secrets a cluster refuses every peer, and says so elsewhere.
    else if (this.host.socket.tls?.resolved !== undefined)
      this.tell('its certificate', () => `its certificate is refused: ${details}`);
  }

  /** The first bytes of the host: it takes the connection as it is. */
  protected heard(): void {
    this.answered = true;
    this.host.tlsTrouble = '';
  }

  /**
   * The host ended the connection. In TLS 1.3 it refuses our certificate when the handshake is done for us. `isHttp`: who takes a
   * connection for requests has no other reason to end it at once.
   */
  protected noteRefusal({ error }: TransportClose, isHttp: boolean): void {
    if (this.answered || this.ssl === undefined) return;
    this.tellRefusal(error, isHttp && this.cx.clock.nowMs() - this.connectEndMs < REFUSED_WITHIN_MS);
  }

  /** `soon`: an end without a word is telling, too. */
  private tellRefusal(error: Error | undefined, soon: boolean): void {
    const own = this.host.socket.tls?.ownName ?? '';
    if (own === '') return;
    const alert = certificateAlert(error);
    if (alert !== undefined)
      this.tell('our certificate', () => `it refused the certificate of this proxy, ${own}: TLS alert "${alert}"`);
    else if (soon && isEnd(error))
      this.tell(
        'our certificate',
        () =>
          'it ended the connection with the TLS handshake and said nothing: it may have refused the certificate of this proxy, ' +
          `${own}; its log tells`,
      );
  }

  /** Said once for each host, until it answers: what is wrong is a matter of configuration, and seldom changes by itself. */
  private tell(trouble: TlsTrouble, text: () => string): void {
    const { host, cx } = this;
    if (host.tlsTrouble === trouble) return;
    host.tlsTrouble = trouble;
    cx.logger.warning(`Cluster ${cx.config.name}: host ${host.address.text}: ${text()}.`);
  }

  /** Gives up a connection under way; nobody is told. */
  protected abort(): void {
    this.attempt.abort();
    this.countClose('local', false);
  }

  /** Counts what was sent since the last call. */
  protected countSent(transport: Transport): void {
    const { bytesWritten } = transport;
    this.cx.stats.upstreamCxTxBytesTotal.add(bytesWritten - this.sentBytes);
    this.sentBytes = bytesWritten;
  }

  /** Takes the connection out of all counts. Once. */
  protected countClose(by: TransportClose['by'], withActiveRequest: boolean): void {
    if (!this.counted) return;
    this.counted = false;
    const { stats } = this.cx;
    if (this.transport !== undefined) this.countSent(this.transport);
    const remote = by === 'remote';
    stats.upstreamCxDestroy.inc();
    (remote ? stats.upstreamCxDestroyRemote : stats.upstreamCxDestroyLocal).inc();
    if (withActiveRequest) {
      stats.upstreamCxDestroyWithActiveRq.inc();
      (remote ? stats.upstreamCxDestroyRemoteWithActiveRq : stats.upstreamCxDestroyLocalWithActiveRq).inc();
    }
    stats.upstreamCxActive.dec();
    stats.upstreamCxLengthMs.record(this.cx.clock.nowMs() - this.connectBeginMs);
    this.limits.connections.dec();
    this.host.stats.cxActive -= 1;
  }

  /** Counts what was sent so far, and adds what waits now to the sums. */
  refreshStats(sums: BufferedBytes): void {
    const { transport } = this;
    if (transport === undefined) return;
    this.countSent(transport);
    sums.sent += transport.bufferedBytes;
    sums.read += this.lastReadBytes;
  }
}

type Reachable = Exclude<EndpointAddress, { kind: 'internal' }>;

function connectOptions(cx: PoolContext, host: UpstreamHost, endpoint: Reachable, kind: PoolKind): ConnectOptions {
  const { config, timers } = cx;
  const { tls } = host.socket;
  const { sourceAddresses = cx.sourceAddresses, keepAliveIdleMs } = config.connection;
  const shared = {
    connectTimeoutMs: config.connectTimeoutMs,
    perConnectionBufferLimitBytes: config.perConnectionBufferLimitBytes,
    timers,
    ...(tls === undefined ? {} : { tls: tls.forHost(host, kind) }),
    ...(kind.preamble === undefined ? {} : { preamble: kind.preamble }),
    ...(sourceAddresses.length === 0 ? {} : { sourceAddresses }),
    ...(keepAliveIdleMs === undefined ? {} : { keepAliveIdleMs }),
  };
  if (endpoint.kind === 'pipe') return { address: '', port: 0, path: endpoint.path, ...shared };
  const { alternatives } = host;
  return {
    address: endpoint.host,
    port: endpoint.port,
    ...(alternatives.length === 0 ? {} : { alternatives }),
    ...shared,
  };
}
