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
  listenAddress,
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
  const names = new Set(draft.listeners.map(({ name }) => name));
  const place = { cx: cx.within(cx.scope.captured), bind: '', bound: false, portsOf: allPorts, routes: String };
  draft.listeners.push(...placeListeners(place, names), virtualOutbound(cx));
}

/** Some services, and where calls to them arrive. */
export interface ListenerPlace {
  /** Its scope is these services, and who steers calls to them. */
  readonly cx: TranslateContext;
  /** An IP address or `unix:///path`; `''`: the services' own. */
  readonly bind: string;
  /** Programs connect to it; else `virtualOutbound` hands connections over by where they were going. */
  readonly bound: boolean;
  /** Of a service, those that can be called here. */
  readonly portsOf: (service: MeshService) => readonly ServicePort[];
  /** The number of its only port; 0: of a Unix socket. Undefined: those of the services. */
  readonly number?: number;
  /** The name of the routes for requests that arrive at a port. */
  readonly routes: (port: number) => string;
}

function allPorts({ ports }: MeshService): readonly ServicePort[] {
  return ports;
}

/** The listeners of a place whose names nobody has yet; of two for one address and port the first one stands. */
export function placeListeners(place: ListenerPlace, names: Set<string>): Listener[] {
  const made: Listener[] = [];
  const add = (port: number, one: Listener): void => {
    const everywhere = place.bound || one.name.startsWith('0.0.0.0_');
    if (names.has(one.name) || (everywhere && RESERVED.has(port))) return;
    names.add(one.name);
    made.push(one);
  };
  const { services } = place.cx.scope;
  const at = (number: number): number => place.number ?? number;
  const tls = new Map<number, Init<FilterChain>[]>();
  const spoken = services.map((service) => ({ service, ports: place.portsOf(service) }));
  for (const port of new Set(httpPorts(spoken.map(({ ports }) => ({ ports }))).map(at)))
    add(port, httpListener(place, port));
  for (const { service, ports } of spoken)
    for (const port of ports) {
      if (isTls(port.protocol)) append(tls, at(port.number), sniChain(place.cx, service, port));
      else if (port.protocol !== 'udp' && !isHttp(port.protocol) && port.protocol !== 'auto')
        for (const one of tcpListeners(place, service, port)) add(at(port.number), one);
    }
  for (const [port, chains] of tls) add(port, tlsListener(place, port, chains));
  return made;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** What is not bound gets its connections from `virtualOutbound`. */
function placed({ bound }: ListenerPlace, address: string, port: number, init: Init<Listener>): Listener {
  return listener({
    name: address.startsWith('unix://') ? address : `${address}_${port}`,
    address: listenAddress(address, port),
    ...(bound ? {} : { bindToPort: false }),
    trafficDirection: OUTBOUND,
    ...init,
  });
}

/** Requests are routed by Host; what is no HTTP at all goes where it was going. */
function httpListener(place: ListenerPlace, port: number): Listener {
  const { cx, bind } = place;
  const address = bind === '' ? '0.0.0.0' : bind;
  const routed = httpFilter({
    direction: 'outbound',
    statPrefix: `outbound_${address}_${port}`,
    routes: place.routes(port),
    observed: observed(cx),
    filters: cx.scope.onDemand ? [onDemandFilter()] : [],
  });
  const guessed = cx.scope.services.some((service) =>
    place.portsOf(service).some(({ number, protocol }) => (place.number ?? number) === port && protocol === 'auto'),
  );
  if (!guessed) return placed(place, address, port, { filterChains: [{ filters: [routed] }] });
  return placed(place, address, port, {
    ...inspected([tlsInspector(), httpInspector()]),
    filterChains: [
      {
        filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: [...HTTP_PROTOCOLS] },
        filters: [routed],
      },
    ],
    defaultFilterChain: otherBytes(place, port),
  });
}

/** Bytes that are no request: where they were going; at a listener of one service, to that. */
function otherBytes({ cx, bound, number, portsOf }: ListenerPlace, at: number): Init<FilterChain> {
  if (!bound) return { name: 'PassthroughFilterChain', filters: [unknownTarget(cx)] };
  const [only, ...others] = cx.scope.services.flatMap((service) => {
    const port = portsOf(service).find((one) => (number ?? one.number) === at);
    return port === undefined ? [] : [{ service, port }];
  });
  const isOne = only !== undefined && others.length === 0;
  return { filters: [isOne ? serviceFilter(cx, only.service, only.port) : blackHole()] };
}

/** One for each address; a service without addresses has its port to itself, the first such service wins. */
function tcpListeners(place: ListenerPlace, service: MeshService, port: ServicePort): Listener[] {
  const { cx, bind } = place;
  const number = place.number ?? port.number;
  const filters = [serviceFilter(cx, service, port)];
  if (bind !== '') return [placed(place, bind, number, { filterChains: [{ filters }] })];
  const addresses = service.addresses.filter((address) => !address.includes('/'));
  const ranges = service.addresses.filter((address) => address.includes('/'));
  const made = addresses.map((address) => placed(place, address, number, { filterChains: [{ filters }] }));
  if (ranges.length > 0)
    made.push(
      placed(place, '0.0.0.0', number, {
        filterChains: [{ filterChainMatch: { prefixRanges: ranges.map(cidr) }, filters }],
        defaultFilterChain: { filters: [unknownTarget(cx)] },
      }),
    );
  return service.addresses.length > 0 ? made : [placed(place, '0.0.0.0', number, { filterChains: [{ filters }] })];
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

function tlsListener(place: ListenerPlace, port: number, chains: Init<FilterChain>[]): Listener {
  return placed(place, place.bind === '' ? '0.0.0.0' : place.bind, port, {
    ...inspected([tlsInspector()]),
    filterChains: chains,
    defaultFilterChain: otherBytes(place, port),
  });
}

function unknownTarget(cx: TranslateContext): Init<Filter> {
  const cluster = cx.scope.outboundTrafficPolicy === 'ALLOW_ANY' ? PASSTHROUGH_CLUSTER : BLACK_HOLE_CLUSTER;
  return tcpFilter(cluster, [{ cluster, weight: 1 }]);
}

function blackHole(): Init<Filter> {
  return tcpFilter(BLACK_HOLE_CLUSTER, [{ cluster: BLACK_HOLE_CLUSTER, weight: 1 }]);
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
        filters: [blackHole()],
      },
      { name: 'virtualOutbound-catchall-tcp', filters: [unknownTarget(cx)] },
    ],
  });
}
