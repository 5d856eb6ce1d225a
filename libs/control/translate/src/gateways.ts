import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { FilterChain } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import { gatewayPorts, isHttp, isTls, type GatewayPort, type MeshObject } from '@weft/control-mesh';
import { from as tag } from './behind.ts';
import { httpAuthorization, networkAuthorization } from './authorization-filters.ts';
import { isAudited } from './authorization-steps.ts';
import type { TranslateContext } from './context.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { gatewayTlsSocket } from './gateway-tls.ts';
import { gatewayStreams } from './gateway-streams.ts';
import { httpFilter } from './hcm.ts';
import { inspected, listener, OUTBOUND, serverNames, socketAddress, tlsInspector } from './listener.ts';
import { observed } from './observability.ts';
import type { Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';

/** A listener for each address and port of the gateways that the proxy serves, and the routes of its requests. */
export function gateways(cx: TranslateContext, draft: ResourceDraft): void {
  if (cx.proxy.role !== 'gateway') return;
  const ports = gatewayPorts(cx.snapshot, cx.proxy);
  const byAddress = Map.groupBy(ports, ({ bind, port }) => `${bind}_${port}`);
  for (const [name, group] of byAddress) {
    const chains = chainsOf(cx, group, draft);
    if (chains.length > 0) draft.listeners.push(portListener(name, group, chains));
  }
}

function portListener(name: string, group: readonly GatewayPort[], chains: Init<FilterChain>[]): Listener {
  const [{ bind, port } = { bind: '0.0.0.0', port: 0 }] = group;
  const secured = group.some(({ tls, protocol }) => tls !== undefined || isTls(protocol));
  return listener({
    name,
    address: socketAddress(bind, port),
    trafficDirection: OUTBOUND,
    ...inspected(secured ? [tlsInspector()] : []),
    filterChains: chains,
  });
}

/** Plain HTTP servers of a port share one chain; every other one has its own, chosen by server name. */
function chainsOf(cx: TranslateContext, group: readonly GatewayPort[], draft: ResourceDraft): Init<FilterChain>[] {
  const plain = group.filter(({ protocol, tls }) => isHttp(protocol) && tls === undefined);
  const [first] = plain;
  /** By server name: whose it is. */
  const taken = new Map<string, SecuredChain>();
  const chains: Init<FilterChain>[] = [];
  if (first !== undefined) {
    chains.push({ filters: [routed(cx, draft, { name: `http.${first.port}`, ports: plain })] });
    taken.set('', { port: first, behind: first.source.object, match: {}, make: () => ({}) });
  }
  for (const port of group) {
    if (plain.includes(port)) continue;
    for (const one of securedChains(cx, port, draft)) {
      // Two servers for the same name: the older gateway has it.
      const names = one.match.filterChainMatch?.serverNames ?? [];
      const wanted = names.length > 0 ? names : [''];
      const free = wanted.filter((name) => !taken.has(name));
      if (free.length === 0) {
        const by = wanted.map((name) => taken.get(name)).find((other) => other !== undefined);
        if (by !== undefined) yieldTo(cx, one, by);
        continue;
      }
      for (const name of free) taken.set(name, one);
      cx.trace?.acts(one.behind);
      const chain: Init<FilterChain> = {
        ...one.make(),
        ...(names.length > 0 ? { filterChainMatch: { ...one.match.filterChainMatch, serverNames: free } } : one.match),
      };
      chains.push(tag(chain, [one.behind.ref]));
    }
  }
  return chains;
}

function yieldTo({ trace }: TranslateContext, { port, behind }: SecuredChain, by: SecuredChain): void {
  if (behind !== by.behind)
    trace?.loses(
      behind,
      by.behind,
      `it is older and has the same server name at port ${port.port} of ${by.port.gateway}`,
    );
}

/** A chain that is made where its server names are free. */
interface SecuredChain {
  readonly port: GatewayPort;
  /** The Gateway whose routes it has, or the VirtualService that it is made of. */
  readonly behind: MeshObject;
  readonly match: Pick<Init<FilterChain>, 'filterChainMatch'>;
  readonly make: () => Init<FilterChain>;
}

function securedChains(cx: TranslateContext, port: GatewayPort, draft: ResourceDraft): SecuredChain[] {
  const { tls, protocol, gateway, section } = port;
  const terminates = tls !== undefined && tls.mode !== 'PASSTHROUGH' && tls.mode !== 'AUTO_PASSTHROUGH';
  if (!terminates || !(isHttp(protocol) || protocol === 'https'))
    return gatewayStreams(cx, port).map(({ from, chain }) => ({
      port,
      behind: from.object,
      match: chain.filterChainMatch === undefined ? {} : { filterChainMatch: chain.filterChainMatch },
      make: () => ({
        ...chain,
        filters: [...networkAuthorization(cx), ...(chain.filters ?? [])],
        ...(terminates ? { transportSocket: gatewayTlsSocket(tls, false) } : {}),
      }),
    }));
  const [namespace = '', name = ''] = gateway.split('/');
  const routes = `https.${port.port}.${section}.${name}.${namespace}`;
  const match = serverNames(port.hosts.map(({ host }) => host));
  return [
    {
      port,
      behind: port.source.object,
      match,
      make: () => ({
        name: `${gateway}/${section}`,
        ...match,
        transportSocket: gatewayTlsSocket(tls, true),
        filters: [routed(cx, draft, { name: routes, ports: [port] })],
      }),
    },
  ];
}

function routed(
  cx: TranslateContext,
  draft: ResourceDraft,
  { name, ports }: { readonly name: string; readonly ports: readonly GatewayPort[] },
) {
  draft.routes.push(gatewayRoutes(cx, name, ports));
  return httpFilter({
    direction: 'gateway',
    statPrefix: `outbound_${name}`,
    routes: name,
    observed: observed(cx, { audited: isAudited(cx) }),
    filters: httpAuthorization(cx),
  });
}
