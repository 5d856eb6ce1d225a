import type { GatewaySpec, K8sGatewaySpec } from '@weft/api-kube';
import {
  apiPorts,
  boundVirtualServices,
  findService,
  gatewayApiRoutes,
  gatewayPorts,
  gatewaySecrets,
  isGranted,
  isHttp,
  isService,
  istioPorts,
  parentHost,
  parentRefs,
  refText,
  routesAtPort,
  servesGateway,
  sharedHosts,
  type GatewayApiRoute,
  type GatewayPort,
  type MeshObject,
} from '@weft/control-mesh';
import {
  countGroups,
  shadowNotes,
  statusOf,
  type ObjectStatus,
  type StatusNote,
  type StatusWorld,
} from './object-status.ts';
import type { ViewGroup } from './view-groups.ts';

export function gatewayStatus(world: StatusWorld): ObjectStatus[] {
  const { gateways, k8sGateways } = world.snapshot.policies;
  return [...gateways, ...k8sGateways].map((gateway: MeshObject) => {
    const serving = world.groups.filter(({ view }) => servesGateway(view, gateway));
    const who =
      gateway.ref.group === 'networking.istio.io'
        ? 'its selector matches no gateway proxy'
        : 'no gateway proxy has its name';
    if (serving.length === 0) return statusOf(gateway, 0, [{ kind: 'unattached', message: who }]);
    const claims = serving.map((group) => ({ ...claimsOf(world, group, gateway), count: group.proxies.length }));
    const effectiveOn = claims.reduce((sum, { acts, count }) => sum + (acts ? count : 0), 0);
    const taken = claims.flatMap((one) => one.taken);
    return statusOf(gateway, effectiveOn, [
      ...takenNotes(taken, effectiveOn > 0),
      ...missingSecrets(world, gateway, serving),
    ]);
  });
}

/** A host of a server that an older Gateway has at the same port. */
interface TakenHost {
  readonly by: MeshObject;
  readonly host: string;
  readonly port: number;
  /** Plain servers share their routes; of others the older one's certificate and routes alone are asked. */
  readonly shared: boolean;
}

/** Which hosts a Gateway's servers have to themselves at a proxy. Source: Istio's analyzer, IST0145. */
function claimsOf(
  { snapshot }: StatusWorld,
  { view, trace }: ViewGroup,
  gateway: MeshObject,
): { readonly acts: boolean; readonly taken: readonly TakenHost[] } {
  const all = gatewayPorts(snapshot, view);
  const own = all.filter(({ source }) => source.object === gateway);
  const older = all.slice(0, all.indexOf(own[0] as GatewayPort));
  const taken: TakenHost[] = [];
  let free = own.length === 0;
  for (const { bind, port, hosts, tls } of own)
    for (const { host } of hosts) {
      const winner = older.find(
        (one) =>
          one.bind === bind &&
          one.port === port &&
          (one.tls === undefined) === (tls === undefined) &&
          one.hosts.some((other) => other.host === host),
      );
      if (winner === undefined) free = true;
      else taken.push({ by: winner.source.object, host, port, shared: tls === undefined });
    }
  const name = `${gateway.ref.namespace}/${gateway.ref.name}`;
  const winners = new Set(taken.map(({ by }) => `${by.ref.namespace}/${by.ref.name}`));
  const routed = boundVirtualServices(snapshot).some(
    ({ gateways, object }) =>
      gateways.includes(name) && !gateways.some((one) => winners.has(one)) && trace.isActing(object),
  );
  return { acts: free || (routed && taken.some(({ shared }) => shared)), taken };
}

function takenNotes(taken: readonly TakenHost[], acts: boolean): StatusNote[] {
  const notes = new Map<string, StatusNote>();
  for (const { by, host, port, shared } of taken) {
    const what = `${host} at port ${port}`;
    const rest = shared ? 'the routes of both are merged' : 'its certificate and routes alone are asked';
    const message = acts
      ? `${refText(by.ref)} is older and has ${what} too: ${rest}`
      : `it is older and has ${what} too`;
    notes.set(message, { kind: acts ? 'warning' : 'shadowed', message, by: by.ref });
  }
  return [...notes.values()];
}

/** What a server waits for, and takes no connections until it is there. Each sentence once, whichever proxies miss it. */
function missingSecrets(world: StatusWorld, gateway: MeshObject, serving: readonly ViewGroup[]): StatusNote[] {
  const { snapshot, secretFault } = world;
  const list = gateway.ref.group === 'networking.istio.io' ? 'servers' : 'listeners';
  const notes = new Map<string, StatusNote>();
  const ports =
    list === 'servers'
      ? istioPorts(gateway as MeshObject<GatewaySpec>)
      : apiPorts(snapshot, gateway as MeshObject<K8sGatewaySpec>);
  for (const [i, port] of ports.entries())
    for (const { name, field } of gatewaySecrets(port))
      for (const { namespace } of new Set(serving.map(({ view }) => view))) {
        const fault = secretFault(name, namespace);
        if (fault === undefined) continue;
        const message = `port ${port.port} takes no connections: ${fault}`;
        notes.set(message, { kind: 'warning', message, path: `spec.${list}[${i}].tls.${field}` });
      }
  return [...notes.values()];
}

