import type { Protocol } from './stream.ts';
import type { TlsConnectionInfo } from './tls-connection-info.ts';
import type { WireBytes } from './wire-bytes.ts';

/** An address as logs print it. */
export interface SocketAddress {
  /** An IP address without brackets, or the path of a Unix socket. */
  readonly ip: string;
  readonly port: number;
  /** `ip:port`, IPv6 in brackets; the path for a Unix socket. */
  readonly text: string;
}

export function socketAddress(ip: string, port: number): SocketAddress {
  return { ip, port, text: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}` };
}

/** What configuration says of something beside its settings: `filter_metadata`, JSON by filter name. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A connection to a host, as every stream on it sees it. Moments are Clock.nowMs milliseconds; -1 is "did not happen". */
export interface UpstreamConnectionFacts {
  /** Unique in the process among clients' connections and these. */
  readonly id: number;
  /** `''` for plain bytes. */
  readonly protocol: Protocol | '';
  readonly host: {
    readonly address: SocketAddress;
    /** The name by which it was found; `''` without. */
    readonly hostname: string;
    readonly metadata?: Metadata;
  };
  readonly localAddress: SocketAddress | undefined;
  /** What the handshake said; undefined on plain connections. */
  readonly ssl: TlsConnectionInfo | undefined;
  readonly connectBeginMs: number;
  readonly connectEndMs: number;
  readonly handshakeEndMs: number;
}

/** What logs tell of a cluster. */
export interface ClusterFacts {
  readonly name: string;
  /** Its `alt_stat_name`, or its name. */
  readonly altStatName: string;
  readonly metadata?: Metadata | undefined;
}

let lastConnectionId = 0;

/** Ids of connections are unique in the process, whatever proxy they belong to: only logs compare them. */
export function nextConnectionId(): number {
  lastConnectionId += 1;
  return lastConnectionId;
}

/** The client's connection, as every stream on it sees it. */
export interface DownstreamConnection {
  /** Unique in the process. */
  readonly id: number;
  readonly localAddress: SocketAddress;
  /** The address of the socket, where `localAddress` is another one. */
  readonly directLocalAddress?: SocketAddress | undefined;
  /** A listener filter found out where the client was going before it was redirected here (original_dst, PROXY protocol). */
  readonly localAddressRestored?: boolean | undefined;
  /** The peer of the socket. */
  readonly directRemoteAddress: SocketAddress;
  readonly tls: boolean;
  /** What the handshake said; undefined on plaintext connections. */
  readonly ssl?: TlsConnectionInfo | undefined;
  /** SNI the client asked for; `''` without. */
  readonly requestedServerName: string;
  /** The name of the filter chain that serves it: %FILTER_CHAIN_NAME%. Absent where it has none, or none was found. */
  readonly filterChainName?: string | undefined;
  /** Of the listener, and of the filter chain. */
  readonly listenerMetadata?: Metadata | undefined;
  readonly filterChainMetadata?: Metadata | undefined;
  /** When TLS was agreed on: Clock.nowMs. Absent on plaintext connections. */
  readonly handshakeEndMs?: number | undefined;
  /** The client, where a listener filter learnt of one behind the peer (PROXY protocol). Absent: the peer. */
  readonly remoteAddress?: SocketAddress | undefined;
  /** What the first bytes showed, where tls_inspector was asked for it; the MD5 of JA3, and JA4. */
  readonly ja3?: string | undefined;
  readonly ja4?: string | undefined;
  /** What listener and network filters leave as dynamic metadata: values by filter name, then by key. */
  metadata?: ConnectionMetadata | undefined;
  /** What listener and network filters leave for those behind them. */
  filterState?: FilterStateTexts | undefined;
  /** Why the proxy ended the connection: %CONNECTION_TERMINATION_DETAILS%. */
  terminationDetails?: string | undefined;
  /** What the filter that ended the connection says of it: bits of ResponseFlag, and %RESPONSE_CODE_DETAILS%. Absent: none did. */
  refusal?: { readonly flags: number; readonly details: string } | undefined;
  /** Who reset it, where it did not end in an orderly way: %DOWNSTREAM_DETECTED_CLOSE_TYPE%. */
  detectedCloseType?: ResetBy | undefined;
  /** Why the proxy closed it, in Envoy's words: %DOWNSTREAM_LOCAL_CLOSE_REASON%. */
  localCloseReason?: string | undefined;
  /** Why the handshake failed: %DOWNSTREAM_TRANSPORT_FAILURE_REASON%. */
  transportFailureReason?: string | undefined;
}

/** Source: Envoy's StreamInfo::DetectedCloseType. */
export type ResetBy = 'LocalReset' | 'RemoteReset';

/** Filter state as access logs read it. */
export interface FilterStateTexts {
  /** The object of Envoy's name `name` as text; undefined where there is none, or it has no text. */
  text(name: string): string | undefined;
}

/** Dynamic metadata of a connection: JSON values by filter name (namespace), then by key. */
export type ConnectionMetadata = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Adds to a connection's dynamic metadata; what is there under the same filter and key goes. Values are JSON. */
export function addConnectionMetadata(
  connection: DownstreamConnection,
  namespace: string,
  values: Readonly<Record<string, unknown>>,
): void {
  const added = new Map(connection.metadata);
  added.set(namespace, { ...added.get(namespace), ...values });
  connection.metadata = added;
}

/** Source: envoy.data.accesslog.v3.AccessLogType. */
export type AccessLogType =
  | 'DownstreamStart'
  | 'DownstreamPeriodic'
  | 'DownstreamTunnelSuccessfullyEstablished'
  | 'DownstreamEnd'
  | 'TcpConnectionStart'
  | 'TcpUpstreamConnected'
  | 'TcpPeriodic'
  | 'TcpConnectionEnd'
  | 'UdpTunnelUpstreamConnected'
  | 'UdpPeriodic'
  | 'UdpSessionEnd'
  | 'NotSet';

/**
 * All that is known of one request, filled in on its way and read by access logs, spans and stats at its end.
 * Moments are Clock.nowMs milliseconds; -1 is "did not happen".
 */
export class StreamInfo {
  readonly downstream: DownstreamConnection;
  readonly startWallMs: number;
  readonly startMs: number;
  /** `''` for a connection of plain bytes. */
  protocol: Protocol | '' = 'HTTP/1.1';
  /** When a line of log is written, in Envoy's words. Connections of plain bytes set theirs. */
  accessLogType: AccessLogType = 'DownstreamEnd';
  /** The client's address after x-forwarded-for was judged; the peer's until then. */
  remoteAddress: SocketAddress;
  /** 0: no response was sent. */
  responseCode = 0;
  /** Envoy's %RESPONSE_CODE_DETAILS%: `via_upstream`, `route_not_found`, `upstream_reset_before_response_started{…}` … */
  responseCodeDetails = '';
  /** Bits of ResponseFlag. */
  responseFlags = 0;
  /** Body bytes from the client. */
  bytesReceived = 0;
  /** Body bytes to the client. */
  bytesSent = 0;
  /** What the stream costs on the client's connection, and on those to upstreams. Undefined where nobody asks. */
  downstreamBytes: WireBytes | undefined;
  upstreamBytes: WireBytes | undefined;
  routeName = '';
  virtualHostName = '';
  routeMetadata: Metadata | undefined;
  virtualHostMetadata: Metadata | undefined;
  /** The cluster that the route chose; `''` where there was none. */
  upstreamCluster = '';
  /** Its `alt_stat_name`, or its name. */
  upstreamClusterStatName = '';
  upstreamClusterMetadata: Metadata | undefined;
  upstreamHost: SocketAddress | undefined;
  /** The connection that the request went upstream on, the last time that it did. */
  upstreamConnection: UpstreamConnectionFacts | undefined;
  upstreamLocalAddress: SocketAddress | undefined;
  /** What the handshake with the upstream said; undefined on plain connections. */
  upstreamSsl: TlsConnectionInfo | undefined;
  /** The name by which the host was found in DNS or configuration; `''` without. */
  upstreamHostName = '';
  upstreamTransportFailureReason = '';
  /** How a connection of plain bytes to an upstream ended: who reset it, and why the proxy closed it. Undefined for requests. */
  upstreamClose: { readonly resetBy?: ResetBy; readonly reason?: string } | undefined;
  /** How many times the request was sent upstream; 0 for local replies. */
  attemptCount = 0;
  requestId = '';
  /** Hex trace id where the request is part of a trace; `''` without. */
  traceId = '';
  /** Hex id of the proxy's own span; `''` without. */
  spanId = '';
  /** The last byte of the request arrived. */
  requestCompleteMs = -1;
  firstUpstreamTxMs = -1;
  lastUpstreamTxMs = -1;
  firstUpstreamRxMs = -1;
  /** The first piece of the response's body came. */
  firstUpstreamBodyMs = -1;
  /** How long the last attempt waited for a connection, in milliseconds; -1 without an attempt. */
  upstreamPoolReadyMs = -1;
  lastUpstreamRxMs = -1;
  firstDownstreamTxMs = -1;
  /** The response is complete, or the stream was reset. */
  endMs = -1;
  private metadata: Map<string, Readonly<Record<string, unknown>>> | undefined;

  constructor(downstream: DownstreamConnection, startMs: number, startWallMs: number) {
    this.downstream = downstream;
    this.remoteAddress = downstream.remoteAddress ?? downstream.directRemoteAddress;
    this.startMs = startMs;
    this.startWallMs = startWallMs;
  }

  /** What HTTP filters leave for those behind them and for logs, by filter name; undefined while nobody left any. */
  get dynamicMetadata(): ConnectionMetadata | undefined {
    return this.metadata;
  }

  /** Adds to what is there under a filter's name; what is there under the same key goes. Values are JSON. */
  setDynamicMetadata(namespace: string, values: Readonly<Record<string, unknown>>): void {
    this.metadata ??= new Map();
    this.metadata.set(namespace, { ...this.metadata.get(namespace), ...values });
  }

  /** The cluster that the request goes to; undefined leaves what is known. */
  noteCluster(cluster: ClusterFacts | undefined): void {
    if (cluster === undefined) return;
    this.upstreamCluster = cluster.name;
    this.upstreamClusterStatName = cluster.altStatName;
    this.upstreamClusterMetadata = cluster.metadata;
  }

  /** Takes over what the filter that ended the connection says of it. */
  noteRefusal(): void {
    const { refusal } = this.downstream;
    if (refusal === undefined) return;
    this.setFlag(refusal.flags);
    this.responseCodeDetails = refusal.details;
  }

  setFlag(flag: number): void {
    this.responseFlags |= flag;
  }
}
