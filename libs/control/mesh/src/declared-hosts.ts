import { hostCovers, hostsOverlap } from './host-name.ts';
import type { MeshProxy } from './proxy.ts';
import { inMeshOrder } from './service-index.ts';
import type { MeshService } from './service.ts';
import { findService, isVisible, resolveHost, type MeshSnapshot } from './snapshot.ts';
import type { BoundVirtualService } from './virtual-service.ts';

/** One service for each host: the one that the proxy's namespace means by it. */
export function visibleServices(snapshot: MeshSnapshot, proxy: Pick<MeshProxy, 'namespace'>): MeshService[] {
  return [...snapshot.services.values()].filter(
    (service) =>
      isVisible(service, proxy.namespace) && findService(snapshot, service.hostname, proxy.namespace) === service,
  );
}

/** What hosts of a Sidecar mean for one proxy. */
export interface DeclaredHosts {
  /** Those that the hosts name. */
  readonly named: readonly MeshService[];
  /** Those too that VirtualServices in scope lead to. */
  readonly services: readonly MeshService[];
  readonly virtualServices: readonly BoundVirtualService[];
}

/** `hosts` are of the form `namespace/name`, with `*`, `.` and `~` for namespaces and wildcards for names. */
export function declared(
  snapshot: MeshSnapshot,
  proxy: Pick<MeshProxy, 'namespace'>,
  scope: { readonly hosts: readonly string[]; readonly virtualServices: readonly BoundVirtualService[] },
): DeclaredHosts {
  const wanted = scope.hosts.map((text) => {
    const slash = text.indexOf('/');
    return { namespace: slash < 0 ? '*' : text.slice(0, slash), pattern: text.slice(slash + 1) };
  });
  const inNamespace = (want: string, namespace: string): boolean =>
    want === '*' || want === namespace || (want === '.' && namespace === proxy.namespace);
  const isWanted = ({ namespace, hostname }: MeshService): boolean =>
    wanted.some((want) => inNamespace(want.namespace, namespace) && hostCovers(want.pattern, hostname));
  const named = candidates(snapshot, proxy, wanted).filter(isWanted);
  const services = new Set(named);
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
  return { named, services: [...services], virtualServices };
}

/** Those of the visible services that patterns may mean: a few, where no pattern has a wildcard. */
function candidates(
  snapshot: MeshSnapshot,
  proxy: Pick<MeshProxy, 'namespace'>,
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