export function gatewayApiRouteStatus(world: StatusWorld): ObjectStatus[] {
  return gatewayApiRoutes(world.snapshot).map((route) => {
    const parents = parentRefs(route.object).map((parent, i) => parentStatus(world, route, { parent, i }));
    const acting = new Set(parents.flatMap((one) => one.groups));
    const effectiveOn = countGroups(world, (group) => acting.has(group));
    const notes = [...parents.flatMap((one) => one.notes), ...backendNotes(world, route)];
    if (parents.length === 0)
      notes.unshift({ kind: 'unattached', message: 'it names no parent', path: 'spec.parentRefs' });
    return statusOf(route.object, effectiveOn, notes);
  });
}

type Parent = ReturnType<typeof parentRefs>[number];

/** What a route does for one of its parents. */
interface PartStatus {
  readonly groups: readonly ViewGroup[];
  readonly notes: readonly StatusNote[];
}

interface ParentCase {
  readonly parent: Parent;
  readonly unattached: (message: string) => PartStatus;
}

function parentStatus(
  world: StatusWorld,
  route: GatewayApiRoute,
  { parent, i }: { readonly parent: Parent; readonly i: number },
): PartStatus {
  const path = `spec.parentRefs[${i}]`;
  const unattached = (message: string): PartStatus => ({
    groups: [],
    notes: [{ kind: 'unattached', message, path }],
  });
  return isService(parent)
    ? serviceParent(world, route, { parent, unattached })
    : gatewayParent(world, route, { parent, unattached });
}

function serviceParent(
  { snapshot, groups }: StatusWorld,
  { object }: GatewayApiRoute,
  { parent, unattached }: ParentCase,
): PartStatus {
  const { namespace } = object.ref;
  const service = findService(snapshot, parentHost(snapshot, parent, namespace), parent.namespace ?? namespace);
  if (service === undefined) return unattached(`there is no service ${parent.name}`);
  if (parent.port !== undefined && !service.ports.some(({ number }) => number === parent.port))
    return unattached(`${service.hostname} has no port ${parent.port}`);
  const sidecars = groups.filter(({ view }) => view.role === 'sidecar');
  const acting = sidecars.filter(({ trace, services }) => trace.isActing(object) && services.has(service));
  if (acting.length > 0 || sidecars.length === 0) return { groups: acting, notes: [] };
  const shadows = shadowsIn(sidecars, object);
  if (shadows.length > 0) return { groups: [], notes: shadows };
  const [port] = service.ports;
  if (port !== undefined && !service.ports.some(({ protocol }) => isHttp(protocol) || protocol === 'auto'))
    return unattached(`${service.hostname} speaks ${port.protocol} at port ${port.number}`);
  return unattached(`no proxy that it is for calls ${service.hostname}`);
}

function shadowsIn(groups: readonly ViewGroup[], object: MeshObject): StatusNote[] {
  const [first] = groups.flatMap(({ trace }) => trace.shadowOf(object) ?? []);
  return first === undefined ? [] : shadowNotes([first.by], first.message);
}

function gatewayParent(world: StatusWorld, route: GatewayApiRoute, { parent, unattached }: ParentCase): PartStatus {
  const { snapshot } = world;
  const namespace = parent.namespace ?? route.object.ref.namespace;
  const name = `${namespace}/${parent.name}`;
  const gateway = snapshot.policies.k8sGateways.find(
    ({ ref }) => ref.namespace === namespace && ref.name === parent.name,
  );
  if (gateway === undefined) return unattached(`there is no Gateway ${name}`);
  const ports = apiPorts(snapshot, gateway).filter((port) => routesAtPort(snapshot, port, [route]).length > 0);
  if (ports.length === 0) return unattached(`no listener of Gateway ${name} lets it in`);
  const { hostnames = [] } = route.object.spec;
  const shared = ports.some((port: GatewayPort) => sharedHosts(port, hostnames, route.object.ref.namespace).length > 0);
  if (!shared) return unattached(`no listener of Gateway ${name} has one of its hostnames`);
  const serving = world.groups.filter(({ view }) => servesGateway(view, gateway));
  const acting = serving.filter(({ trace }) => trace.isActing(route.object));
  if (acting.length > 0 || world.groups.length === 0) return { groups: acting, notes: [] };
  if (serving.length === 0) return unattached(`no gateway proxy serves Gateway ${name}`);
  const shadows = shadowsIn(serving, route.object);
  if (shadows.length > 0) return { groups: [], notes: shadows };
  return unattached(`no listener of Gateway ${name} that lets it in speaks HTTP, or an older Gateway has its hosts`);
}

function backendNotes({ snapshot }: StatusWorld, { object }: GatewayApiRoute): StatusNote[] {
  const { ref, spec } = object;
  return (spec.rules ?? []).flatMap(({ backendRefs = [] }, i) =>
    backendRefs.flatMap((backend, j): StatusNote[] => {
      const path = `spec.rules[${i}].backendRefs[${j}]`;
      const namespace = backend.namespace ?? ref.namespace;
      const note = (message: string): StatusNote[] => [{ kind: 'warning', message, path }];
      if (!isService(backend)) return note(`${backend.kind} is no kind of backend that Weft knows`);
      const to = { group: backend.group, kind: backend.kind, namespace, name: backend.name };
      if (!isGranted(snapshot, { from: ref, to }))
        return note(`no ReferenceGrant of ${namespace} lets it refer to ${backend.name}`);
      const service = findService(snapshot, parentHost(snapshot, backend, ref.namespace), namespace);
      return service === undefined ? note(`there is no service ${namespace}/${backend.name}`) : [];
    }),
  );
}
