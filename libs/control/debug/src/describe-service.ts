import type { JsonValue } from '@bufbuild/protobuf';
import { configToJson } from '@weft/api-envoy';
import type { DestinationRuleTrafficPolicy } from '@weft/api-kube';
import {
  boundVirtualServices,
  destinationHosts,
  destinationRuleFor,
  labelsMatch,
  MESH_GATEWAY,
  refText,
  routesForService,
  scopeOf,
  serviceKey,
  virtualServiceFor,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
} from '@weft/control-mesh';
import { translate } from '@weft/control-translate';
import { TYPE_URL } from '@weft/xds-server';
import type { DebugSource } from './debug-source.ts';
import type { CallerView, DestinationRuleView, RouteSource, RouteView, ServiceDescription } from './description.ts';
import { shortHost } from './edges.ts';
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

/** What holds for calls to a service. `labels` are those of the workload that is asked about: they tell its subsets. */
export function describeService(world: DescribeWorld, service: MeshService, labels?: Labels): ServiceDescription {
  const endpoints = world.mesh.endpoints.get(serviceKey(service)) ?? [];
  return {
    kind: 'service',
    name: shortHost(service.hostname),
    namespace: service.namespace,
    hostname: service.hostname,
    ports: service.ports.map(({ name, number, protocol, targetPort }) => {
      const targets = [...new Set(endpoints.map(({ ports }) => ports[number] ?? number))];
      return { name, port: number, protocol, targets: targets.length > 0 ? targets : [targetPort ?? number] };
    }),
    endpoints: endpoints.length,
    healthyEndpoints: endpoints.filter(({ healthy }) => healthy).length,
    views: views(world, service, labels),
    exposedAt: boundVirtualServices(world.mesh).flatMap((one) =>
      destinationHosts(world.mesh, one).includes(service.hostname)
        ? one.gateways
            .filter((name) => name !== MESH_GATEWAY)
            .map((gateway) => ({ gateway, by: refText(one.object.ref) }))
        : [],
    ),
  };
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

function routeSource({ ref, spec }: ReturnType<typeof boundVirtualServices>[number]['object']): RouteSource {
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
      return listAt(host, 'routes').map((route) => ({
        port,
        match: matchText(route),
        action: actionText(route),
        destinations: destinationsOf(route),
      }));
    }),
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
