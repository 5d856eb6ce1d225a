import type { VirtualServiceDestination, VirtualServiceSpec } from '@weft/api-kube';
import {
  boundVirtualServices,
  documentsOf,
  findService,
  hostCovers,
  isDelegate,
  isHttp,
  isTls,
  istioPorts,
  MESH_GATEWAY,
  refText,
  resolveHost,
  servesGateway,
  shadowsOf,
  sharedHosts,
  type BoundVirtualService,
  virtualServiceFor,
  type GatewayPort,
  type MeshObject,
  type MeshSnapshot,
} from '@weft/control-mesh';
import type { GatewaySpec } from '@weft/api-kube';
import {
  countGroups,
  proxiesText,
  shadowNotes,
  statusOf,
  usage,
  type ObjectStatus,
  type StatusNote,
  type StatusWorld,
} from './object-status.ts';
import { servicesOf } from './view-groups.ts';

type RuleKind = 'http' | 'tls' | 'tcp';

/** What VirtualServices do: found by what they are behind in the listeners and routes of the proxies. */
export function virtualServiceStatus(world: StatusWorld): ObjectStatus[] {
  const inMesh = meshShadows(world);
  const roots = rootsByDelegate(world.snapshot);
  return boundVirtualServices(world.snapshot).map((mine) => {
    if (isDelegate(mine.object)) return delegateStatus(world, mine, roots.get(mine.object) ?? []);
    const effectiveOn = countGroups(world, ({ trace }) => trace.isActing(mine.object));
    const shadows = shadowNotes(inMesh.get(mine) ?? [], SHADOWED_IN_MESH);
    const hidden = [...shadows, ...atGateways(world, mine), ...behindOthers(world, mine)];
    return statusOf(mine.object, effectiveOn, [
      ...hidden,
      ...withoutRoutes(world, mine, effectiveOn),
      ...(effectiveOn === 0 && hidden.length === 0 ? nothingToSteer(world, mine) : []),
      ...mine.faults.map(({ path, message }): StatusNote => ({ kind: 'warning', message, path })),
      ...missingDestinations(world, mine),
    ]);
  });
}

function rootsByDelegate(snapshot: MeshSnapshot): ReadonlyMap<MeshObject, readonly MeshObject[]> {
  const found = new Map<MeshObject, MeshObject[]>();
  for (const root of boundVirtualServices(snapshot))
    for (const object of documentsOf(root).slice(1)) {
      const roots = found.get(object);
      if (roots === undefined) found.set(object, [root.object]);
      else roots.push(root.object);
    }
  return found;
}

/** It acts where those who delegate to it do. */
function delegateStatus(world: StatusWorld, mine: BoundVirtualService, roots: readonly MeshObject[]): ObjectStatus {
  const effectiveOn = countGroups(world, ({ trace }) => trace.isActing(mine.object));
  const users = roots.map(({ ref }) => refText(ref));
  const unused = 'it has no hosts, and no VirtualService takes a rule of it by delegate';
  return statusOf(mine.object, effectiveOn, [...usage(users, unused), ...missingDestinations(world, mine)]);
}

const SHADOWED_IN_MESH = 'it has the same host in the mesh and is older; those of the mesh are not merged';

/** Who has hosts of a VirtualService instead, for callers that may see both; while there are none, for anybody. */
function meshShadows({ snapshot, groups }: StatusWorld): ReadonlyMap<BoundVirtualService, ReadonlySet<MeshObject>> {
  const found = new Map<BoundVirtualService, Set<MeshObject>>();
  const add = (mine: BoundVirtualService, by: MeshObject): void => {
    const known = found.get(mine);
    if (known === undefined) found.set(mine, new Set([by]));
    else known.add(by);
  };
  const scopes = groups.flatMap(({ scope }) => scope ?? []);
  if (scopes.length === 0)
    for (const mine of boundVirtualServices(snapshot)) for (const by of shadowsOf(snapshot, mine)) add(mine, by);
  for (const { virtualServices } of scopes)
    for (const mine of virtualServices)
      for (const host of mine.hosts) {
        const winner = virtualServiceFor(virtualServices, host);
        if (winner !== undefined && winner !== mine) add(mine, winner.object);
      }
  return found;
}

/** At a gateway the rules of a host are merged: what stands behind a rule for every request is never asked. */
function behindOthers({ groups }: StatusWorld, { object }: BoundVirtualService): StatusNote[] {
  const found = new Map<string, StatusNote>();
  for (const { trace } of groups) {
    const shadow = trace.shadowOf(object);
    if (shadow !== undefined)
      found.set(shadow.message, { kind: 'shadowed', message: shadow.message, by: shadow.by.ref });
  }
  return [...found.values()];
}

