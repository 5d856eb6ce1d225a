import type { SecureContext, TLSSocket } from 'node:tls';
import type { Timers } from '@weft/core-runtime';

/** Where to listen, and what every accepted connection gets. */
export interface ListenOptions {
  /** An IP address without brackets; ignored where `path` is given. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** An IPv6 address also takes IPv4 clients (SocketAddress.ipv4_compat). Default false. */
  readonly ipv4Compat?: boolean;
  /** How many connections may wait to be accepted (Listener.tcp_backlog_size). Default 128. */
  readonly backlog?: number;
  /** Several sockets share the port (Listener.enable_reuse_port). Default false. */
  readonly reusePort?: boolean;
  /** A Unix socket's path instead of an address (core.v3.Pipe.path). */
  readonly path?: string;
  /** Permissions of the Unix socket (core.v3.Pipe.mode). Absent: what the umask leaves. */
  readonly mode?: number;
  /** Accepted connections probe whether their peer is there (core.v3.TcpKeepalive). Absent: they do not. */
  readonly keepAlive?: { readonly timeMs: number | undefined };
  /** A socket of this process that listens already: it is used (and closed with the listener) instead of binding. */
  readonly fd?: number;
  /** The high watermark of each connection. Default 1 MiB (Listener.per_connection_buffer_limit_bytes). */
  readonly perConnectionBufferLimitBytes?: number;
  readonly timers: Timers;
}

/** TLS towards an upstream. One value for each transport socket configuration: sessions are resumed within it. */
export interface TlsClientOptions {
  /** SNI, exactly as configured; `''` or absent sends none (UpstreamTlsContext.sni). */
  readonly serverName?: string;
  /** Protocols to offer, best first (CommonTlsContext.alpn_protocols). */
  readonly alpn?: readonly string[];
  /** Versions, ciphers, CA and the client's own certificate. Absent: the library's defaults. */
  readonly secureContext?: SecureContext;
  /** False keeps no session to resume (UpstreamTlsContext.max_session_keys of 0). Default true. */
  readonly resume?: boolean;
  /**
   * Judges the peer once the handshake is done. A text says why it is refused. Absent accepts every certificate, as Envoy does
   * without a validation context.
   */
  readonly judge?: (socket: TLSSocket) => string | undefined;
}

/** An address to connect to. */
export interface ConnectTarget {
  readonly address: string;
  readonly port: number;
  /** A Unix socket's path instead of an address. */
  readonly path?: string;
}

/** Where to connect to, and how. */
export interface ConnectOptions extends ConnectTarget {
  /** Further addresses of the same peer, best first (Endpoint.additional_addresses). */
  readonly alternatives?: readonly ConnectTarget[];
  /** Where connections come from; the first of the target's family is used (BindConfig). Port 0 is the system's choice. */
  readonly sourceAddresses?: readonly { readonly address: string; readonly port: number }[];
  /** TCP keepalive probes begin after this much silence; absent sends none (TcpKeepalive.keepalive_time). */
  readonly keepAliveIdleMs?: number;
  /** Sent before anything else, TLS included (PROXY protocol). */
  readonly preamble?: Buffer;
  /** Until connected, TLS included, over all addresses (Cluster.connect_timeout). Default 5,000. */
  readonly connectTimeoutMs?: number;
  readonly tls?: TlsClientContext;
  readonly perConnectionBufferLimitBytes?: number;
  readonly timers: Timers;
}

/** Made once for each configuration by `createTlsClientContext`. */
export interface TlsClientContext {
  readonly options: TlsClientOptions;
}
