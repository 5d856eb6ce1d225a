import type { WorkloadEntrySpec, WorkloadGroupSpec } from '@weft/api-kube';
import type { MeshConfig } from './config.ts';
import { refKey, type MeshObject } from './object.ts';
import { portProtocol } from './protocol.ts';
import { registeredProtocol } from './service-sources.ts';
import type { MeshSnapshot } from './snapshot.ts';
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

/**
 * A process that registered, with what its WorkloadGroup has beyond what it says itself: labels (of the group's metadata before
 * those of its template), names of ports, locality, weight. Source: Istio, pilot/pkg/autoregistration.
 */
export function workloadOfRegistration(
  registration: WorkloadRegistration,
  config: MeshConfig,
  group?: MeshObject<WorkloadGroupSpec>,
): Workload {
  const { namespace, name, serviceAccount = 'default' } = registration;
  // The group may have become one of another service account since.
  const isMember = (group?.spec.template.serviceAccount || 'default') === serviceAccount;
  const { template, metadata } = (isMember ? group?.spec : undefined) ?? {};
  const named = new Map(Object.entries(template?.ports ?? {}).map(([portName, number]) => [number, portName]));
  return {
    namespace,
    name,
    labels: { ...template?.labels, ...metadata?.labels, ...registration.labels },
    serviceAccount,
    identity: spiffeId(config.trustDomain, namespace, serviceAccount),
    addresses: registration.addresses,
    ports: registration.ports.map(({ name: own, port, listenPort, appPort = port, protocol }) => {
      const portName = own ?? named.get(appPort) ?? '';
      return {
        name: portName,
        servicePort: port,
        listenPort: listenPort ?? port,
        appPort,
        protocol: registeredProtocol({ name: portName, port, protocol }),
      };
    }),
    proxied: registration.proxied ?? true,
    healthy: registration.healthy,
    locality: registration.locality ?? template?.locality ?? '',
    weight: template?.weight ?? 1,
    service: registration.service,
    ...(registration.group === undefined ? {} : { group: registration.group }),
    origin: undefined,
  };
}

/** The WorkloadGroup of a name; undefined: there is none. */
export function workloadGroup(
  snapshot: MeshSnapshot | undefined,
  namespace: string,
  name: string,
): MeshObject<WorkloadGroupSpec> | undefined {
  return snapshot?.policies.workloadGroups.find(({ ref }) => ref.namespace === namespace && ref.name === name);
}

/** The spec of the WorkloadEntry of a name, among objects by `group/kind/namespace/name`. */
export function workloadEntry(
  objects: ReadonlyMap<string, { readonly spec: unknown }>,
  namespace: string,
  name: string,
): WorkloadEntrySpec | undefined {
  return objects.get(refKey({ group: 'networking.istio.io', kind: 'WorkloadEntry', namespace, name }))?.spec as
    WorkloadEntrySpec | undefined;
}

/**
 * A process that registers under the name of a WorkloadEntry is that workload: what it says of itself is newer. One of another
 * service account is not: by the entry's labels it would answer for its services.
 */
export function mergeWorkloads(entry: Workload | undefined, registered: Workload | undefined): Workload | undefined {
  if (entry === undefined || registered === undefined) return registered ?? entry;
  if (entry.serviceAccount !== '' && entry.serviceAccount !== registered.serviceAccount) return entry;
  return {
    ...registered,
    labels: { ...entry.labels, ...registered.labels },
    locality: registered.locality === '' ? entry.locality : registered.locality,
    weight: entry.weight,
    origin: entry.origin,
  };
}
