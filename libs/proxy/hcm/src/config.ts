import type { ConfigSource } from '@weft/model-config-source';
import type { AccessLogConfig } from '@weft/observe-access-log';
import type { TracingConfig } from '@weft/observe-tracing';
import type { CidrRange, PathRules } from '@weft/model-match';
import type { RouteTable } from '@weft/model-route';
import type { Http1ServerSettings } from '@weft/net-h1';
import type { GrowingRoutes, HttpFilterFactory } from '@weft/proxy-filter-api';
import type { AccessLogOptions } from './access-log-options.decode.ts';
import type { ClientCertDetails, ForwardClientCert } from './forward-client-cert.ts';
import type { LocalReplyConfig } from './local-reply-config.ts';
import type { OriginalIpDetector } from './original-ip.ts';

/** One configured HTTP filter. */
export interface FilterConfig {
  /** Its name in http_filters: what typed_per_filter_config goes by. */
  readonly name: string;
  readonly factory: HttpFilterFactory<unknown>;
  readonly config: unknown;
}

/** All filters before the terminal one, in order, and the terminal one. */
export interface FilterChainConfig {
  readonly filters: readonly FilterConfig[];
  readonly terminal: FilterConfig;
}

export type RouteSource =
  | {
      readonly kind: 'static';
      readonly table: RouteTable;
      /** There where the table has `vhds`. */
      readonly tableWith?: GrowingRoutes['tableWith'];
    }
  | { readonly kind: 'rds'; readonly name: string; readonly source: ConfigSource };

/** One of `upgrade_configs`. */
export interface UpgradeConfig {
  readonly enabled: boolean;
  /** Filters of its own; undefined: those of every other request. */
  readonly chain: FilterChainConfig | undefined;
}

/** PING frames that prove a connection alive; milliseconds. Source: envoy.config.core.v3.KeepaliveSettings. */
export interface KeepAliveConfig {
  /** 0: none by time. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly jitterPercent: number;
  readonly idleIntervalMs: number;
}

/** Source: envoy.config.core.v3.Http2ProtocolOptions; what is left out has the codec's default, which is Envoy's. */
export interface Http2Options {
  readonly hpackTableBytes?: number;
  readonly maxConcurrentStreams?: number;
  readonly initialStreamWindowBytes?: number;
  readonly initialConnectionWindowBytes?: number;
  readonly maxOutboundFrames?: number;
  readonly maxOutboundControlFrames?: number;
  readonly maxConsecutiveInboundFramesWithEmptyPayload?: number;
  readonly maxInboundPriorityFramesPerStream?: number;
  readonly maxInboundWindowUpdateFramesPerDataFrameSent?: number;
  readonly streamErrorOnInvalidHttpMessage: boolean;
  readonly allowConnect: boolean;
  readonly keepAlive: KeepAliveConfig | undefined;
}

/** A http_connection_manager, decoded. Times are milliseconds, 0 is "never". Source: HttpConnectionManager v3. */
export interface HcmConfig extends FilterChainConfig, PathRules {
  readonly statPrefix: string;
  readonly codecType: 'AUTO' | 'HTTP1' | 'HTTP2';
  readonly http1: Partial<Http1ServerSettings>;
  readonly http2: Http2Options;
  readonly routes: RouteSource;
  readonly serverName: string;
  readonly serverHeader: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  /** Asked in order; none with `useRemoteAddress`. */
  readonly originalIpDetectors: readonly OriginalIpDetector[];
  readonly internalRanges: readonly CidrRange[];
  readonly unixSocketsInternal: boolean;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly via: string;
  /** `service-cluster` goes into user-agent and x-envoy-downstream-service-cluster (add_user_agent). */
  readonly addUserAgent: boolean;
  readonly proxy100Continue: boolean;
  readonly stripPort: 'none' | 'any' | 'matching';
  readonly stripTrailingHostDot: boolean;
  /** `:scheme` and x-forwarded-proto of every request (scheme_header_transformation); `''` leaves them. */
  readonly schemeToOverwrite: '' | 'http' | 'https';
  readonly appendXForwardedPort: boolean;
  readonly forwardClientCert: ForwardClientCert;
  readonly clientCertDetails: ClientCertDetails;
  /** By token in lower case: `websocket`, `connect`. */
  readonly upgrades: ReadonlyMap<string, UpgradeConfig>;
  /** Default 300,000. */
  readonly streamIdleTimeoutMs: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  /** How long the last of a response may wait for a client that reads nothing. Default: the stream's idle timeout. */
  readonly streamFlushTimeoutMs: number;
  /** From the first byte of a head to its last. */
  readonly requestHeadersTimeoutMs: number;
  readonly maxStreamDurationMs: number;
  /** Of a connection without a request. Default 3,600,000. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  /** Between GOAWAY that announces the end and GOAWAY that is the end. Default 5,000. */
  readonly drainTimeoutMs: number;
  /** Up to so much more than the times above, drawn for each connection, so that not all end at once; in percent. */
  readonly drainTimeoutJitterPercent: number;
  readonly maxConnectionDurationJitterPercent: number;
  /** How long a client may take to close after the proxy has. Default 1,000. */
  readonly delayedCloseTimeoutMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  readonly localReply: LocalReplyConfig | undefined;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly accessLogOptions: AccessLogOptions;
  readonly tracing: TracingConfig | undefined;
}
