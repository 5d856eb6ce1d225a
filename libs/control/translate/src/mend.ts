import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { FilterChain } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Route, VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { ObjectRef } from '@weft/control-mesh';
import { behind } from './behind.ts';
import { tcpFilter } from './hcm.ts';
import { INBOUND } from './listener.ts';
import { byPlace, type Mending, type PartFault } from './mending.ts';
import { BLACK_HOLE_CLUSTER } from './names.ts';
import { make } from './proto.ts';

const ROUTE = 'envoy.config.route.v3.Route';
const CHAIN = 'envoy.config.listener.v3.FilterChain';

/** A copy that shares what it holds: a copy in depth would look at every field, and fail at what is wrong in one. */
function sharing<T extends object>(message: T): { -readonly [field in keyof T]: T[field] } {
  return { ...message };
}

type Told = Mending['faults'][number];

function tell(faults: readonly PartFault[], outcome: string, documents: readonly ObjectRef[]): Told[] {
  return faults.map((fault) => ({ ...fault, outcome, documents }));
}

/**
 * A route that is at fault answers 500; where nobody can tell which requests it is for, it is left out, and so is a domain that
 * cannot be served. All others stay as they are.
 */
export function mendRoutes(config: RouteConfiguration, faults: readonly PartFault[]): Mending {
  const hosts = byPlace(faults, /^virtual_hosts\[(\d+)\]/);
  const elsewhere = faults.filter(({ path }) => !path.startsWith('virtual_hosts['));
  const all = config.virtualHosts.flatMap(hostDocuments);
  if (elsewhere.length > 0)
    return {
      message: make<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', { name: config.name }),
      faults: tell(faults, 'All requests are answered 404.', all),
      yields: true,
    };
  const told: Told[] = [];
  const message = sharing(config);
  message.virtualHosts = config.virtualHosts.flatMap((host, i) => mendHost(host, hosts.get(i) ?? [], told));
  return { message, faults: told, yields: false };
}

function hostDocuments({ routes }: VirtualHost): readonly ObjectRef[] {
  return [...new Set(routes.flatMap((route) => behind(route)))];
}

