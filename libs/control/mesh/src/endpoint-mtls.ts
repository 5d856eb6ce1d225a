import { workloadKey } from './builder.ts';
import { mtlsMode } from './peer-authentication.ts';
import type { Policies } from './policies.ts';
import type { MeshEndpoint } from './service.ts';
import type { MeshSnapshot } from './snapshot.ts';

/**
 * The endpoints of a service as a client finds them at one of its ports: a proxy that was told not to take mutual TLS there
 * (DISABLE) counts as none. The same list where that is nowhere so.
 */
export function endpointsAt(
  snapshot: MeshSnapshot,
  endpoints: readonly MeshEndpoint[],
  port: number,
): readonly MeshEndpoint[] {
  if (!isDisabledAnywhere(snapshot.policies)) return endpoints;
  const refuses = (endpoint: MeshEndpoint): boolean => endpoint.proxied && !takesMtls(snapshot, endpoint, port);
  if (!endpoints.some(refuses)) return endpoints;
  return endpoints.map((endpoint) => (refuses(endpoint) ? { ...endpoint, proxied: false } : endpoint));
}

function takesMtls(snapshot: MeshSnapshot, endpoint: MeshEndpoint, servicePort: number): boolean {
  const { namespace, labels, ports, workload: name } = endpoint;
  const listenPort = ports[servicePort] ?? servicePort;
  const workload = snapshot.workloads.get(workloadKey({ namespace, name }));
  const port = workload?.ports.find((one) => one.listenPort === listenPort)?.appPort ?? listenPort;
  return mtlsMode(snapshot, { namespace, labels, port }).mode !== 'DISABLE';
}

const disabled = new WeakMap<Policies, boolean>();

function isDisabledAnywhere(policies: Policies): boolean {
  let known = disabled.get(policies);
  if (known === undefined) {
    known = policies.peerAuthentications.some(({ spec }) =>
      [spec.mtls, ...Object.values(spec.portLevelMtls ?? {})].some((mtls) => mtls?.mode === 'DISABLE'),
    );
    disabled.set(policies, known);
  }
  return known;
}
