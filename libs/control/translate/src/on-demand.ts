import type { OnDemand } from '@weft/api-envoy/gen/envoy/extensions/filters/http/on_demand/v3/on_demand_pb';
import type { HttpFilter } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { ADS } from './config-source.ts';
import { duration, pack, type Init } from './proto.ts';

/** How long a first call waits for the control plane. Where it is away, the call fails after that: nobody knows the service. */
const TIMEOUT_MS = 5000;

/** Requests to services that the proxy was not told of wait until it is. */
export function onDemandFilter(): Init<HttpFilter> {
  return {
    name: 'envoy.filters.http.on_demand',
    configType: {
      case: 'typedConfig',
      value: pack<OnDemand>('envoy.extensions.filters.http.on_demand.v3.OnDemand', {
        odcds: { source: ADS, timeout: duration(TIMEOUT_MS) },
      }),
    },
  };
}

/** The same for connections. */
export function tcpOnDemand(): NonNullable<Init<TcpProxy>['onDemand']> {
  return { odcdsConfig: ADS, timeout: duration(TIMEOUT_MS) };
}