function mendHost(host: VirtualHost, faults: readonly PartFault[], told: Told[]): VirtualHost[] {
  if (faults.length === 0) return [host];
  const routes = byPlace(faults, /^virtual_hosts\[\d+\]\.routes\[(\d+)\]/);
  const domains = byPlace(faults, /^virtual_hosts\[\d+\]\.domains\[(\d+)\]/);
  const others = faults.filter(({ path }) => !/^virtual_hosts\[\d+\]\.(routes|domains)\[/.test(path));
  const documents = hostDocuments(host);
  if (others.length > 0 || domains.size >= host.domains.length) {
    told.push(...tell(faults, 'The virtual host is left out.', documents));
    return [];
  }
  for (const found of domains.values()) told.push(...tell(found, 'The domain is left out.', documents));
  const mended = sharing(host);
  mended.domains = host.domains.filter((_, i) => !domains.has(i));
  mended.routes = host.routes.flatMap((route, i) => mendRoute(route, routes.get(i) ?? [], told));
  return [mended];
}

function mendRoute(route: Route, faults: readonly PartFault[], told: Told[]): Route[] {
  if (faults.length === 0) return [route];
  const documents = behind(route);
  if (faults.some(({ path }) => /\.routes\[\d+\]\.match\b/.test(path))) {
    told.push(...tell(faults, 'The route is left out.', documents));
    return [];
  }
  told.push(...tell(faults, 'The route answers 500.', documents));
  const { name, match } = route;
  return [
    make<Route>(ROUTE, {
      name,
      ...(match === undefined ? {} : { match }),
      action: { case: 'directResponse', value: { status: 500 } },
    }),
  ];
}

/** A filter chain at fault closes its connections: another one must not take them. */
export function mendListener(listener: Listener, faults: readonly PartFault[]): Mending {
  const chains = byPlace(faults, /^filter_chains\[(\d+)\]/);
  const fallback = faults.filter(({ path }) => path.startsWith('default_filter_chain'));
  const others = faults.filter(({ path }) => !/^(filter_chains\[|default_filter_chain)/.test(path));
  const unplaced = [...chains.values()]
    .flat()
    .some(({ path }) => /^filter_chains\[\d+\]\.filter_chain_match\b/.test(path));
  if (others.length > 0 || (unplaced && listener.trafficDirection === INBOUND))
    return {
      message: undefined,
      faults: faults.map((fault) => ({
        ...fault,
        outcome: 'The listener is left out.',
        documents: documentsAt(fault.path, listener),
      })),
      yields: true,
    };
  const told: Told[] = [];
  const filterChains = listener.filterChains.flatMap((chain, i) => {
    const found = chains.get(i) ?? [];
    return found.length === 0
      ? [chain]
      : mendChain(chain, found, (fault, outcome) =>
          told.push({ ...fault, outcome, documents: documentsAt(fault.path, listener) }),
        );
  });
  for (const fault of fallback)
    told.push({ ...fault, outcome: 'The connections are closed.', documents: documentsAt(fault.path, listener) });
  const mended = sharing(listener);
  mended.filterChains = filterChains;
  if (fallback.length > 0 && listener.defaultFilterChain !== undefined)
    mended.defaultFilterChain = closedChain(listener.defaultFilterChain);
  const isEmpty = filterChains.length === 0 && mended.defaultFilterChain === undefined;
  return { message: isEmpty ? undefined : mended, faults: told, yields: isEmpty };
}

function mendChain(
  chain: FilterChain,
  faults: readonly PartFault[],
  say: (fault: PartFault, outcome: string) => void,
): FilterChain[] {
  const unplaced = faults.some(({ path }) => /^filter_chains\[\d+\]\.filter_chain_match\b/.test(path));
  for (const fault of faults) say(fault, unplaced ? 'The filter chain is left out.' : 'The connections are closed.');
  return unplaced ? [] : [closedChain(chain)];
}

function closedChain({ name, filterChainMatch }: FilterChain): FilterChain {
  return make<FilterChain>(CHAIN, {
    name,
    ...(filterChainMatch === undefined ? {} : { filterChainMatch }),
    filters: [tcpFilter(BLACK_HOLE_CLUSTER, [{ cluster: BLACK_HOLE_CLUSTER, weight: 1 }])],
  });
}

/** Rules of AuthorizationPolicies have names that tell whose they are. */
function documentsAt(path: string, listener: Listener): readonly ObjectRef[] {
  const [, namespace, name] = /ns\[([^\]]*)\]-policy\[([^\]]*)\]/.exec(path) ?? [];
  if (namespace !== undefined && name !== undefined)
    return [{ group: 'security.istio.io', kind: 'AuthorizationPolicy', namespace, name }];
  const place = /^filter_chains\[(\d+)\]/.exec(path)?.[1];
  return place === undefined ? [] : behind(listener.filterChains[Number(place)]);
}

/** An endpoint that is at fault is left out. */
export function mendAssignment(assignment: ClusterLoadAssignment, faults: readonly PartFault[]): Mending {
  const documents = behind(assignment);
  const localities = byPlace(faults, /^endpoints\[(\d+)\]/);
  const others = faults.filter(({ path }) => !path.startsWith('endpoints['));
  const message = sharing(assignment);
  message.endpoints =
    others.length > 0
      ? []
      : assignment.endpoints.flatMap((locality, i) => {
          const found = localities.get(i) ?? [];
          const members = byPlace(found, /^endpoints\[\d+\]\.lb_endpoints\[(\d+)\]/);
          if (found.some(({ path }) => !/\.lb_endpoints\[\d+\]/.test(path))) return [];
          if (members.size === 0) return [locality];
          const mended = sharing(locality);
          mended.lbEndpoints = locality.lbEndpoints.filter((_, j) => !members.has(j));
          return [mended];
        });
  return {
    message,
    faults: tell(faults, 'The endpoint is left out.', documents),
    yields: false,
  };
}
