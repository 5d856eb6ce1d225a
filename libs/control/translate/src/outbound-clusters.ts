import type { DestinationRuleSubset } from '@weft/api-kube';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import {
  endpointsAt,
  labelsMatch,
  portPolicy,
  scopeOf,
  viewOf,
  type MeshEndpoint,
  type MeshService,
  type PortPolicy,
  type ServicePort,
} from '@weft/control-mesh';
import { from as tag } from './behind.ts';
import { madeBefore, type MadeCluster } from './cluster-memo.ts';
import type { TranslateContext } from './context.ts';
import { ADS } from './config-source.ts';
import { forGrpc } from './grpc-clients.ts';
import { loadAssignment } from './load-assignment.ts';
import { meshSni, outboundCluster } from './names.ts';
import { make, type Init } from './proto.ts';
import { requiredServices } from './required-services.ts';
import type { ResourceDraft } from './resources.ts';
import { profileRetryBudget } from './service-profile-routes.ts';
import { rawBuffer } from './tls-context.ts';
import { meshUpstreamTls, policyFields, ruleUpstreamTls } from './traffic-policy.ts';

/** Cluster.DiscoveryType by number. */
const TYPE = { STATIC: 0, STRICT_DNS: 1, LOGICAL_DNS: 2, EDS: 3, ORIGINAL_DST: 4 } as const;
const CLUSTER_PROVIDED = 6;

/** A cluster, and endpoints where it asks for them, for each port and subset of each service that the proxy is told of. */
export function outboundClusters(cx: TranslateContext, draft: ResourceDraft): void {
  addClusters(cx, draft, servicesTold(cx));
}

/** The clusters of services that a proxy asked for when it called them: they are its own, beside its view. */
export function dialledClusters(cx: TranslateContext, draft: ResourceDraft): void {
  addClusters(cx, draft, dialledServices(cx));
}

function addClusters(cx: TranslateContext, draft: ResourceDraft, services: Iterable<MeshService>): void {
  for (const service of services)
    for (const { cluster, assignment } of clustersOf(cx, service)) {
      draft.clusters.push(cluster);
      if (assignment !== undefined) draft.endpoints.push(assignment);
    }
}

/** Those of them that its view has not. */
export function dialledServices(cx: TranslateContext): readonly MeshService[] {
  if (cx.proxy.dialled.length === 0 || !cx.scope.onDemand) return [];
  const shared = new Set([...scopeOf(cx.snapshot, viewOf(cx.snapshot, cx.proxy)).told, ...requiredServices(cx)]);
  return cx.scope.told.filter((service) => !shared.has(service));
}

/** The services whose clusters a proxy has. Complete when everything that makes routes has had its turn. */
export function servicesTold(cx: TranslateContext): ReadonlySet<MeshService> {
  const { scope, proxy } = cx;
  if (proxy.role === 'waypoint') return new Set();
  // What routes name beside, the proxy asks for.
  if (scope.onDemand) return new Set([...scope.told, ...requiredServices(cx)]);
  const called = proxy.role === 'gateway' ? [] : scope.services;
  return new Set<MeshService>([...called, ...requiredServices(cx), ...cx.needed]);
}

/** The clusters of one service, for each port and subset. */
export function clustersOf(cx: TranslateContext, service: MeshService): MadeCluster[] {
  return service.ports
    .filter(({ protocol }) => protocol !== 'udp')
    .flatMap((port) =>
      [undefined, ...(cx.rule(service)?.subsets ?? [])].map((subset) => clusterOf(cx, { service, port, subset })),
    );
}

/** One port of a service, or a subset of its endpoints. */
export interface ClusterKey {
  readonly service: MeshService;
  readonly port: ServicePort;
  readonly subset: DestinationRuleSubset | undefined;
}

