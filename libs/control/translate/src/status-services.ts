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

/** ServiceEntries and Services: who can call or serves them, and whether anybody does. */
export function serviceStatus(world: StatusWorld): ObjectStatus[] {
  const described = [...world.snapshot.services.values()].filter(({ origin }) => origin !== undefined);
  const byOrigin = Map.groupBy(described, ({ origin }) => refKey(origin as ObjectRef));
  const count = counter(world);
  return [...byOrigin.values()].map((own) => {
    const [first] = own as [MeshService];
    const effectiveOn = count(own);
    const notes = own.flatMap((service) => notesOf(world, service));
    const hosts = own.map(({ hostname }) => hostname).join(' or ');
    if (effectiveOn === 0 && world.proxies.length > 0)
      notes.unshift({ kind: 'unattached', message: `no proxy can call or serves ${hosts}` });
    return { ref: first.origin as ObjectRef, effectiveOn, notes };
  });
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
