import type { TransportSocket } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { isHttp } from '@weft/control-mesh';
import type { MadeCluster } from './cluster-memo.ts';
import { ADS } from './config-source.ts';
import type { TranslateContext } from './context.ts';
import { HCM, router } from './hcm.ts';
import { upstreamRouteName, upstreamRoutes } from './outbound-routes.ts';
import { copyOf, make, pack } from './proto.ts';
import type { ResourceDraft } from './resources.ts';
import { grpcTls } from './tls-context.ts';

/** Cluster.LbPolicy by number: what gRPC's clients have of it. */
const LB = { ROUND_ROBIN: 0, RING_HASH: 2 } as const;

/**
 * What a gRPC program without a proxy asks for by `xds:///HOST:PORT`: a listener of that name which is a connection manager
 * alone, and its routes. Source: gRFC A27; Istio's proxyless gRPC.
 */
export function grpcListeners(cx: TranslateContext, draft: ResourceDraft): void {
  if (cx.proxy.traffic !== 'grpc') return;
  for (const service of cx.scope.services)
    for (const { number, protocol } of service.ports) {
      if (!isHttp(protocol) && protocol !== 'auto') continue;
      const name = upstreamRouteName(service, number);
      const manager = pack<HttpConnectionManager>(HCM, {
        statPrefix: name,
        routeSpecifier: { case: 'rds', value: { routeConfigName: name, configSource: ADS } },
        httpFilters: [router()],
      });
      draft.listeners.push(
        make<Listener>('envoy.config.listener.v3.Listener', { name, apiListener: { apiListener: manager } }),
      );
      draft.routes.push(withoutFilters(upstreamRoutes(cx, service, number)));
    }
}

/** gRPC refuses a route that has something for a filter that it does not know. */
function withoutFilters(routes: RouteConfiguration): RouteConfiguration {
  return {
    ...routes,
    virtualHosts: routes.virtualHosts.map((host) => ({
      ...host,
      routes: host.routes.map((route) => ({ ...route, typedPerFilterConfig: {} })),
    })),
  };
}

/**
 * The cluster as gRPC's clients take it: round robin where they lack the policy, no choice of TLS by endpoint, their own
 * certificates where the rule asks for mutual TLS (`identities`), and a weight for each locality, without which it is passed over.
 */
export function forGrpc(made: MadeCluster, identities: readonly string[] | undefined): MadeCluster {
  const cluster = copyOf(made.cluster);
  if ((cluster.lbPolicy as number) !== LB.RING_HASH) cluster.lbPolicy = LB.ROUND_ROBIN;
  cluster.transportSocketMatches = [];
  cluster.transportSocket =
    identities === undefined
      ? undefined
      : make<TransportSocket>('envoy.config.core.v3.TransportSocket', grpcTls(identities));
  if (made.assignment === undefined) return { cluster, assignment: undefined };
  const assignment = copyOf(made.assignment);
  for (const locality of assignment.endpoints)
    locality.loadBalancingWeight = locality.lbEndpoints.reduce((sum, one) => sum + (one.loadBalancingWeight ?? 1), 0);
  return { cluster, assignment };
}
