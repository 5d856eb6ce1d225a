import type { Message } from '@bufbuild/protobuf';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { ClusterDiscovery, FilterStateKey, NetworkFilterFactory, ServerContext } from '@weft/proxy-filter-api';
import type { AccessLogger, NetworkFilterExtensions } from '../access-logger.ts';
import { decodeTcpProxy, type TcpProxyConfig } from './config.decode.ts';
import { TcpProxyConnection } from './connection.ts';
import { TcpProxyStats } from './stats.ts';

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

/** The tcp_proxy network filter: bytes from one connection to one upstream connection, and back. */
export function createTcpProxyFactory(extensions: NetworkFilterExtensions): NetworkFilterFactory<TcpProxyConfig> {
  return {
    typeName: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    decode: (message: Message, cx) => decodeTcpProxy(message as TcpProxy, cx),
    prepare: (config, server) => {
      const shared: TcpProxyShared = {
        config,
        server,
        stats: new TcpProxyStats(server.stats.scope(`tcp.${config.statPrefix}.`)),
        discovery: config.onDemand && server.clusterDiscovery?.(config.onDemand),
        accessLogs: extensions.accessLogs(config.accessLogs),
      };
      return { create: (connection) => new TcpProxyConnection(connection, shared), close: () => undefined };
    },
  };
}
