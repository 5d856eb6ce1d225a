import type { MeshProxy, ProxyUpstream } from './proxy.ts';
import { findService, resolveHost, type MeshSnapshot } from './snapshot.ts';

/** Why an upstream that a workload declared leads nowhere; undefined: it does not. */
export function upstreamFault(
  snapshot: MeshSnapshot,
  { namespace }: MeshProxy,
  { host, port }: ProxyUpstream,
): string | undefined {
  const service = findService(snapshot, resolveHost(snapshot, host, namespace), namespace);
  if (service === undefined) return `the mesh has no service ${host} that ${namespace} may see`;
  if (service.ports.some(({ number }) => number === port)) return undefined;
  const ports = service.ports.map(({ number }) => number).join(', ');
  return `the service ${host} has no port ${port}${ports === '' ? '' : `, but ${ports}`}`;
}
