import type { JsonValue } from '@bufbuild/protobuf';
import { configToJson } from '@weft/api-envoy';
import type { DestinationRuleTrafficPolicy } from '@weft/api-kube';
import {
  destinationRuleFor,
  labelsMatch,
  refText,
  routesForService,
  scopeOf,
  serviceKey,
  virtualServiceFor,
  workloadKey,
  type BoundVirtualService,
  type MeshEndpoint,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
  type Workload,
} from '@weft/control-mesh';
import { IDEMPOTENT_METHODS, translate } from '@weft/control-translate';
import { TYPE_URL } from '@weft/xds-server';
import type { DebugSource } from './debug-source.ts';
import type { CallerView, DestinationRuleView, RouteSource, RouteView, ServiceDescription } from './description.ts';
import { shortHost } from './edges.ts';
import { exposures } from './exposures.ts';
import { listAt, textAt } from './json-path.ts';
import { proxyName } from './proxy-name.ts';
import { reachedClusters } from './reached-clusters.ts';
import { resourceJson } from './resource-json.ts';
import { actionText, destinationsOf, matchText } from './route-text.ts';

/** Everything that a description is found from. */
export interface DescribeWorld {
  readonly source: DebugSource;
  readonly mesh: MeshSnapshot;
}

type Labels = Readonly<Record<string, string>>;

/** What holds for calls to a service. `workload`: the one that is asked about, whose ports and subsets are told. */
export function describeService(world: DescribeWorld, service: MeshService, workload?: Workload): ServiceDescription {
  const endpoints = world.mesh.endpoints.get(serviceKey(service)) ?? [];
  const own = workload && endpoints.filter((one) => isOf(one, workload));
  const labels = workload?.labels;
  return {
    kind: 'service',
    name: shortHost(service.hostname),
    namespace: service.namespace,
    hostname: service.hostname,
    ports: service.ports.map(({ name, number, protocol, targetPort }) => {
      const targets = [...new Set((own ?? endpoints).map((one) => programPort(world.mesh, one, number)))];
      return { name, port: number, protocol, targets: targets.length > 0 ? targets : [targetPort ?? number] };
    }),
    endpoints: endpoints.length,
    healthyEndpoints: endpoints.filter(({ healthy }) => healthy).length,
    views: views(world, service, labels),
    exposedAt: exposures(world, service),
  };
}

function isOf(endpoint: MeshEndpoint, { name, namespace }: Workload): boolean {
  return endpoint.workload === name && endpoint.namespace === namespace;
}

/** Where the program behind an endpoint listens: beside its sidecar that is another port than calls arrive at. */
function programPort(mesh: MeshSnapshot, { workload, namespace, ports }: MeshEndpoint, number: number): number {
  const listenPort = ports[number] ?? number;
  const known = mesh.workloads.get(workloadKey({ namespace, name: workload }));
  return known?.ports.find((port) => port.listenPort === listenPort)?.appPort ?? listenPort;
}

/** Callers who are told the same are one view. */
function views(world: DescribeWorld, service: MeshService, labels: Labels | undefined): CallerView[] {
  const { source, mesh } = world;
  const nodes = new Set(source.proxies().flatMap(({ node }) => node?.id ?? []));
  const told = [...nodes].flatMap((id) => {
    const proxy = source.meshProxy(id);
    const snapshot = source.snapshotOf(id);
    if (proxy === undefined || snapshot === undefined || proxy.role === 'gateway') return [];
    if (![...reachedClusters(snapshot)].some((name) => name.endsWith(`|${service.hostname}`))) return [];
    const routes = [...snapshot.resources(TYPE_URL.route).values()].map(resourceJson);
    return [{ caller: proxyName(id), view: viewOf({ mesh, proxy, service, labels }, routes) }];
  });
  if (told.length === 0) {
    const proxy = neighbour(service);
    return [
      { callers: [], ...viewOf({ mesh, proxy, service, labels }, translate(mesh, proxy).routes.map(configToJson)) },
    ];
  }
  return [...Map.groupBy(told, ({ view }) => JSON.stringify(view)).values()]
    .map((same) => ({ callers: same.map(({ caller }) => caller).sort(), ...(same[0] as (typeof told)[number]).view }))
    .sort((a, b) => b.callers.length - a.callers.length);
}

