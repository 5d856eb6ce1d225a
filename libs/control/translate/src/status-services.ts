import type { ServiceEntrySpec } from '@weft/api-kube';
import {
  refKey,
  refText,
  serviceKey,
  servicesServedBy,
  type MeshObject,
  type MeshProxy,
  type MeshService,
  type ObjectRef,
} from '@weft/control-mesh';
import { statusOf, usage, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

/** ServiceEntries and Services: who can call or serves them, whether anybody does, and who has their hosts instead. */
export function serviceStatus(world: StatusWorld, documents: readonly MeshObject[]): ObjectStatus[] {
  const { snapshot } = world;
  const byOrigin = new Map<string, MeshService[]>();
  const refs = new Map<string, ObjectRef>();
  for (const service of snapshot.services.values()) {
    if (service.origin === undefined) continue;
    const key = refKey(service.origin);
    refs.set(key, service.origin);
    byOrigin.set(key, [...(byOrigin.get(key) ?? []), service]);
  }
  const taken = new Map<string, StatusNote[]>();
  for (const document of documents) {
    const notes = takenHosts(world, document);
    if (notes === undefined) continue;
    const key = refKey(document.ref);
    refs.set(key, document.ref);
    taken.set(key, notes);
  }
  const count = counter(world);
  return [...refs].map(([key, ref]) => {
    const own = byOrigin.get(key) ?? [];
    const effectiveOn = count(own);
    const notes = [...(taken.get(key) ?? []), ...own.flatMap((service) => notesOf(world, service))];
    if (effectiveOn === 0 && own.length > 0 && world.proxies.length > 0) notes.unshift(...uncalled(world, own));
    return { ref, effectiveOn, notes };
  });
}

/** The hosts of a document that an older one of its namespace describes; undefined: it is of another kind. */
function takenHosts({ snapshot }: StatusWorld, { ref, spec }: MeshObject): StatusNote[] | undefined {
  const { group, kind, namespace, name } = ref;
  const isEntry = group === 'networking.istio.io' && kind === 'ServiceEntry';
  if (!isEntry && !(group === '' && kind === 'Service')) return undefined;
  const hosts = isEntry
    ? (spec as ServiceEntrySpec).hosts.map((host) => host.toLowerCase())
    : [`${name}.${namespace}.svc.${snapshot.config.domainSuffix}`];
  return [...new Set(hosts)].flatMap((hostname): StatusNote[] => {
    const by = snapshot.services.get(serviceKey({ namespace, hostname }))?.origin;
    if (by === undefined || refKey(by) === refKey(ref)) return [];
    return [{ kind: 'shadowed', message: `it describes ${hostname} too, in the same namespace, and is older`, by }];
  });
}

/** Why no proxy can call a service: others of its name in other namespaces are meant, or nobody calls it. */
function uncalled({ groups }: StatusWorld, own: readonly MeshService[]): StatusNote[] {
  const hosts = own.map(({ hostname }) => hostname);
  const meant = new Map<string, StatusNote>();
  for (const { services } of groups)
    for (const { hostname, origin } of services)
      if (origin !== undefined && hosts.includes(hostname))
        meant.set(refKey(origin), {
          kind: 'shadowed',
          message: `callers mean it by ${hostname}: it is of their own namespace, or older`,
          by: origin,
        });
  if (meant.size > 0) return [...meant.values()];
  return [{ kind: 'unattached', message: `no proxy can call or serves ${hosts.join(' or ')}` }];
}

/** Counts the proxies that can call one of some services, or serve it. */
function counter({ snapshot, proxies, groups }: StatusWorld): (services: readonly MeshService[]) => number {
  const serving = new Map<MeshService, MeshProxy[]>();
  for (const proxy of proxies) {
    if (proxy.role !== 'sidecar') continue;
    for (const service of servicesServedBy(snapshot, proxy)) {
      const known = serving.get(service);
      if (known === undefined) serving.set(service, [proxy]);
      else known.push(proxy);
    }
  }
  const groupOf = new Map(groups.flatMap((group) => group.proxies.map((proxy) => [proxy, group] as const)));
  return (services) => {
    const calling = groups.filter((group) => services.some((service) => group.services.has(service)));
    const called = new Set(calling);
    const others = new Set(services.flatMap((service) => serving.get(service) ?? []));
    const more = [...others].filter((proxy) => !called.has(groupOf.get(proxy) as (typeof groups)[number]));
    return calling.reduce((sum, group) => sum + group.proxies.length, 0) + more.length;
  };
}

function notesOf({ snapshot }: StatusWorld, service: MeshService): StatusNote[] {
  const { resolution, selector, hostname } = service;
  if (resolution === 'NONE') return [];
  const endpoints = snapshot.endpoints.get(serviceKey(service)) ?? [];
  if (endpoints.length === 0)
    return [
      {
        kind: 'warning',
        message:
          selector === undefined
            ? `${hostname} has no endpoint: calls to it are answered 503`
            : `no workload has the labels of ${hostname}: calls to it are answered 503`,
      },
    ];
  const healthy = endpoints.filter((endpoint) => endpoint.healthy).length;
  return healthy > 0
    ? []
    : [{ kind: 'warning', message: `all ${endpoints.length} endpoints of ${hostname} are unhealthy` }];
}

/** The services that have each WorkloadEntry as an endpoint. */
export function workloadEntryStatus(world: StatusWorld, documents: readonly MeshObject[]): ObjectStatus[] {
  const entries = documents.filter(({ ref }) => ref.kind === 'WorkloadEntry');
  if (entries.length === 0) return [];
  const serving = servicesByWorkload(world);
  const count = counter(world);
  return entries.map((entry) => {
    const { namespace, name } = entry.ref;
    const services = [...(serving.get(`${namespace}/${name}`) ?? [])];
    const users = services.map(({ origin, hostname }) =>
      origin === undefined ? `the service ${hostname}` : refText(origin),
    );
    return statusOf(entry, count(services), usage(users, 'no service selects its labels'));
  });
}

function servicesByWorkload({ snapshot }: StatusWorld): ReadonlyMap<string, ReadonlySet<MeshService>> {
  const found = new Map<string, Set<MeshService>>();
  for (const [key, service] of snapshot.services)
    for (const { namespace, workload } of snapshot.endpoints.get(key) ?? []) {
      const name = `${namespace}/${workload}`;
      const known = found.get(name);
      if (known === undefined) found.set(name, new Set([service]));
      else known.add(service);
    }
  return found;
}
