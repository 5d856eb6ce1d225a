import {
  boundVirtualServices,
  documentsOf,
  destinationRuleFor,
  findService,
  gatewayApiRoutes,
  hostCovers,
  parentRefs,
  routesForService,
  scopeOf,
  servesGateway,
  virtualServiceFor,
  type BoundVirtualService,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
  type ObjectRef,
} from '@weft/control-mesh';
import { parseOutboundCluster } from '@weft/control-translate';
import { TYPE_URL, type Snapshot } from '@weft/xds-server';
import { listAt, textAt } from './json-path.ts';
import { resourceJson } from './resource-json.ts';

/** Which documents a proxy's resources come from: `name.namespace`, by the resource's name. */
export interface Origins {
  /** DestinationRules, by cluster. */
  readonly clusters: Readonly<Record<string, string>>;
  /** VirtualServices and routes of the Gateway API, by virtual host. */
  readonly virtualHosts: Readonly<Record<string, string>>;
}

export function originsOf(mesh: MeshSnapshot, proxy: MeshProxy, snapshot: Snapshot): Origins {
  const service = (host: string): MeshService | undefined => findService(mesh, host, proxy.namespace);
  const clusters: Record<string, string> = {};
  for (const { name } of snapshot.resources(TYPE_URL.cluster).values()) {
    const parts = parseOutboundCluster(name);
    const target = parts && service(parts.host);
    const rule = target && destinationRuleFor(mesh, proxy, target);
    if (rule !== undefined) clusters[name] = rule.sources.map(({ ref }) => `${ref.name}.${ref.namespace}`).join(',');
  }
  const virtualHosts: Record<string, string> = {};
  // Once: a scope is looked for among all services.
  const { virtualServices } = scopeOf(mesh, proxy);
  for (const resource of snapshot.resources(TYPE_URL.route).values())
    for (const virtualHost of listAt(resourceJson(resource), 'virtual_hosts')) {
      const name = textAt(virtualHost, 'name');
      const [host = '', port = ''] = splitPort(name);
      const at = { host, port: Number(port), virtualServices };
      const refs = proxy.role === 'gateway' ? gatewayRefs(mesh, proxy, host) : meshRefs(mesh, proxy, at);
      if (refs.length > 0) virtualHosts[name] = refs.map((ref) => `${ref.name}.${ref.namespace}`).join(',');
    }
  return { clusters, virtualHosts };
}

interface MeshHost {
  readonly host: string;
  readonly port: number;
  readonly virtualServices: readonly BoundVirtualService[];
}

/** In the mesh a host has one VirtualService, or routes of the Gateway API. */
function meshRefs(
  mesh: MeshSnapshot,
  proxy: MeshProxy,
  { host, port, virtualServices }: MeshHost,
): readonly ObjectRef[] {
  const bound = virtualServiceFor(virtualServices, host);
  if (bound !== undefined) return documentsOf(bound).map(({ ref }) => ref);
  const { namespace } = proxy;
  const service = findService(mesh, host, namespace);
  const routes = service === undefined ? [] : routesForService(mesh, { service, port, namespace });
  return routes.map(({ object }) => object.ref);
}

/** At a gateway those of the same host are merged. */
function gatewayRefs(mesh: MeshSnapshot, proxy: MeshProxy, host: string): readonly ObjectRef[] {
  const served = mesh.policies.gateways.filter((gateway) => servesGateway(proxy, gateway));
  const names = new Set(served.map(({ ref }) => `${ref.namespace}/${ref.name}`));
  const bound = boundVirtualServices(mesh).filter(
    ({ object, gateways, hosts }) =>
      gateways.some((name) => names.has(name)) &&
      (object.spec.http ?? []).length > 0 &&
      hosts.some((one) => one === '*' || hostCovers(one, host)),
  );
  const routes = gatewayApiRoutes(mesh).filter(({ object }) => {
    const { hostnames = [] } = object.spec;
    const here = parentRefs(object).some(
      (parent) =>
        parent.kind === 'Gateway' &&
        parent.name === proxy.name &&
        (parent.namespace ?? object.ref.namespace) === proxy.namespace,
    );
    return here && (hostnames.length === 0 || hostnames.some((one) => hostCovers(one, host)));
  });
  return [...bound.flatMap(documentsOf).map(({ ref }) => ref), ...routes.map(({ object }) => object.ref)];
}

function splitPort(name: string): [string, string] {
  const colon = name.lastIndexOf(':');
  return colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
}
