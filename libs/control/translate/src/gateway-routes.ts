import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Route, RouteMatch } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import {
  byHostSpecificity,
  gatewayApiRoutes as allRoutes,
  routesAtPort,
  sharedHosts,
  virtualServicesAt,
  type BoundVirtualService,
  type GatewayApiRoute,
  type GatewayPort,
} from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';
import { gatewayApiRoutes } from './gateway-api-routes.ts';
import { virtualHost } from './outbound-routes.ts';
import { make, type Init } from './proto.ts';
import { takesAll } from './route-match.ts';
import { actsFor, virtualServiceRoutes } from './virtual-service-routes.ts';

/** VirtualHost.TlsRequirementType by number. */
const REQUIRE_TLS_ALL = 2;

/** What one host of a gateway's port is routed by. */
interface HostRoutes {
  readonly port: GatewayPort;
  readonly services: BoundVirtualService[];
  readonly apiRoutes: GatewayApiRoute[];
  redirect: boolean;
}

/**
 * The routes of some ports of gateways that share a connection manager: a virtual host for each host, with the rules of all
 * VirtualServices for it, the oldest first (at a gateway they are merged), and those of the Gateway API, the most specific
 * first.
 */
export function gatewayRoutes(cx: TranslateContext, name: string, ports: readonly GatewayPort[]): RouteConfiguration {
  const hosts = new Map<string, HostRoutes>();
  for (const port of ports) collect(cx, port, hosts);
  return make<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', {
    name,
    validateClusters: false,
    maxDirectResponseBodySizeBytes: 1024 * 1024,
    ignorePortInHostMatching: true,
    virtualHosts: [...hosts]
      .sort(([a], [b]) => byHostSpecificity(a, b) || (a < b ? -1 : 1))
      .map(([host, routes]) => ({
        ...virtualHost(`${host}:${routes.port.port}`, [host], routesOf(cx, host, routes)),
        ...(routes.redirect ? { requireTls: REQUIRE_TLS_ALL } : {}),
      })),
  });
}

function collect(cx: TranslateContext, port: GatewayPort, hosts: Map<string, HostRoutes>): void {
  const at = (host: string): HostRoutes => {
    let found = hosts.get(host);
    if (found === undefined) {
      found = { port, services: [], apiRoutes: [], redirect: false };
      hosts.set(host, found);
    }
    found.redirect ||= port.httpsRedirect;
    return found;
  };
  // A redirect to https is for every host of the server, also for those without a route.
  if (port.httpsRedirect) for (const { host } of port.hosts) at(host);
  if (port.source.api === 'istio') {
    for (const from of virtualServicesAt(cx.snapshot, port.gateway, cx.proxy.namespace))
      if (from.object.spec.http !== undefined)
        for (const host of sharedHosts(port, from.hosts, from.object.ref.namespace)) at(host).services.push(from);
    return;
  }
  for (const route of routesAtPort(cx.snapshot, port, allRoutes(cx.snapshot)))
    for (const host of sharedHosts(port, route.object.spec.hostnames ?? [], route.object.ref.namespace)) {
      const { apiRoutes } = at(host);
      if (!apiRoutes.includes(route)) apiRoutes.push(route);
    }
}

function routesOf(cx: TranslateContext, host: string, { port, services, apiRoutes }: HostRoutes): Init<Route>[] {
  const merged = mergedRoutes(cx, port, [...new Set(services)]);
  if (apiRoutes.length === 0) return merged;
  const place = { port: port.port, isTls: isTlsPort(port), host: host.startsWith('*') ? undefined : host };
  return [...merged, ...gatewayApiRoutes(cx, apiRoutes, place)];
}

/** Where requests are answered, TLS was ended. */
function isTlsPort({ tls }: GatewayPort): boolean {
  return tls !== undefined;
}

/** What stands behind a route for every request is never asked. */
function mergedRoutes(
  cx: TranslateContext,
  port: GatewayPort,
  services: readonly BoundVirtualService[],
): Init<Route>[] {
  const call = { proxy: cx.proxy, gateway: port.gateway, port: port.port, isTls: isTlsPort(port) };
  let before: BoundVirtualService | undefined;
  return services.flatMap((from) => {
    const routes = virtualServiceRoutes(cx, from, call);
    if (routes.length === 0) cx.trace?.fitsNone(from.object);
    else if (before === undefined) actsFor(cx, from, call);
    else
      cx.trace?.loses(
        from.object,
        before.object,
        `it is older, has the same host at Gateway ${port.gateway}, and takes every request there`,
      );
    if (routes.some(({ match }) => takesAll(match as Init<RouteMatch> | undefined))) before ??= from;
    return routes;
  });
}
