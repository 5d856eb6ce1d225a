import type { Duration } from '@bufbuild/protobuf/wkt';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { decodeStreamSource } from '@weft/model-config-source';
import { decodeAccessLogs, type AccessLogConfig } from '@weft/observe-access-log';
import type { ClusterDiscoverySource } from '@weft/proxy-filter-api';
import type { BackoffConfig } from './backoff.ts';

const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

/** Envoy's enum by number. The TLS handshake is over when a network filter first hears of a connection. */
const CONNECT_MODES = ['IMMEDIATE', 'ON_DOWNSTREAM_DATA', 'ON_DOWNSTREAM_TLS_HANDSHAKE'] as const;

/** A tcp_proxy, decoded. Source: TcpProxy v3. */
export interface TcpProxyConfig {
  readonly statPrefix: string;
  /** One or more; weights are relative, their sum is at least 1. */
  readonly clusters: readonly { readonly name: string; readonly weight: number }[];
  /** Milliseconds without a byte in either direction, from when the upstream is there; 0 is "never". Default 3,600,000. */
  readonly idleTimeoutMs: number;
  /** Default 1. */
  readonly maxConnectAttempts: number;
  /** Undefined: the next attempt follows at once. */
  readonly backoff: BackoffConfig | undefined;
  /** Milliseconds; 0 is "no limit". */
  readonly maxConnectionDurationMs: number;
  /** A share of the duration, drawn for each connection and added to it: 0 to 1. Default 0. */
  readonly maxConnectionDurationJitter: number;
  /** The upstream is not connected before the client has sent something. */
  readonly connectOnData: boolean;
  /** What may be read of the client before the upstream is there. 0: it is not read. */
  readonly maxEarlyDataBytes: number;
  /** The proxy drains: a connection closes with its next byte. Default false. */
  readonly checkDrainClose: boolean;
  /** Undefined: a cluster that is not there closes the connection. `timeoutMs` default 60,000. */
  readonly onDemand: (ClusterDiscoverySource & { readonly timeoutMs: number }) | undefined;
  readonly accessLogs: readonly AccessLogConfig[];
  /** 0: no lines but those at the end. */
  readonly accessLogFlushIntervalMs: number;
  readonly flushAccessLogOnConnected: boolean;
  readonly flushAccessLogOnStart: boolean;
}

/** What is read here; the rest of the message is reported by name. */
export const supported: FieldSupport = {
  [TCP_PROXY]: [
    'stat_prefix', 'cluster', 'weighted_clusters', 'idle_timeout', 'max_connect_attempts', 'backoff_options',
    'max_downstream_connection_duration', 'max_downstream_connection_duration_jitter_percentage',
    'access_log', 'access_log_options', 'access_log_flush_interval', 'flush_access_log_on_connected',
    'upstream_connect_mode', 'max_early_data_bytes', 'check_drain_close',
    'on_demand',
  ],
  [`${TCP_PROXY}.OnDemand`]: ['odcds_config', 'resources_locator', 'timeout'],
  [`${TCP_PROXY}.WeightedCluster`]: ['clusters'],
  [`${TCP_PROXY}.WeightedCluster.ClusterWeight`]: ['name', 'weight'],
  [`${TCP_PROXY}.TcpAccessLogOptions`]: [
    'access_log_flush_interval', 'flush_access_log_on_connected', 'flush_access_log_on_start',
  ],
  'envoy.config.core.v3.BackoffStrategy': ['base_interval', 'max_interval'],
  'envoy.type.v3.Percent': ['value'],
}; // prettier-ignore

export function decodeTcpProxy(message: TcpProxy, cx: DecodeContext): TcpProxyConfig | undefined {
  const before = cx.faults.length;
  const { case: kind, value } = message.clusterSpecifier;
  const clusters =
    kind === 'cluster'
      ? [{ name: value, weight: 1 }]
      : (value?.clusters ?? []).map(({ name, weight }) => ({ name, weight }));
  if (clusters.reduce((sum, { weight }) => sum + weight, 0) < 1)
    cx.error('has no cluster', { expected: 'cluster, or weighted_clusters with weights above 0' });
  const connectOnData = CONNECT_MODES[message.upstreamConnectMode] === 'ON_DOWNSTREAM_DATA';
  if (connectOnData && message.maxEarlyDataBytes === undefined)
    cx.at('upstream_connect_mode').error('ON_DOWNSTREAM_DATA needs max_early_data_bytes: data cannot be seen unread');
  const config: TcpProxyConfig = {
    statPrefix: message.statPrefix,
    clusters,
    idleTimeoutMs: milliseconds(message.idleTimeout) ?? 3_600_000,
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    backoff: decodeBackoff(message.backoffOptions, cx.at('backoff_options')),
    maxConnectionDurationMs: milliseconds(message.maxDownstreamConnectionDuration) ?? 0,
    maxConnectionDurationJitter: (message.maxDownstreamConnectionDurationJitterPercentage?.value ?? 0) / 100,
    connectOnData,
    maxEarlyDataBytes: message.maxEarlyDataBytes ?? 0,
    checkDrainClose: message.checkDrainClose ?? false,
    onDemand: decodeOnDemand(message.onDemand, cx.at('on_demand')),
    accessLogs: decodeAccessLogs(message.accessLog, cx.at('access_log')),
    ...decodeAccessLogOptions(message, cx),
  };
  return cx.faults.length > before ? undefined : config;
}

function decodeOnDemand(message: TcpProxy['onDemand'], cx: DecodeContext): TcpProxyConfig['onDemand'] {
  // Without a source nothing is asked for, as in Envoy.
  if (message?.odcdsConfig === undefined) return undefined;
  const from = decodeStreamSource(message.odcdsConfig, message.resourcesLocator, {
    source: cx.at('odcds_config'),
    locator: cx.at('resources_locator'),
  });
  return from && { ...from, timeoutMs: milliseconds(message.timeout) ?? 60_000 };
}

function decodeBackoff(message: TcpProxy['backoffOptions'], cx: DecodeContext): BackoffConfig | undefined {
  if (message === undefined) return undefined;
  const baseMs = milliseconds(message.baseInterval) ?? 0;
  const maxMs = milliseconds(message.maxInterval) ?? baseMs * 10;
  if (maxMs < baseMs) cx.at('max_interval').error('must not be below base_interval');
  return { baseMs, maxMs };
}

function decodeAccessLogOptions(message: TcpProxy, cx: DecodeContext) {
  const { accessLogOptions: options } = message;
  const twice = message.accessLogFlushInterval !== undefined || message.flushAccessLogOnConnected;
  if (options !== undefined && twice)
    cx.at('access_log_options').error('is set together with the field that it replaces', {
      expected: 'access_log_options alone',
    });
  const interval = options === undefined ? message.accessLogFlushInterval : options.accessLogFlushInterval;
  return {
    accessLogFlushIntervalMs: milliseconds(interval) ?? 0,
    flushAccessLogOnConnected: options?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
    flushAccessLogOnStart: options?.flushAccessLogOnStart ?? false,
  };
}

function milliseconds(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
