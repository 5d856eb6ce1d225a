import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { FilterChain } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import { isHttp, upstreamFault, type MeshService, type ServicePort } from '@weft/control-mesh';
import { absentUpstream } from './absent-upstream.ts';
import type { TranslateContext } from './context.ts';
import { httpFilter } from './hcm.ts';
import { HTTP_PROTOCOLS, httpInspector, inspected, listener, OUTBOUND, socketAddress } from './listener.ts';
import { observed } from './observability.ts';
import { serviceFilter } from './outbound-listeners.ts';
import { upstreamRouteName, upstreamRoutes } from './outbound-routes.ts';
import type { Init } from './proto.ts';

import type { ResourceDraft } from './resources.ts';

/** A listener on this machine for each service that the workload said it calls; one that is not there has one that says so. */
export function upstreamListeners(cx: TranslateContext, draft: ResourceDraft): void {
  const made = new Set<string>();
  for (const upstream of cx.proxy.upstreams) {
    const { host, port: number, localPort, localAddress = '127.0.0.1' } = upstream;
    const service = cx.service(host, cx.proxy.namespace);
    const port = service?.ports.find((one) => one.number === number);
    const add = (init: Init<Listener>): unknown =>
      draft.listeners.push(
        listener({
          name: `${localAddress}_${localPort}`,
          address: socketAddress(localAddress, localPort),
          trafficDirection: OUTBOUND,
          ...init,
        }),
      );
    const fault = upstreamFault(cx.snapshot, cx.proxy, upstream);
    if (service === undefined || port === undefined || fault !== undefined) {
      add(absentUpstream(cx, upstream, fault ?? 'it is not there'));
      continue;
    }
    add(chains(cx, service, port));
    const name = upstreamRouteName(service, number);
    if ((isHttp(port.protocol) || port.protocol === 'auto') && !made.has(name)) {
      made.add(name);
      draft.routes.push(upstreamRoutes(cx, service, number));
    }
  }
}

function chains(cx: TranslateContext, service: MeshService, port: ServicePort): Init<Listener> {
  const routed: Init<FilterChain> = {
    filters: [
      httpFilter({
        direction: 'outbound',
        statPrefix: `outbound_${service.hostname}_${port.number}`,
        routes: upstreamRouteName(service, port.number),
        observed: observed(cx),
        filters: [],
      }),
    ],
  };
  if (isHttp(port.protocol)) return { filterChains: [routed] };
  const plain: Init<FilterChain> = { filters: [serviceFilter(cx, service, port)] };
  if (port.protocol !== 'auto') return { filterChains: [plain] };
  return {
    ...inspected([httpInspector()]),
    filterChains: [{ ...routed, filterChainMatch: { applicationProtocols: [...HTTP_PROTOCOLS] } }],
    defaultFilterChain: plain,
  };
}