function atGateways(world: StatusWorld, mine: BoundVirtualService): StatusNote[] {
  const { gateways } = world.snapshot.policies;
  return mine.gateways.flatMap((name) => {
    if (name === MESH_GATEWAY) return [];
    const gateway = gateways.find(({ ref }) => `${ref.namespace}/${ref.name}` === name);
    if (gateway === undefined) return unattached(`there is no Gateway ${name}`, 'spec.gateways');
    return atGateway(world, mine, { name, gateway });
  });
}

function unattached(message: string, path?: string): StatusNote[] {
  return [{ kind: 'unattached', message, ...(path === undefined ? {} : { path }) }];
}

function atGateway(
  world: StatusWorld,
  { hosts, object }: BoundVirtualService,
  { name, gateway }: { readonly name: string; readonly gateway: MeshObject<GatewaySpec> },
): StatusNote[] {
  const shares = (port: GatewayPort, host: string): boolean =>
    sharedHosts(port, [host], object.ref.namespace).length > 0;
  const ports = istioPorts(gateway);
  const strange = hosts.filter((host) => !ports.some((port) => shares(port, host)));
  const message = `no server of Gateway ${name} has the host ${strange.join(' or ')}`;
  if (strange.length === hosts.length) return unattached(message, 'spec.hosts');
  const kinds = ruleKinds(object.spec);
  const fitting = ports.filter((port) => hosts.some((host) => shares(port, host)) && kinds.includes(ruleKindAt(port)));
  if (fitting.length === 0)
    return unattached(`its rules are ${kinds.join(' and ')}, which no server of Gateway ${name} for its hosts takes`);
  if (world.groups.length > 0 && !world.groups.some(({ view }) => servesGateway(view, gateway)))
    return unattached(`no gateway proxy serves Gateway ${name}`, 'spec.gateways');
  return strange.length === 0 ? [] : [{ kind: 'warning', message, path: 'spec.hosts' }];
}

function ruleKinds(spec: VirtualServiceSpec): RuleKind[] {
  return (['http', 'tls', 'tcp'] as const).filter((kind) => (spec[kind] ?? []).length > 0);
}

/** Which of a VirtualService's rules a server asks. */
function ruleKindAt({ protocol, tls }: GatewayPort): RuleKind {
  const terminates = tls !== undefined && tls.mode !== 'PASSTHROUGH' && tls.mode !== 'AUTO_PASSTHROUGH';
  if (isHttp(protocol) || (protocol === 'https' && terminates)) return 'http';
  return isTls(protocol) && !terminates ? 'tls' : 'tcp';
}

/** Those who have the host and whom no match fits: there is no route for their calls. */
function withoutRoutes(world: StatusWorld, { object, hosts }: BoundVirtualService, effectiveOn: number): StatusNote[] {
  const without = countGroups(world, ({ trace }) => trace.isWithoutRoutes(object));
  if (without === 0) return [];
  const path = 'spec.http';
  if (effectiveOn === 0)
    return unattached(`none of its matches fits a proxy: calls to ${hosts.join(' or ')} have no route`, path);
  const message = `none of its matches fits ${proxiesText(without)}: calls from there have no route`;
  return [{ kind: 'warning', message, path }];
}

/** Why nobody's calls are steered by it. */
function nothingToSteer(world: StatusWorld, mine: BoundVirtualService): StatusNote[] {
  const { snapshot, groups } = world;
  if (!mine.gateways.includes(MESH_GATEWAY) || groups.length === 0) return [];
  if (groups.some(({ trace }) => trace.isWithoutRoutes(mine.object))) return [];
  const kinds = ruleKinds(mine.object.spec);
  const spoken = [...servicesOf(snapshot, mine.hosts)].flatMap(({ hostname, ports }) =>
    ports.map(({ number, protocol }) => ({ hostname, number, protocol })),
  );
  const steered = spoken.some(({ protocol }) =>
    protocol === 'auto'
      ? kinds.includes('http') || kinds.includes('tcp')
      : kinds.includes(isHttp(protocol) ? 'http' : isTls(protocol) ? 'tls' : 'tcp'),
  );
  if (spoken.length > 0 && !steered) {
    const [first] = spoken;
    const speaks = `${first?.hostname ?? ''} speaks ${first?.protocol ?? ''} at port ${first?.number ?? ''}`;
    return unattached(`its rules are ${kinds.length === 0 ? 'none' : kinds.join(' and ')}, and ${speaks}`);
  }
  return unattached(`no proxy calls ${mine.hosts.join(' or ')}`);
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
