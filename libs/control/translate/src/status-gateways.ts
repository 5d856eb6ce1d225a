import type { GatewaySpec, K8sGatewaySpec } from '@weft/api-kube';
import {
  apiPorts,
  findService,
  gatewayApiRoutes,
  gatewaySecrets,
  isGranted,
  isService,
  istioPorts,
  parentHost,
  parentRefs,
  routesAtPort,
  routesForService,
  servesGateway,
  sharedHosts,
  type GatewayApiRoute,
  type GatewayPort,
  type MeshObject,
  type MeshProxy,
} from '@weft/control-mesh';
import { countProxies, statusOf, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

export function gatewayStatus(world: StatusWorld): ObjectStatus[] {
  const { gateways, k8sGateways } = world.snapshot.policies;
  return [...gateways, ...k8sGateways].map((gateway: MeshObject) => {
    const serving = world.proxies.filter((proxy) => servesGateway(proxy, gateway));
    const effectiveOn = serving.length;
    const who =
      gateway.ref.group === 'networking.istio.io'
        ? 'its selector matches no gateway proxy'
        : 'no gateway proxy has its name';
    if (effectiveOn === 0) return statusOf(gateway, 0, [{ kind: 'unattached', message: who }]);
    return statusOf(gateway, effectiveOn, missingSecrets(world, gateway, serving));
  });
}

/** What a server waits for, and takes no connections until it is there. Each sentence once, whichever proxies miss it. */
function missingSecrets(world: StatusWorld, gateway: MeshObject, serving: readonly MeshProxy[]): StatusNote[] {
  const { snapshot, secretFault } = world;
  const list = gateway.ref.group === 'networking.istio.io' ? 'servers' : 'listeners';
  const notes = new Map<string, StatusNote>();
  const ports =
    list === 'servers'
      ? istioPorts(gateway as MeshObject<GatewaySpec>)
      : apiPorts(snapshot, gateway as MeshObject<K8sGatewaySpec>);
  for (const [i, port] of ports.entries())
    for (const { name, field } of gatewaySecrets(port))
      for (const { namespace } of serving) {
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
    const effectiveOn = parents.reduce((sum, one) => sum + one.effectiveOn, 0);
    const notes = [...parents.flatMap((one) => one.notes), ...backendNotes(world, route)];
    return statusOf(route.object, effectiveOn, notes);
  });
}

type Parent = ReturnType<typeof parentRefs>[number];
type PartStatus = Pick<ObjectStatus, 'effectiveOn' | 'notes'>;

function parentStatus(
  world: StatusWorld,
  route: GatewayApiRoute,
  { parent, i }: { readonly parent: Parent; readonly i: number },
): PartStatus {
  const path = `spec.parentRefs[${i}]`;
  const unattached = (message: string): PartStatus => ({
    effectiveOn: 0,
    notes: [{ kind: 'unattached', message, path }],
  });
  return isService(parent)
    ? serviceParent(world, route, { parent, unattached })
    : gatewayParent(world, route, { parent, unattached });
}

interface ParentCase {
  readonly parent: Parent;
  readonly unattached: (message: string) => PartStatus;
}

function serviceParent(
  { snapshot, proxies }: StatusWorld,
  { object }: GatewayApiRoute,
  { parent, unattached }: ParentCase,
): PartStatus {
  const { namespace } = object.ref;
  const service = findService(snapshot, parentHost(snapshot, parent, namespace), parent.namespace ?? namespace);
  if (service === undefined) return unattached(`there is no service ${parent.name}`);
  const clients = proxies.filter(
    (proxy) =>
      proxy.role === 'sidecar' &&
      service.ports.some(({ number: port }) =>
        routesForService(snapshot, { service, port, namespace: proxy.namespace }).some((one) => one.object === object),
      ),
  );
  return { effectiveOn: clients.length, notes: [] };
}

function gatewayParent(world: StatusWorld, route: GatewayApiRoute, { parent, unattached }: ParentCase): PartStatus {
  const { snapshot } = world;
  const namespace = parent.namespace ?? route.object.ref.namespace;
  const gateway = snapshot.policies.k8sGateways.find(
    ({ ref }) => ref.namespace === namespace && ref.name === parent.name,
  );
  if (gateway === undefined) return unattached(`there is no Gateway ${namespace}/${parent.name}`);
  const ports = apiPorts(snapshot, gateway).filter((port) => routesAtPort(snapshot, port, [route]).length > 0);
  if (ports.length === 0) return unattached(`no listener of Gateway ${namespace}/${parent.name} lets it in`);
  const { hostnames = [] } = route.object.spec;
  const shared = ports.some((port: GatewayPort) => sharedHosts(port, hostnames, route.object.ref.namespace).length > 0);
  if (!shared) return unattached(`no listener of Gateway ${namespace}/${parent.name} has one of its hostnames`);
  return { effectiveOn: countProxies(world, (proxy) => servesGateway(proxy, gateway)), notes: [] };
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
