import { refText } from './object.ts';
import type { MeshProxy, ProxyUpstream } from './proxy.ts';
import { scopeOf } from './scope.ts';
import { sidecarFor } from './sidecar.ts';
import type { MeshService } from './service.ts';
import { findService, resolveHost, type MeshSnapshot } from './snapshot.ts';

/** Why an upstream that a workload declared leads nowhere; undefined: it does not. */
export function upstreamFault(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  { host, port }: ProxyUpstream,
): string | undefined {
  const { namespace } = proxy;
  const service = findService(snapshot, resolveHost(snapshot, host, namespace), namespace);
  if (service === undefined) return `the mesh has no service ${host} that ${namespace} may see`;
  if (!service.ports.some(({ number }) => number === port)) {
    const ports = service.ports.map(({ number }) => number).join(', ');
    return `the service ${host} has no port ${port}${ports === '' ? '' : `, but ${ports}`}`;
  }
  return keptFrom(snapshot, proxy, service);
}

/** The egress hosts of a Sidecar hold for what a workload declares too. */
function keptFrom(snapshot: MeshSnapshot, proxy: MeshProxy, service: MeshService): string | undefined {
  const sidecar = sidecarFor(snapshot, proxy);
  if ((sidecar?.spec.egress ?? []).length === 0 || sidecar === undefined) return undefined;
  if (scopeOf(snapshot, proxy).services.includes(service)) return undefined;
  return `the egress hosts of ${refText(sidecar.ref)} leave out ${service.hostname}`;
}
