import type { VirtualServiceDestination, VirtualServiceSpec } from '@weft/api-kube';
import {
  boundVirtualServices,
  destinationRuleFor,
  findService,
  hostCovers,
  isKnownHost,
  MESH_GATEWAY,
  resolveHost,
  scopeOf,
  servesGateway,
  shadowsOf,
  sidecarFor,
  virtualServiceFor,
  type BoundVirtualService,
  type MeshProxy,
  type ProxyScope,
} from '@weft/control-mesh';
import { countProxies, statusOf, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

/** The scopes of all sidecars, each worked out once. */
function scopes({ snapshot, proxies }: StatusWorld): Map<MeshProxy, ProxyScope> {
  const sidecars = proxies.filter(({ role }) => role === 'sidecar');
  return new Map(sidecars.map((proxy) => [proxy, scopeOf(snapshot, proxy)]));
}

export function virtualServiceStatus(world: StatusWorld): ObjectStatus[] {
  const inScope = scopes(world);
  return boundVirtualServices(world.snapshot).map((mine) => {
    const steers = [...inScope.values()].filter(({ virtualServices }) =>
      mine.hosts.some((host) => virtualServices.includes(mine) && virtualServiceFor(virtualServices, host) === mine),
    ).length;
    const atGateways = countProxies(world, (proxy) =>
      gatewayObjects(world, mine).some((gateway) => servesGateway(proxy, gateway)),
    );
    const shadows = shadowsOf(world.snapshot, mine).map((other): StatusNote => ({
      kind: 'shadowed',
      message: 'it has the same host in the mesh and is older; those of the mesh are not merged',
      by: other.ref,
    }));
    return statusOf(mine.object, steers + atGateways, [
      ...shadows,
      ...missingGateways(world, mine),
      ...missingDestinations(world, mine),
    ]);
  });
}

function gatewayObjects({ snapshot }: StatusWorld, { gateways }: BoundVirtualService) {
  return snapshot.policies.gateways.filter(({ ref }) => gateways.includes(`${ref.namespace}/${ref.name}`));
}

function missingGateways(world: StatusWorld, mine: BoundVirtualService): StatusNote[] {
  const known = gatewayObjects(world, mine).map(({ ref }) => `${ref.namespace}/${ref.name}`);
  return mine.gateways
    .filter((name) => name !== MESH_GATEWAY && !known.includes(name))
    .map((name) => ({ kind: 'unattached', message: `there is no Gateway ${name}`, path: 'spec.gateways' }));
}

/** Destinations that answer 503: unknown hosts, ports and subsets. */
function missingDestinations({ snapshot }: StatusWorld, { object }: BoundVirtualService): StatusNote[] {
  const { namespace } = object.ref;
  return destinationsOf(object.spec).flatMap(({ path, destination: { host, subset, port } }): StatusNote[] => {
    const service = findService(snapshot, resolveHost(snapshot, host, namespace), namespace);
    const note = (message: string): StatusNote[] => [{ kind: 'warning', message, path }];
    if (service === undefined) return note(`nobody describes the host ${host}: calls to it are answered 503`);
    if (port?.number !== undefined && !service.ports.some(({ number }) => number === port.number))
      return note(`${host} has no port ${port.number}: calls to it are answered 503`);
    if (subset === undefined || subset === '') return [];
    const defined = snapshot.policies.destinationRules.some(
      ({ ref, spec }) =>
        hostCovers(resolveHost(snapshot, spec.host, ref.namespace), service.hostname) &&
        spec.subsets?.some(({ name }) => name === subset) === true,
    );
    return defined
      ? []
      : note(`no DestinationRule defines the subset ${subset} of ${host}: calls to it are answered 503`);
  });
}

/** Every destination with its place. */
export function destinationsOf(
  spec: VirtualServiceSpec,
): { readonly path: string; readonly destination: VirtualServiceDestination }[] {
  return (['http', 'tls', 'tcp'] as const).flatMap((kind) =>
    (spec[kind] ?? []).flatMap(({ route = [] }, i) =>
      route.map(({ destination }, j) => ({ path: `spec.${kind}[${i}].route[${j}].destination`, destination })),
    ),
  );
}

export function destinationRuleStatus(world: StatusWorld): ObjectStatus[] {
  const inScope = scopes(world);
  const { snapshot } = world;
  const counts = new Map<unknown, number>();
  for (const [proxy, { services }] of inScope) {
    const used = new Set(services.flatMap((service) => destinationRuleFor(snapshot, proxy, service)?.sources ?? []));
    for (const rule of used) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  return snapshot.policies.destinationRules.map((rule) => {
    const { ref, spec } = rule;
    const pattern = resolveHost(snapshot, spec.host, ref.namespace);
    const known = pattern.startsWith('*')
      ? [...snapshot.services.values()].some(({ hostname }) => hostCovers(pattern, hostname))
      : isKnownHost(snapshot, pattern);
    const effectiveOn = counts.get(rule) ?? 0;
    const notes: StatusNote[] = [];
    if (!known)
      notes.push({ kind: 'unattached', message: `nobody describes the host ${spec.host}`, path: 'spec.host' });
    else if (effectiveOn === 0 && inScope.size > 0) notes.push(...shadowingRule(world, pattern, rule));
    return statusOf(rule, effectiveOn, notes);
  });
}

/** The rule that has the host instead, where there is one. */
function shadowingRule({ snapshot, proxies }: StatusWorld, host: string, rule: unknown): StatusNote[] {
  for (const proxy of proxies) {
    const service = findService(snapshot, host, proxy.namespace);
    const winner = service && destinationRuleFor(snapshot, proxy, service)?.sources[0];
    if (winner !== undefined && winner !== rule)
      return [
        { kind: 'shadowed', message: 'it is nearer to the callers, or names the host more exactly', by: winner.ref },
      ];
  }
  return [];
}

export function sidecarStatus(world: StatusWorld): ObjectStatus[] {
  return world.snapshot.policies.sidecars.map((sidecar) => {
    const effectiveOn = countProxies(world, (proxy) => sidecarFor(world.snapshot, proxy) === sidecar);
    const notes: StatusNote[] =
      effectiveOn === 0
        ? [{ kind: 'unattached', message: 'no proxy of its namespace is selected, or an older one has them' }]
        : [];
    return statusOf(sidecar, effectiveOn, notes);
  });
}

export function serviceProfileStatus(world: StatusWorld): ObjectStatus[] {
  const inScope = scopes(world);
  const { snapshot } = world;
  return snapshot.policies.serviceProfiles.map((profile) => {
    const host = resolveHost(snapshot, profile.ref.name, profile.ref.namespace);
    if (!isKnownHost(snapshot, host))
      return statusOf(profile, 0, [{ kind: 'unattached', message: `nobody describes the host ${host}` }]);
    const winner = boundVirtualServices(snapshot).find(
      ({ gateways, hosts, object }) =>
        gateways.includes(MESH_GATEWAY) && object.spec.http !== undefined && hosts.some((one) => hostCovers(one, host)),
    );
    if (winner !== undefined)
      return statusOf(profile, 0, [
        { kind: 'shadowed', message: 'a VirtualService steers calls to the host', by: winner.object.ref },
      ]);
    const effectiveOn = [...inScope.values()].filter(({ services }) =>
      services.some(({ hostname }) => hostname === host),
    ).length;
    return statusOf(profile, effectiveOn, []);
  });
}
