import { cluster, connectionManager, listener, routesOf } from './bootstraps.ts';
import { http2Upstream } from './tls-bootstraps.ts';

/** A bootstrap that passes every gRPC call on: `downstream` and `upstream` are added to its filter chain and its cluster. */
export function grpcHop(downstream: object, port: number, upstream: object): object {
  const filter = connectionManager('grpc', {
    codec_type: 'AUTO',
    ...routesOf({ match: { prefix: '/' }, route: { cluster: 'next', timeout: '0s' } }),
  });
  return {
    static_resources: {
      listeners: [{ ...listener('grpc', filter), filter_chains: [{ filters: [filter], ...downstream }] }],
      clusters: [cluster('next', [port], { ...http2Upstream(), ...upstream })],
    },
  };
}
