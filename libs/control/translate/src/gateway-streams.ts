import type { VirtualServiceTcpRoute } from '@weft/api-kube';
import type { FilterChain } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import {
  isTls,
  matchConcerns,
  sharedHosts,
  virtualServicesAt,
  type BoundVirtualService,
  type GatewayPort,
} from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';
import { tcpFilter } from './hcm.ts';
import { serverNames } from './listener.ts';
import type { Init } from './proto.ts';
import { destinationCluster } from './virtual-service-routes.ts';

/** A chain, and whose rule it is made of. */
export interface StreamChain {
  readonly from: BoundVirtualService;
  readonly chain: Init<FilterChain>;
}

/** Chains of a port whose bytes are passed on: by server name for TLS, else all to one place. */
export function gatewayStreams(cx: TranslateContext, port: GatewayPort): StreamChain[] {
  const services = virtualServicesAt(cx.snapshot, port.gateway, cx.proxy.namespace);
  const terminates = port.tls !== undefined && port.tls.mode !== 'PASSTHROUGH';
  return services.flatMap((from) => {
    const hosts = sharedHosts(port, from.hosts, from.object.ref.namespace);
    if (hosts.length === 0) return [];
    const made = isTls(port.protocol) && !terminates ? tlsChains(cx, port, from) : tcpChain(cx, port, { from, hosts });
    return made.map((chain) => ({ from, chain }));
  });
}

function tlsChains(cx: TranslateContext, port: GatewayPort, from: BoundVirtualService): Init<FilterChain>[] {
  return (from.object.spec.tls ?? []).flatMap(({ match, route = [] }) =>
    match
      .filter((one) => concerns(cx, port, from, one))
      .flatMap(({ sniHosts }) => {
        const names = sharedHosts(port, sniHosts, from.object.ref.namespace);
        return names.length === 0 ? [] : [chain(cx, port, { from, route, names })];
      }),
  );
}

function tcpChain(
  cx: TranslateContext,
  port: GatewayPort,
  { from, hosts }: { readonly from: BoundVirtualService; readonly hosts: readonly string[] },
): Init<FilterChain>[] {
  const rule = (from.object.spec.tcp ?? []).find(
    ({ match = [] }) => match.length === 0 || match.some((one) => concerns(cx, port, from, one)),
  );
  if (rule === undefined) return [];
  const names = port.tls === undefined ? ['*'] : hosts;
  return [chain(cx, port, { from, route: rule.route ?? [], names })];
}

function concerns(
  { proxy }: TranslateContext,
  port: GatewayPort,
  from: BoundVirtualService,
  match: Parameters<typeof matchConcerns>[0],
): boolean {
  return matchConcerns(match, { proxy, gateway: port.gateway, port: port.port }, from.object.ref.namespace);
}

interface ChainParts {
  readonly from: BoundVirtualService;
  readonly route: readonly VirtualServiceTcpRoute[];
  readonly names: readonly string[];
}

function chain(cx: TranslateContext, port: GatewayPort, { from, route, names }: ChainParts): Init<FilterChain> {
  const { namespace } = from.object.ref;
  const targets = route.map(({ destination, weight }) => ({
    cluster: destinationCluster(cx, destination, { namespace, port: port.port }),
    weight: weight ?? (route.length === 1 ? 1 : 0),
  }));
  return {
    name: `${port.gateway}/${port.section}/${names[0] ?? ''}`,
    ...serverNames(names),
    filters: [tcpFilter(`outbound_${port.bind}_${port.port}`, targets)],
  };
}
