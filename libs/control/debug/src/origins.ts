import {
  destinationRuleFor,
  findService,
  routesForService,
  scopeOf,
  virtualServiceFor,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
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
  const { virtualServices } = scopeOf(mesh, proxy);
  for (const resource of snapshot.resources(TYPE_URL.route).values())
    for (const virtualHost of listAt(resourceJson(resource), 'virtual_hosts')) {
      const name = textAt(virtualHost, 'name');
      const [host = '', port = ''] = splitPort(name);
      const target = service(host);
      const routes =
        target === undefined
          ? []
          : routesForService(mesh, { service: target, port: Number(port), namespace: proxy.namespace });
      const bound = virtualServiceFor(virtualServices, host);
      const refs = bound !== undefined ? [bound.object.ref] : routes.map(({ object }) => object.ref);
      if (refs.length > 0) virtualHosts[name] = refs.map((ref) => `${ref.name}.${ref.namespace}`).join(',');
    }
  return { clusters, virtualHosts };
}

function splitPort(name: string): [string, string] {
  const colon = name.lastIndexOf(':');
  return colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
}
