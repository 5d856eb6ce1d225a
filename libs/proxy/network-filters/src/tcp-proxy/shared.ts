import type { ClusterDiscovery, FilterStateKey, ServerContext } from '@weft/proxy-filter-api';
import type { AccessLogger } from '../access-logger.ts';
import type { TcpProxyConfig } from './config.decode.ts';
import type { TcpProxyStats } from './stats.ts';

/** Set by filters before it, the cluster that a connection goes to, in place of the configured one. */
export const TCP_PROXY_CLUSTER: FilterStateKey<string> = { name: 'envoy.tcp_proxy.cluster' };

/** What all connections of one tcp_proxy share. */
export interface TcpProxyShared {
  readonly config: TcpProxyConfig;
  readonly server: ServerContext;
  readonly stats: TcpProxyStats;
  /** Undefined: clusters are not asked for. */
  readonly discovery: ClusterDiscovery | undefined;
  readonly accessLogs: readonly AccessLogger[];
}
