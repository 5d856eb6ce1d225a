import {
  boundVirtualServices,
  destinationHosts,
  gatewayApiRoutes,
  gatewayPorts,
  isService,
  parentHost,
  refText,
  routesAtPort,
  sharedHosts,
  type GatewayPort,
  type MeshObject,
  type MeshService,
  type MeshSnapshot,
} from '@weft/control-mesh';
import { traceOf } from '@weft/control-translate';
import type { DebugSource } from './debug-source.ts';
import type { ServiceDescription } from './description.ts';
import { reachedClusters } from './reached-clusters.ts';

/** A document that leads from a gateway to the service. */
interface Lead {
  readonly object: MeshObject;
  readonly isAt: (port: GatewayPort) => boolean;
}

/**
 * The Gateways at which a service can be called: a gateway proxy is connected that has a route to it, and a document that is
 * behind this proxy's routes names both.
 */
export function exposures(
  { source, mesh }: { readonly source: DebugSource; readonly mesh: MeshSnapshot },
  service: MeshService,
): ServiceDescription['exposedAt'] {
  const leads = leadsTo(mesh, service);
  if (leads.length === 0) return [];
  const found = new Map<string, { readonly gateway: string; readonly by: string }>();
  for (const { node } of source.proxies()) {
    const proxy = node && source.meshProxy(node.id);
    const snapshot = node && source.snapshotOf(node.id);
    if (proxy?.role !== 'gateway' || snapshot === undefined) continue;
    if (![...reachedClusters(snapshot)].some((name) => name.endsWith(`|${service.hostname}`))) continue;
    const trace = traceOf(mesh, proxy);
    const ports = gatewayPorts(mesh, proxy);
    for (const { object, isAt } of leads)
      for (const port of trace.isActing(object) ? ports.filter(isAt) : []) {
        const one = { gateway: port.gateway, by: refText(object.ref) };
        found.set(`${one.gateway} ${one.by}`, one);
      }
  }
  return [...found.values()];
}

function leadsTo(mesh: MeshSnapshot, { hostname }: MeshService): Lead[] {
  const virtualServices = boundVirtualServices(mesh).filter((one) => destinationHosts(mesh, one).includes(hostname));
  const routes = gatewayApiRoutes(mesh).filter(({ object: { ref, spec } }) =>
    (spec.rules ?? []).some(({ backendRefs = [] }) =>
      backendRefs.some((backend) => isService(backend) && parentHost(mesh, backend, ref.namespace) === hostname),
    ),
  );
  return [
    ...virtualServices.map(({ object, hosts, gateways }): Lead => ({
      object,
      isAt: (port) => gateways.includes(port.gateway) && sharedHosts(port, hosts, object.ref.namespace).length > 0,
    })),
    ...routes.map((route): Lead => ({
      object: route.object,
      isAt: (port) =>
        routesAtPort(mesh, port, [route]).length > 0 &&
        sharedHosts(port, route.object.spec.hostnames ?? [], route.object.ref.namespace).length > 0,
    })),
  ];
}
