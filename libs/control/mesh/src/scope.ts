import type { SidecarSpec } from '@weft/api-kube';
import { MESH_GATEWAY } from './gateway-names.ts';
import { hostCovers, hostsOverlap } from './host-name.ts';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshProxy } from './proxy.ts';
import { inMeshOrder } from './service-index.ts';
import type { MeshService } from './service.ts';
import { findService, isVisible, resolveHost, type MeshSnapshot } from './snapshot.ts';
import { virtualServicesAt, type BoundVirtualService } from './virtual-service.ts';

/** What one sidecar is told of the mesh. */
export interface ProxyScope {
  /** Why it is this much. */
  readonly by: 'Sidecar' | 'upstreams' | 'visibility';
  readonly sidecar: MeshObject<SidecarSpec> | undefined;
  /** Those that it can call: it has listeners and routes for them. */
  readonly services: readonly MeshService[];
  /** Of the others it asks for clusters and endpoints when it calls them. The same list where it does not ask. */
  readonly told: readonly MeshService[];
  readonly onDemand: boolean;
  /** Those that steer its calls, oldest first. */
  readonly virtualServices: readonly BoundVirtualService[];
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
}

/** The Sidecar of a proxy: one that selects it, else its namespace's, else the root namespace's; of several the oldest. */
export function sidecarFor(snapshot: MeshSnapshot, proxy: MeshProxy): MeshObject<SidecarSpec> | undefined {
  const { sidecars } = snapshot.policies;
  const wide = ({ spec }: MeshObject<SidecarSpec>): boolean =>
    Object.keys(spec.workloadSelector?.labels ?? {}).length === 0;
  const own = sidecars.filter(({ ref }) => ref.namespace === proxy.namespace);
  return (
    own.find((sidecar) => !wide(sidecar) && labelsMatch(sidecar.spec.workloadSelector?.labels, proxy.labels)) ??
    own.find(wide) ??
    sidecars.find((sidecar) => sidecar.ref.namespace === snapshot.config.rootNamespace && wide(sidecar))
  );
}

/**
 * What a proxy declared: the egress hosts of its Sidecar, else its explicit upstreams and what it called, else every service
 * that its namespace may see, which a captured sidecar is told of when it calls them (`asksOnDemand`). Destinations of
 * VirtualServices in scope come along.
 */
export function scopeOf(snapshot: MeshSnapshot, proxy: MeshProxy): ProxyScope {
  const sidecar = sidecarFor(snapshot, proxy);
  const egress = sidecar?.spec.egress;
  const virtualServices = virtualServicesAt(snapshot, MESH_GATEWAY, proxy.namespace);
  const policy = sidecar?.spec.outboundTrafficPolicy?.mode ?? snapshot.config.outboundTrafficPolicy;
  const base = { sidecar, outboundTrafficPolicy: policy };
  if (egress !== undefined && egress.length > 0) {
    const hosts = egress.flatMap((listener) => listener.hosts);
    return { ...base, by: 'Sidecar', ...inFull(declared(snapshot, proxy, { hosts, virtualServices })) };
  }
  const called = [...proxy.upstreams.map(({ host }) => host), ...proxy.dialled];
  const onDemand = asksOnDemand(snapshot, proxy, sidecar);
  if (called.length > 0 && !onDemand) {
    const hosts = called.map((host) => `*/${resolveHost(snapshot, host, proxy.namespace)}`);
    return { ...base, by: 'upstreams', ...inFull(declared(snapshot, proxy, { hosts, virtualServices })) };
  }
  const services = visibleServices(snapshot, proxy);
  const told = onDemand ? services.filter(toldAtOnce(snapshot, proxy)) : services;
  return { ...base, by: 'visibility', services, told, onDemand, virtualServices };
}

/**
 * True for a captured sidecar that may call whatever it sees and gets clusters when it calls: it declared nothing, and its
 * stream is one on which it can ask.
 */
