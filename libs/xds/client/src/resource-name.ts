import type { Message } from '@bufbuild/protobuf';

/** The name of a resource in its message: `cluster_name` of a ClusterLoadAssignment, `name` of all others. */
export function resourceName(message: Message): string {
  const { name, clusterName } = message as { readonly name?: unknown; readonly clusterName?: unknown };
  if (message.$typeName === 'envoy.config.endpoint.v3.ClusterLoadAssignment') return String(clusterName ?? '');
  return typeof name === 'string' ? name : '';
}

const FULL_STATE: ReadonlySet<string> = new Set([
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.ScopedRouteConfiguration',
]);

/**
 * Whether a resource that is missing in a response of the state of the world is thereby removed. Of all other types a response
 * may hold a part of what was asked for. Source: xDS protocol, "Resource Update", Deleting Resources.
 */
export function absenceRemoves(typeName: string): boolean {
  return FULL_STATE.has(typeName);
}

const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';

/**
 * The namespace of a virtual host: `routes/` of `routes/a.test`. Who watches it gets all that is in it, and it is never asked for
 * itself. Undefined for other types. Source: VHDS, whose resources are named by their route configuration.
 */
export function namespaceOf(typeName: string, name: string): string | undefined {
  const slash = name.lastIndexOf('/');
  return typeName === VIRTUAL_HOST && slash > 0 ? name.slice(0, slash + 1) : undefined;
}

export function isNamespace(typeName: string, name: string): boolean {
  return namespaceOf(typeName, name) === name;
}
