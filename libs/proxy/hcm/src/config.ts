import type { ConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import type { AccessLogConfig } from '@weft/observe-access-log';
import type { TracingConfig } from '@weft/observe-tracing';
import type { CidrRange } from '@weft/model-match';
import type { RouteTable } from '@weft/model-route';
import type { Http1ServerSettings } from '@weft/net-h1';
import type { HttpFilterFactory } from '@weft/proxy-filter-api';

/** One configured HTTP filter. */
export interface FilterConfig {
  /** Its name in http_filters: what typed_per_filter_config goes by. */
  readonly name: string;
  readonly factory: HttpFilterFactory<unknown>;
  readonly config: unknown;
}

export type RouteSource =
  | { readonly kind: 'static'; readonly table: RouteTable }
  | { readonly kind: 'rds'; readonly name: string; readonly source: ConfigSource };

/** A http_connection_manager, decoded. Times are milliseconds, 0 is "never". Source: HttpConnectionManager v3. */
export interface HcmConfig {
  readonly statPrefix: string;
  readonly codecType: 'AUTO' | 'HTTP1' | 'HTTP2';
  readonly http1: Partial<Http1ServerSettings>;
  readonly routes: RouteSource;
  /** All filters before the terminal one, in order. */
  readonly filters: readonly FilterConfig[];
  readonly terminal: FilterConfig;
  readonly serverName: string;
  readonly serverHeader: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly internalRanges: readonly CidrRange[];
  readonly unixSocketsInternal: boolean;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly via: string;
  /** `service-cluster` goes into user-agent and x-envoy-downstream-service-cluster (add_user_agent). */
  readonly addUserAgent: boolean;
  readonly proxy100Continue: boolean;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly stripPort: 'none' | 'any' | 'matching';
  readonly forwardClientCert: 'SANITIZE' | 'FORWARD_ONLY' | 'ALWAYS_FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET';
  /** Upgrade tokens that are passed on, in lower case: `websocket`. */
  readonly upgrades: ReadonlySet<string>;
  /** Default 300,000. */
  readonly streamIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxStreamDurationMs: number;
  /** Of a connection without a request. Default 3,600,000. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  readonly accessLogs: readonly AccessLogConfig[];
  readonly tracing: TracingConfig | undefined;
}