export function asksOnDemand(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  sidecar: MeshObject<SidecarSpec> | undefined = sidecarFor(snapshot, proxy),
): boolean {
  const { role, traffic, onDemand = false, upstreams } = proxy;
  const captured = onDemand && role === 'sidecar' && traffic === 'capture' && upstreams.length === 0;
  return captured && snapshot.config.scope !== 'mesh' && (sidecar?.spec.egress ?? []).length === 0;
}

/** What it called before, and what its namespace or a filter that cannot wait needs at once. */
function toldAtOnce(snapshot: MeshSnapshot, { dialled, namespace }: MeshProxy): (service: MeshService) => boolean {
  const { scope, redisFilter = false } = snapshot.config;
  const hosts = new Set(dialled.map((host) => resolveHost(snapshot, host, namespace)));
  return (service) =>
    hosts.has(service.hostname) ||
    (scope === 'namespace' && service.namespace === namespace) ||
    (redisFilter && service.ports.some(({ protocol }) => protocol === 'redis'));
}

function inFull<T extends Pick<ProxyScope, 'services'>>(scope: T): T & Pick<ProxyScope, 'told' | 'onDemand'> {
  return { ...scope, told: scope.services, onDemand: false };
}

/** One service for each host: the one that the proxy's namespace means by it. */
function visibleServices(snapshot: MeshSnapshot, proxy: MeshProxy): MeshService[] {
  return [...snapshot.services.values()].filter(
    (service) =>
      isVisible(service, proxy.namespace) && findService(snapshot, service.hostname, proxy.namespace) === service,
  );
}

/** `hosts` are of the form `namespace/name`, with `*`, `.` and `~` for namespaces and wildcards for names. */
function declared(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  scope: { readonly hosts: readonly string[]; readonly virtualServices: readonly BoundVirtualService[] },
): Pick<ProxyScope, 'services' | 'virtualServices'> {
  const wanted = scope.hosts.map((text) => {
    const slash = text.indexOf('/');
    return { namespace: slash < 0 ? '*' : text.slice(0, slash), pattern: text.slice(slash + 1) };
  });
  const inNamespace = (want: string, namespace: string): boolean =>
    want === '*' || want === namespace || (want === '.' && namespace === proxy.namespace);
  const isWanted = ({ namespace, hostname }: MeshService): boolean =>
    wanted.some((want) => inNamespace(want.namespace, namespace) && hostCovers(want.pattern, hostname));
  const services = new Set(candidates(snapshot, proxy, wanted).filter(isWanted));
  const virtualServices = scope.virtualServices.filter(({ object, hosts }) =>
    wanted.some(
      (want) =>
        inNamespace(want.namespace, object.ref.namespace) && hosts.some((host) => hostsOverlap(want.pattern, host)),
    ),
  );
  for (const host of virtualServices.flatMap((one) => destinationHosts(snapshot, one))) {
    const service = findService(snapshot, host, proxy.namespace);
    if (service !== undefined) services.add(service);
  }
  return { services: [...services], virtualServices };
}

/** Those of the visible services that patterns may mean: a few, where no pattern has a wildcard. */
function candidates(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  wanted: readonly { readonly pattern: string }[],
): readonly MeshService[] {
  if (wanted.some(({ pattern }) => pattern.startsWith('*'))) return visibleServices(snapshot, proxy);
  const found = wanted.flatMap(({ pattern }) => findService(snapshot, pattern, proxy.namespace) ?? []);
  return inMeshOrder(snapshot, found);
}

/** Every host that a VirtualService sends calls to, in full. */
export function destinationHosts(snapshot: MeshSnapshot, { object, http }: BoundVirtualService): string[] {
  const { tcp = [], tls = [] } = object.spec;
  const rules = [...http, ...[...tcp, ...tls].map((rule) => ({ rule, by: object }))];
  return rules.flatMap(({ rule: { route = [] }, by }) =>
    route.map(({ destination }) => resolveHost(snapshot, destination.host, by.ref.namespace)),
  );
}
