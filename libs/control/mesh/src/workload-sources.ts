import type { WorkloadEntrySpec } from '@weft/api-kube';
import type { MeshConfig } from './config.ts';
import type { MeshObject } from './object.ts';
import { portProtocol } from './protocol.ts';
import { registeredProtocol } from './service-sources.ts';
import { spiffeId, type Workload, type WorkloadRegistration } from './service.ts';

/** Says that a proxy of the mesh stands before an endpoint. Source: Istio's label. */
const TLS_MODE_LABEL = 'security.istio.io/tlsMode';

export function workloadOfEntry(object: MeshObject<WorkloadEntrySpec>, config: MeshConfig): Workload {
  const { ref, spec } = object;
  const labels = { ...object.labels, ...spec.labels };
  const serviceAccount = spec.serviceAccount ?? '';
  return {
    namespace: ref.namespace,
    name: ref.name,
    labels,
    serviceAccount,
    identity: serviceAccount === '' ? '' : spiffeId(config.trustDomain, ref.namespace, serviceAccount),
    addresses: spec.address === undefined || spec.address === '' ? [] : [spec.address],
    ports: Object.entries(spec.ports ?? {}).map(([name, number]) => ({
      name,
      servicePort: number,
      listenPort: number,
      appPort: number,
      protocol: portProtocol({ name, number }),
    })),
    proxied: labels[TLS_MODE_LABEL] === 'istio',
    healthy: true,
    locality: spec.locality ?? '',
    weight: spec.weight ?? 1,
    service: '',
    origin: ref,
  };
}

export function workloadOfRegistration(registration: WorkloadRegistration, config: MeshConfig): Workload {
  const { namespace, name, serviceAccount = 'default' } = registration;
  return {
    namespace,
    name,
    labels: registration.labels,
    serviceAccount,
    identity: spiffeId(config.trustDomain, namespace, serviceAccount),
    addresses: registration.addresses,
    ports: registration.ports.map(({ name: portName = '', port, listenPort, appPort, protocol }) => ({
      name: portName,
      servicePort: port,
      listenPort: listenPort ?? port,
      appPort: appPort ?? port,
      protocol: registeredProtocol({ name: portName, port, protocol }),
    })),
    proxied: registration.proxied ?? true,
    healthy: registration.healthy,
    locality: registration.locality ?? '',
    weight: 1,
    service: registration.service,
    origin: undefined,
  };
}

/** A process that registers under the name of a WorkloadEntry is that workload: what it says of itself is newer. */
export function mergeWorkloads(entry: Workload | undefined, registered: Workload | undefined): Workload | undefined {
  if (entry === undefined || registered === undefined) return registered ?? entry;
  return {
    ...registered,
    labels: { ...entry.labels, ...registered.labels },
    locality: registered.locality === '' ? entry.locality : registered.locality,
    weight: entry.weight,
    origin: entry.origin,
  };
}
