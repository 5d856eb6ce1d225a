import type { ServiceEntrySpec } from '@weft/api-kube';
import type { MeshConfig } from './config.ts';
import { labelsMatch } from './object.ts';
import { spiffeId, type MeshEndpoint, type MeshService, type ServicePort, type Workload } from './service.ts';

/** The endpoints that a ServiceEntry lists, and where there are none, its host for DNS to resolve. */
export function listedEndpoints(service: MeshService, spec: ServiceEntrySpec, config: MeshConfig): MeshEndpoint[] {
  const listed = spec.endpoints ?? [];
  if (listed.length === 0) {
    const resolved = service.resolution === 'DNS' || service.resolution === 'DNS_ROUND_ROBIN';
    return resolved && service.selector === undefined && !service.hostname.startsWith('*')
      ? [dnsEndpoint(service)]
      : [];
  }
  return listed.map(({ address = '', labels = {}, ports, locality, serviceAccount, weight }) => ({
    address: address === '' ? service.hostname : address,
    ports: portNumbers(service, (port) => ports?.[port.name]),
    labels,
    identity: serviceAccount === undefined ? '' : spiffeId(config.trustDomain, service.namespace, serviceAccount),
    locality: locality ?? '',
    weight: weight ?? 1,
    healthy: true,
    proxied: labels['security.istio.io/tlsMode'] === 'istio',
    namespace: service.namespace,
    workload: '',
  }));
}

/** ExternalName, and ServiceEntries whose host is the address. */
export function dnsEndpoint(service: MeshService, address = service.hostname): MeshEndpoint {
  return {
    address,
    ports: portNumbers(service, () => undefined),
    labels: {},
    identity: '',
    locality: '',
    weight: 1,
    healthy: true,
    proxied: false,
    namespace: service.namespace,
    workload: '',
  };
}

/** True where the workload serves the service: chosen by its labels, or by its own word. */
export function serves(workload: Workload, service: MeshService, registeredHost: string): boolean {
  if (workload.namespace !== service.namespace) return false;
  if (workload.service !== '' && registeredHost === service.hostname) return true;
  const { selector } = service;
  return selector !== undefined && Object.keys(selector).length > 0 && labelsMatch(selector, workload.labels);
}

/** One endpoint for each address of a workload. */
export function workloadEndpoints(workload: Workload, service: MeshService): MeshEndpoint[] {
  const ports = portNumbers(service, (port) => workloadPort(workload, port));
  return workload.addresses.map((address) => ({
    address,
    ports,
    labels: workload.labels,
    identity: workload.identity,
    locality: workload.locality,
    weight: workload.weight,
    healthy: workload.healthy,
    proxied: workload.proxied,
    namespace: workload.namespace,
    workload: workload.name,
  }));
}

/** The port of the workload that serves a port of the service: by name, by the number that clients know, by target. */
export function workloadPort(workload: Workload, port: ServicePort): number | undefined {
  const { ports } = workload;
  const found =
    ports.find(({ name }) => name !== '' && name === (port.targetPortName ?? port.name)) ??
    ports.find(({ servicePort }) => servicePort === port.number) ??
    ports.find(({ appPort }) => port.targetPort !== undefined && appPort === port.targetPort);
  return found?.listenPort;
}

function portNumbers(
  service: MeshService,
  numberOf: (port: ServicePort) => number | undefined,
): Readonly<Record<number, number>> {
  return Object.fromEntries(
    service.ports.map((port) => [port.number, numberOf(port) ?? port.targetPort ?? port.number]),
  );
}