/** A proxy that declared nothing, in the namespace of the service. */
function neighbour({ namespace }: MeshService): MeshProxy {
  const id = `sidecar~127.0.0.1~describe.${namespace}~${namespace}.svc.cluster.local`;
  return {
    id,
    role: 'sidecar',
    namespace,
    name: 'describe',
    labels: {},
    serviceAccount: 'default',
    addresses: ['127.0.0.1'],
    traffic: 'capture',
    upstreams: [],
    dialled: [],
    locality: '',
  };
}

interface Question {
  readonly mesh: MeshSnapshot;
  readonly proxy: MeshProxy;
  readonly service: MeshService;
  readonly labels: Labels | undefined;
}

function viewOf(question: Question, configurations: readonly JsonValue[]): Omit<CallerView, 'callers'> {
  const { mesh, proxy, service } = question;
  const bound = virtualServiceFor(scopeOf(mesh, proxy).virtualServices, service.hostname);
  const apiRoutes = service.ports.flatMap(({ number }) =>
    routesForService(mesh, { service, port: number, namespace: proxy.namespace }).map(({ object }) =>
      refText(object.ref),
    ),
  );
  return {
    virtualService: bound && routeSource(bound.object),
    routesBy: [...new Set(apiRoutes)],
    destinationRule: destinationRule(question),
    routes: routesFor(configurations, service),
  };
}

function routeSource({ ref, spec }: BoundVirtualService['object']): RouteSource {
  const { http = [], tls = [], tcp = [] } = spec;
  return { name: ref.name, namespace: ref.namespace, http: http.length, tls: tls.length, tcp: tcp.length };
}

/** The routes of the virtual hosts of a service, as the proxy has them. */
function routesFor(configurations: readonly JsonValue[], { hostname, ports }: MeshService): RouteView[] {
  const names = new Map(ports.map(({ number }) => [`${hostname}:${number}`, String(number)]));
  return configurations.flatMap((configuration) =>
    listAt(configuration, 'virtual_hosts').flatMap((host): RouteView[] => {
      const port = names.get(textAt(host, 'name'));
      if (port === undefined) return [];
      const routes = listAt(host, 'routes').map((route) => ({
        port,
        match: matchText(route),
        action: actionText(route),
        destinations: destinationsOf(route),
      }));
      return routes.filter((route, i) => !isFirstHalf(route, routes[i + 1]));
    }),
  );
}

/** One rule became two routes, the first for the methods that are retried more often. */
function isFirstHalf(route: RouteView, next: RouteView | undefined): boolean {
  return (
    next !== undefined &&
    route.match === `${next.match}, method ~ ${IDEMPOTENT_METHODS}` &&
    JSON.stringify(route.destinations) === JSON.stringify(next.destinations)
  );
}

function destinationRule({ mesh, proxy, service, labels }: Question): DestinationRuleView | undefined {
  const rule = destinationRuleFor(mesh, proxy, service);
  const [first] = rule?.sources ?? [];
  if (rule === undefined || first === undefined) return undefined;
  const endpoints = mesh.endpoints.get(serviceKey(service)) ?? [];
  const served = labels === undefined ? endpoints.map((endpoint) => endpoint.labels) : [labels];
  return {
    names: rule.sources.map(({ ref }) =>
      ref.namespace === service.namespace ? ref.name : `${ref.name}.${ref.namespace}`,
    ),
    host: first.spec.host,
    subsets: rule.subsets.map(({ name, labels: wanted }) => ({
      name,
      matches: served.some((one) => labelsMatch(wanted, one)),
    })),
    trafficPolicy: policyLines(rule.trafficPolicy),
  };
}

function policyLines(policy: DestinationRuleTrafficPolicy | undefined): string[] {
  if (policy === undefined) return [];
  const { tls, loadBalancer, connectionPool, portLevelSettings } = policy;
  return [
    ...(tls?.mode === undefined ? [] : [`TLS Mode: ${tls.mode}`]),
    ...(loadBalancer === undefined ? [] : [`load balancer: ${loadBalancer.simple ?? 'consistent hash'}`]),
    ...(connectionPool === undefined ? [] : ['connection pool']),
    ...(portLevelSettings ?? []).map(({ port }) => `settings of port ${port?.number ?? ''}`),
  ];
}
