import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';

const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

/** A tcp_proxy, decoded. Source: TcpProxy v3. */
export interface TcpProxyConfig {
  readonly statPrefix: string;
  /** One or more; weights are relative, their sum is at least 1. */
  readonly clusters: readonly { readonly name: string; readonly weight: number }[];
  /** Milliseconds without a byte in either direction; 0 is "never". Default 3,600,000. */
  readonly idleTimeoutMs: number;
  /** Default 1. */
  readonly maxConnectAttempts: number;
  /** Milliseconds; 0 is "no limit". */
  readonly maxConnectionDurationMs: number;
}

/** What is read here; the rest of the message is reported by name. */
export const supported: FieldSupport = {
  [TCP_PROXY]: [
    'stat_prefix',
    'cluster',
    'weighted_clusters',
    'idle_timeout',
    'max_connect_attempts',
    'max_downstream_connection_duration',
  ],
  [`${TCP_PROXY}.WeightedCluster`]: ['clusters'],
  [`${TCP_PROXY}.WeightedCluster.ClusterWeight`]: ['name', 'weight'],
};

export function decodeTcpProxy(message: TcpProxy, cx: DecodeContext): TcpProxyConfig | undefined {
  const { case: kind, value } = message.clusterSpecifier;
  const clusters =
    kind === 'cluster'
      ? [{ name: value, weight: 1 }]
      : (value?.clusters ?? []).map(({ name, weight }) => ({ name, weight }));
  if (clusters.reduce((sum, { weight }) => sum + weight, 0) < 1) {
    cx.error('has no cluster', { expected: 'cluster, or weighted_clusters with weights above 0' });
    return undefined;
  }
  return {
    statPrefix: message.statPrefix,
    clusters,
    idleTimeoutMs: milliseconds(message.idleTimeout) ?? 3_600_000,
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    maxConnectionDurationMs: milliseconds(message.maxDownstreamConnectionDuration) ?? 0,
  };
}

function milliseconds(duration: TcpProxy['idleTimeout']): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