function clusterOf(cx: TranslateContext, key: ClusterKey): MadeCluster {
  const { service, port, subset } = key;
  const name = outboundCluster(service.hostname, port.number, subset?.name);
  const policy = portPolicy(cx.rule(service), port.number, subset);
  const budget = profileRetryBudget(cx, service);
  const known = cx.endpoints(service);
  const all = endpointsAt(cx.snapshot, known, port.number);
  const proxied = all === known ? undefined : all.map((endpoint) => endpoint.proxied);
  const grpc = cx.proxy.traffic === 'grpc';
  const { autoMtls = true } = cx.snapshot.config;
  const origin = service.origin === undefined ? [] : [service.origin];
  const made = madeBefore(
    service,
    known,
    JSON.stringify([port.number, subset, policy, budget, proxied, grpc, autoMtls]),
    () => {
      const endpoints = all.filter(({ labels }) => labelsMatch(subset?.labels, labels));
      const cluster = make<Cluster>('envoy.config.cluster.v3.Cluster', {
        name,
        ...policyFields({ ...budget, ...policy }, port.protocol),
        ...discoveryFields(name, key, endpoints),
        ...transportFields(key, policy, endpoints, autoMtls),
      });
      const discovered = cluster.clusterDiscoveryType.value === TYPE.EDS;
      const made = {
        cluster,
        assignment: discovered ? tag(loadAssignment(name, port.number, endpoints), origin) : undefined,
      };
      if (!grpc) return made;
      const mutual = policy.tls?.mode === 'ISTIO_MUTUAL';
      return forGrpc(made, mutual ? (policy.tls?.subjectAltNames ?? identitiesOf(service, endpoints)) : undefined);
    },
  );
  const rules = cx.rule(service)?.sources ?? [];
  tag(made.cluster, rules.length > 0 ? rules.map(({ ref }) => ref) : origin);
  return made;
}

/** Where the hosts come from. Source: ServiceEntry.resolution. */
function discoveryFields(
  name: string,
  { service, port }: ClusterKey,
  endpoints: readonly MeshEndpoint[],
): Init<Cluster> {
  switch (service.resolution) {
    case 'STATIC':
      return {
        clusterDiscoveryType: { case: 'type', value: TYPE.EDS },
        edsClusterConfig: { edsConfig: ADS, serviceName: name },
      };
    case 'DNS':
    case 'DNS_ROUND_ROBIN':
      return {
        clusterDiscoveryType: {
          case: 'type',
          value: service.resolution === 'DNS' ? TYPE.STRICT_DNS : TYPE.LOGICAL_DNS,
        },
        // Only IPv4 unless the service has IPv6 addresses: half of all resolvers answer AAAA late or never.
        dnsLookupFamily: 1,
        respectDnsTtl: true,
        dnsRefreshRate: { seconds: 60n, nanos: 0 },
        loadAssignment: loadAssignment(name, port.number, endpoints),
      };
    case 'NONE':
      return {
        clusterDiscoveryType: { case: 'type', value: TYPE.ORIGINAL_DST },
        lbPolicy: CLUSTER_PROVIDED,
      };
  }
}

/**
 * What the rule says; where it says nothing, mutual TLS to those endpoints that have a proxy of the mesh, and plain bytes to
 * the others. Source: Istio's automatic mutual TLS.
 */
function transportFields(
  key: ClusterKey,
  policy: PortPolicy,
  endpoints: readonly MeshEndpoint[],
  autoMtls: boolean,
): Init<Cluster> {
  const { service, port, subset } = key;
  const identities = identitiesOf(service, endpoints);
  const question = { sni: meshSni(service.hostname, port.number, subset?.name), identities, protocol: port.protocol };
  const { tls } = policy;
  switch (tls?.mode) {
    case 'DISABLE':
      return {};
    case 'ISTIO_MUTUAL':
      return {
        transportSocket: meshUpstreamTls({
          ...question,
          identities: tls.subjectAltNames ?? identities,
        }),
      };
    case 'SIMPLE':
    case 'MUTUAL': {
      const external = {
        sni: externalSni(service),
        identities: service.subjectAltNames,
      };
      return { transportSocket: ruleUpstreamTls(tls, { ...external, protocol: port.protocol }) };
    }
    default:
      if (!autoMtls || service.resolution === 'NONE' || !endpoints.some(({ proxied }) => proxied)) return {};
      return {
        transportSocketMatches: [
          { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: meshUpstreamTls(question) },
          { name: 'tlsMode-disabled', match: {}, transportSocket: rawBuffer() },
        ],
      };
  }
}

/** SNI of TLS that is not the mesh's, where the rule names none. */
export function externalSni({ hostname }: MeshService): string {
  return hostname.startsWith('*') ? '' : hostname;
}

/** Who may answer for a service: those that it names, else those that its endpoints are. */
function identitiesOf(service: MeshService, endpoints: readonly MeshEndpoint[]): string[] {
  if (service.subjectAltNames.length > 0) return [...service.subjectAltNames];
  return [
    ...new Set(endpoints.flatMap(({ identity, proxied }) => (proxied && identity !== '' ? [identity] : []))),
  ].sort();
}
