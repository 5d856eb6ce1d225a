import type { Message } from '@bufbuild/protobuf';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { NetworkFilterFactory } from '@weft/proxy-filter-api';
import type { NetworkFilterExtensions } from '../access-logger.ts';
import { decodeTcpProxy, type TcpProxyConfig } from './config.decode.ts';
import { TcpProxyConnection } from './connection.ts';
import type { TcpProxyShared } from './shared.ts';
import { TcpProxyStats } from './stats.ts';

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
