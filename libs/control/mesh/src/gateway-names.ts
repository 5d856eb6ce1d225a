/** The gateway name that stands for all sidecars. */
export const MESH_GATEWAY = 'mesh';

/** `gateways` in full; none is the mesh. Source: VirtualService.gateways. */
export function gatewayNames(names: readonly string[] | undefined, namespace: string): string[] {
  if (names === undefined || names.length === 0) return [MESH_GATEWAY];
  return names.map((name) => gatewayName(name, namespace));
}

function gatewayName(name: string, namespace: string): string {
  if (name === MESH_GATEWAY || name.includes('/')) return name;
  // The older form is a host name: `gw.namespace.svc.cluster.local`.
  const [first, second] = name.split('.');
  return second === undefined ? `${namespace}/${name}` : `${second}/${first ?? ''}`;
}
