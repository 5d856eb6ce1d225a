import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { Filter, FilterChain } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import {
  isHttp,
  isTls,
  MESH_GATEWAY,
  matchConcerns,
  virtualServiceFor,
  type MeshService,
  type ServicePort,
} from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';
import { httpFilter, tcpFilter } from './hcm.ts';
import { onDemandFilter } from './on-demand.ts';
import {
  HTTP_PROTOCOLS,
  httpInspector,
  inspected,
  listener,
  originalDst,
  OUTBOUND,
  socketAddress,
  tlsInspector,
} from './listener.ts';
import {
  BLACK_HOLE_CLUSTER,
  outboundCluster,
  PASSTHROUGH_CLUSTER,
  VIRTUAL_OUTBOUND,
  VIRTUAL_INBOUND_PORT,
  VIRTUAL_OUTBOUND_PORT,
} from './names.ts';
import { accessLogs, observed } from './observability.ts';
import { httpPorts } from './outbound-routes.ts';
import type { Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';
import { redisFilter } from './redis-filter.ts';
import { destinationCluster } from './virtual-service-routes.ts';

/** Where the proxy itself listens at every address: no second listener can be there. */
const RESERVED: ReadonlySet<number> = new Set([VIRTUAL_OUTBOUND_PORT, VIRTUAL_INBOUND_PORT]);

type Target = { readonly cluster: string; readonly weight: number };

/** Listeners of a workload whose calls are redirected: one for each HTTP port, one for each address of other services. */
export function outboundListeners(cx: TranslateContext, draft: ResourceDraft): void {
  if (cx.proxy.role !== 'sidecar' || cx.proxy.traffic !== 'capture') return;
  const { services } = cx.scope;
  for (const port of httpPorts(services)) if (!RESERVED.has(port)) draft.listeners.push(httpListener(cx, port));
  const names = new Set(draft.listeners.map(({ name }) => name));
  const tls = new Map<number, Init<FilterChain>[]>();
  for (const service of services)
    for (const port of service.ports) {
      if (isTls(port.protocol)) append(tls, port.number, sniChain(cx, service, port));
      else if (port.protocol !== 'udp' && !isHttp(port.protocol) && port.protocol !== 'auto')
        for (const made of tcpListeners(cx, service, port))
          if (!names.has(made.name) && !(RESERVED.has(port.number) && made.name.startsWith('0.0.0.0_'))) {
            names.add(made.name);
            draft.listeners.push(made);
          }
    }
  for (const [port, chains] of tls)
    if (!names.has(`0.0.0.0_${port}`) && !RESERVED.has(port)) draft.listeners.push(tlsListener(cx, port, chains));
  draft.listeners.push(virtualOutbound(cx));
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Not bound: `virtualOutbound` hands connections over by where they were going. */
function unbound(address: string, port: number, init: Init<Listener>): Listener {
  return listener({
    name: `${address}_${port}`,
    address: socketAddress(address, port),
    bindToPort: false,
    trafficDirection: OUTBOUND,
    ...init,
  });
}

/** Requests are routed by Host; what is no HTTP at all goes where it was going. */
function httpListener(cx: TranslateContext, port: number): Listener {
  const routed = httpFilter({
    direction: 'outbound',
    statPrefix: `outbound_0.0.0.0_${port}`,
    routes: String(port),
    observed: observed(cx),
    filters: cx.scope.onDemand ? [onDemandFilter()] : [],
  });
  const guessed = cx.scope.services.some(({ ports }) =>
    ports.some(({ number, protocol }) => number === port && protocol === 'auto'),
  );
  if (!guessed) return unbound('0.0.0.0', port, { filterChains: [{ filters: [routed] }] });
  return unbound('0.0.0.0', port, {
    ...inspected([tlsInspector(), httpInspector()]),
    filterChains: [
      {
        filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: [...HTTP_PROTOCOLS] },
        filters: [routed],
      },
    ],
    defaultFilterChain: { name: 'PassthroughFilterChain', filters: [unknownTarget(cx)] },
  });
}

/** One for each address; a service without addresses has its port to itself, the first such service wins. */
function tcpListeners(cx: TranslateContext, service: MeshService, port: ServicePort): Listener[] {
  const filters = [serviceFilter(cx, service, port)];
  const addresses = service.addresses.filter((address) => !address.includes('/'));
  const ranges = service.addresses.filter((address) => address.includes('/'));
  const made = addresses.map((address) => unbound(address, port.number, { filterChains: [{ filters }] }));
  if (ranges.length > 0)
    made.push(
      unbound('0.0.0.0', port.number, {
        filterChains: [{ filterChainMatch: { prefixRanges: ranges.map(cidr) }, filters }],
        defaultFilterChain: { filters: [unknownTarget(cx)] },
      }),
    );
  return service.addresses.length > 0 ? made : [unbound('0.0.0.0', port.number, { filterChains: [{ filters }] })];
}

function cidr(range: string): { addressPrefix: string; prefixLen: number } {
  const [addressPrefix = '', length = '32'] = range.split('/');
  return { addressPrefix, prefixLen: Number(length) };
}

/** Bytes to a service: where its VirtualService's tcp or tls rules send them, else to itself. */
export function serviceFilter(cx: TranslateContext, service: MeshService, port: ServicePort): Init<Filter> {
  const own = outboundCluster(service.hostname, port.number);
  const targets = tcpTargets(cx, service, port) ?? [{ cluster: own, weight: 1 }];
  if (targets.some(({ cluster }) => cluster === own)) cx.need(service);
  const [only] = targets;
  if (
    port.protocol === 'redis' &&
    cx.snapshot.config.redisFilter === true &&
    targets.length === 1 &&
    only !== undefined
  )
    return redisFilter(only.cluster, only.cluster);
  return tcpFilter(only !== undefined && targets.length === 1 ? only.cluster : own, targets, {
    accessLog: accessLogs(cx),
    onDemand: cx.scope.onDemand,
  });
}

function tcpTargets(cx: TranslateContext, service: MeshService, port: ServicePort): Target[] | undefined {
  const from = virtualServiceFor(cx.scope.virtualServices, service.hostname);
  if (from === undefined) return undefined;
  const { namespace } = from.object.ref;
  const call = { proxy: cx.proxy, gateway: MESH_GATEWAY, port: port.number };
  const { tcp = [], tls = [] } = from.object.spec;
  const rule = [...(isTls(port.protocol) ? tls : tcp)].find(
    ({ match = [] }) => match.length === 0 || match.some((one) => matchConcerns(one, call, namespace)),
  );
  if (rule?.route === undefined || rule.route.length === 0) return undefined;
  cx.trace?.acts(from.object);
  return rule.route.map(({ destination, weight }) => ({
    cluster: destinationCluster(cx, destination, { namespace, port: port.number }),
    weight: weight ?? (rule.route?.length === 1 ? 1 : 0),
  }));
}

/** The client's own TLS: told apart by server name. */
function sniChain(cx: TranslateContext, service: MeshService, port: ServicePort): Init<FilterChain> {
  return {
    name: `${service.hostname}:${port.number}`,
    filterChainMatch: { serverNames: [service.hostname] },
    filters: [serviceFilter(cx, service, port)],
  };
}

function tlsListener(cx: TranslateContext, port: number, chains: Init<FilterChain>[]): Listener {
  return unbound('0.0.0.0', port, {
    ...inspected([tlsInspector()]),
    filterChains: chains,
    defaultFilterChain: { name: 'PassthroughFilterChain', filters: [unknownTarget(cx)] },
  });
}

function unknownTarget(cx: TranslateContext): Init<Filter> {
  const cluster = cx.scope.outboundTrafficPolicy === 'ALLOW_ANY' ? PASSTHROUGH_CLUSTER : BLACK_HOLE_CLUSTER;
  return tcpFilter(cluster, [{ cluster, weight: 1 }]);
}

/** Where iptables sends everything: hands over to the listener of the original destination, and knows none for the rest. */
function virtualOutbound(cx: TranslateContext): Listener {
  return listener({
    name: VIRTUAL_OUTBOUND,
    address: socketAddress('0.0.0.0', VIRTUAL_OUTBOUND_PORT),
    useOriginalDst: true,
    trafficDirection: OUTBOUND,
    listenerFilters: [originalDst()],
    filterChains: [
      // Who calls the port itself would be sent back to it for ever.
      {
        name: 'virtualOutbound-blackhole',
        filterChainMatch: { destinationPort: VIRTUAL_OUTBOUND_PORT },
        filters: [tcpFilter(BLACK_HOLE_CLUSTER, [{ cluster: BLACK_HOLE_CLUSTER, weight: 1 }])],
      },
      { name: 'virtualOutbound-catchall-tcp', filters: [unknownTarget(cx)] },
    ],
  });
}
