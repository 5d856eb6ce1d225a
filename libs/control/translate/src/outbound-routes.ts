import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Route, VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import {
  hostAliases,
  hostCovers,
  isHttp,
  isKnownHost,
  MESH_GATEWAY,
  routesForService,
  virtualServiceFor,
  type BoundVirtualService,
  type MeshObject,
  type MeshService,
  type RouteCall,
} from '@weft/control-mesh';
import { behind, from as tag } from './behind.ts';
import type { TranslateContext } from './context.ts';
import { meshRoutes } from './gateway-api-routes.ts';
import { outboundCluster, PASSTHROUGH_CLUSTER } from './names.ts';
import { make, type Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';
import { retryPlan } from './retries.ts';
import { timeouts } from './route-action.ts';
import { ANY_PATH } from './route-match.ts';
import { profilesLose, serviceProfileRoutes } from './service-profile-routes.ts';
import { actsFor, virtualServiceRoutes } from './virtual-service-routes.ts';

/** Hosts of VirtualServices that no service has are served where clients send HTTP without naming a port. */
const DEFAULT_HTTP_PORT = 80;

/** One route configuration for each port at which services in scope speak HTTP: calls are told apart by Host alone. */
export function outboundRoutes(cx: TranslateContext, draft: ResourceDraft): void {
  if (cx.proxy.role !== 'sidecar' || cx.proxy.traffic !== 'capture') return;
  const open = cx.within(cx.scope.captured);
  for (const port of httpPorts(open.scope.services))
    // An egress listener that has the port to itself has its routes too.
    if (!draft.routes.some(({ name }) => name === String(port)))
      draft.routes.push(portRoutes(open, { name: String(port), port }));
}

/** Every number at which a service in scope may be spoken to in HTTP, in order. */
export function httpPorts(services: readonly Pick<MeshService, 'ports'>[]): number[] {
  const numbers = services.flatMap(({ ports }) =>
    ports.filter(({ protocol }) => isHttp(protocol) || protocol === 'auto').map(({ number }) => number),
  );
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** The requests of one listener. */
export interface ListenerRoutes {
  readonly name: string;
  /** At which services are called. Undefined: at the port that Host names. */
  readonly port: number | undefined;
  /** Whatever a service says that it speaks there, it is spoken to in HTTP. */
  readonly isHttp?: boolean;
  /** Programs connect to the listener itself: there is nowhere else that a request was going. */
  readonly bound?: boolean;
}

/** A virtual host for each service of a context, and for each host that VirtualServices have beside. */
export function portRoutes(cx: TranslateContext, at: ListenerRoutes): RouteConfiguration {
  const taken = new Set<string>();
  const hosts: Init<VirtualHost>[] = [];
  const add = (name: string, domains: readonly string[], routes: readonly Init<Route>[]): void => {
    const free = domains.filter((domain) => !taken.has(domain));
    for (const domain of free) taken.add(domain);
    if (free.length > 0 && routes.length > 0) hosts.push(virtualHost(name, free, routes));
  };
  const { services } = cx.scope;
  // Programs that connect to the place of one service mean it, whatever Host says.
  const meant = services.filter((service) => httpNumbers(service, at).length > 0);
  const only = at.bound === true && meant.length === 1 && at.port !== undefined ? ['*'] : [];
  for (const service of meant)
    for (const port of httpNumbers(service, at))
      add(
        `${service.hostname}:${port}`,
        at.port === undefined ? domainsWithPort(cx, service, port) : [...domainsOf(cx, service), ...only],
        serviceRoutes(cx, service, port),
      );
  const port = at.port ?? DEFAULT_HTTP_PORT;
  for (const [host, from] of hostsWithoutService(cx, port))
    add(`${host}:${port}`, [host], steeredRoutes(cx, from, port));
  if (!taken.has('*')) hosts.push(at.bound === true ? BLOCKED : fallback(cx));
  return make<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', {
    name: at.name,
    virtualHosts: hosts,
    validateClusters: false,
    maxDirectResponseBodySizeBytes: 1024 * 1024,
    ignorePortInHostMatching: at.port !== undefined,
  });
}

function httpNumbers(service: MeshService, at: ListenerRoutes): number[] {
  if (at.port === undefined) return httpPorts([service]);
  const speaks =
    at.isHttp === true ? service.ports.some(({ number }) => number === at.port) : speaksHttp(service, at.port);
  return speaks ? [at.port] : [];
}

/** `host:port` for each name; the name alone for port 80, and for the only port there is. */
function domainsWithPort(cx: TranslateContext, service: MeshService, port: number): string[] {
  const names = domainsOf(cx, service);
  const alone = port === DEFAULT_HTTP_PORT || httpPorts([service]).length === 1 ? names : [];
  return [...alone, ...names.map((name) => `${name}:${port}`)];
}

function speaksHttp({ ports }: MeshService, port: number): boolean {
  return ports.some(({ number, protocol }) => number === port && (isHttp(protocol) || protocol === 'auto'));
}

/** The route configuration of one explicit upstream: whatever Host says, the caller means this service. */
export function upstreamRoutes(cx: TranslateContext, service: MeshService, port: number): RouteConfiguration {
  return make<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', {
    name: upstreamRouteName(service, port),
    virtualHosts: [virtualHost(`${service.hostname}:${port}`, ['*'], serviceRoutes(cx, service, port))],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: 1024 * 1024,
  });
}

