import { CONTINUE, type ReadFilterFactory } from '@weft/proxy-filter-api';
import { TCP_PROXY_CLUSTER } from '../tcp-proxy/shared.ts';

/** The sni_cluster network filter: the server name that a client asks for is the cluster that tcp_proxy goes to. */
export const sniClusterFactory: ReadFilterFactory<object> = {
  typeName: 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster',
  decode: () => ({}),
  prepare: () => ({
    create: ({ info, filterState }) => ({
      onNewConnection: () => {
        if (info.requestedServerName !== '') filterState.set(TCP_PROXY_CLUSTER, info.requestedServerName);
        return CONTINUE;
      },
    }),
    close: () => undefined,
  }),
};