export function upstreamRouteName({ hostname }: MeshService, port: number): string {
  return `${hostname}:${port}`;
}

export function virtualHost(
  name: string,
  domains: readonly string[],
  routes: readonly Init<Route>[],
): Init<VirtualHost> {
  const made = routes.map((route) => tag(make<Route>('envoy.config.route.v3.Route', route), behind(route)));
  return { name, domains: [...domains], routes: made, includeRequestAttemptCount: true };
}

export function meshCall({ proxy }: TranslateContext, port: number): RouteCall {
  return { proxy, gateway: MESH_GATEWAY, port };
}

/** VirtualService, else HTTPRoute or GRPCRoute, else ServiceProfile and the service itself. */
export function serviceRoutes(cx: TranslateContext, service: MeshService, port: number): Init<Route>[] {
  const from = virtualServiceFor(cx.scope.virtualServices, service.hostname);
  if (from?.object.spec.http !== undefined) {
    if (cx.trace !== undefined) routesLose(cx, { service, port, winner: from.object });
    return steeredRoutes(cx, from, port);
  }
  const routes = meshRoutes(cx, service, port);
  if (routes !== undefined) {
    const [winner] = boundRoutes(cx, service, port);
    if (winner !== undefined) profilesLose(cx, service, winner.object, steersAlone(service));
    return routes;
  }
  cx.need(service);
  return [...serviceProfileRoutes(cx, service, port), defaultRoute(service, port)];
}

function steersAlone({ hostname }: MeshService): string {
  return `it steers calls to ${hostname}, and is asked alone`;
}

function boundRoutes(cx: TranslateContext, service: MeshService, port: number) {
  return routesForService(cx.snapshot, { service, port, namespace: cx.proxy.namespace });
}

function routesLose(
  cx: TranslateContext,
  { service, port, winner }: { readonly service: MeshService; readonly port: number; readonly winner: MeshObject },
): void {
  for (const { object } of boundRoutes(cx, service, port)) cx.trace?.loses(object, winner, steersAlone(service));
  profilesLose(cx, service, winner, steersAlone(service));
}

function steeredRoutes(cx: TranslateContext, from: BoundVirtualService, port: number): Init<Route>[] {
  const call = meshCall(cx, port);
  const routes = virtualServiceRoutes(cx, from, call);
  if (routes.length > 0) actsFor(cx, from, call);
  else cx.trace?.fitsNone(from.object);
  return routes;
}

/** Everything to the service, retried where it cannot have arrived. */
export function defaultRoute({ hostname }: MeshService, port: number): Init<Route> {
  const { policy } = retryPlan(undefined);
  return {
    name: 'default',
    match: ANY_PATH,
    decorator: { operation: `${hostname}:${port}/*` },
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: outboundCluster(hostname, port) },
        ...timeouts(undefined),
        ...(policy === undefined ? {} : { retryPolicy: policy }),
      },
    },
  };
}

/** Names and addresses by which clients of the proxy's namespace may call a service. */
function domainsOf({ snapshot, proxy }: TranslateContext, service: MeshService): string[] {
  const { domainSuffix } = snapshot.config;
  const names = hostAliases(service.hostname, { namespace: proxy.namespace, domainSuffix });
  const addresses = service.addresses.filter((address) => !address.includes('/'));
  // Ports in Host are passed over (`ignore_port_in_host_matching`), so names alone are enough.
  return [...names, ...addresses.map((address) => (address.includes(':') ? `[${address}]` : address))];
}

/** Hosts that VirtualServices of the mesh have and no service in scope covers, each with the one that steers it. */
function hostsWithoutService(cx: TranslateContext, port: number): [string, BoundVirtualService][] {
  const candidates = cx.scope.virtualServices;
  const hosts = new Map<string, BoundVirtualService>();
  for (const from of candidates) {
    if (from.object.spec.http === undefined) continue;
    for (const host of from.hosts) {
      if (isKnownHost(cx.snapshot, host) || hosts.has(host)) continue;
      if (port !== DEFAULT_HTTP_PORT || coversService(cx, host, port)) continue;
      const winner = virtualServiceFor(candidates, host);
      if (winner !== undefined) hosts.set(host, winner);
    }
  }
  return [...hosts];
}

/** A wildcard whose services are in scope steers those, and needs no host of its own unless others may be called by it. */
function coversService(cx: TranslateContext, host: string, port: number): boolean {
  return (
    host.startsWith('*') &&
    cx.scope.services.some((service) => hostCovers(host, service.hostname) && speaksHttp(service, port))
  );
}

const BLOCKED: Init<VirtualHost> = {
  name: 'block_all',
  domains: ['*'],
  routes: [{ name: 'block_all', match: ANY_PATH, action: { case: 'directResponse', value: { status: 502 } } }],
};

/** Calls to hosts that nobody described. Source: Istio's outboundTrafficPolicy. */
function fallback(cx: TranslateContext): Init<VirtualHost> {
  const allowed = cx.scope.outboundTrafficPolicy === 'ALLOW_ANY';
  if (!allowed) return BLOCKED;
  return {
    name: 'allow_any',
    domains: ['*'],
    includeRequestAttemptCount: true,
    routes: [
      {
        name: 'allow_any',
        match: ANY_PATH,
        action: {
          case: 'route',
          value: { clusterSpecifier: { case: 'cluster', value: PASSTHROUGH_CLUSTER }, ...timeouts(undefined) },
        },
      },
    ],
  };
}
