import type { ServiceEntrySpec, ServiceSpec } from '@weft/api-kube';
import type { MeshConfig } from './config.ts';
import type { MeshObject } from './object.ts';
import { declaredProtocol, NEVER_HTTP_PORTS, portProtocol } from './protocol.ts';
import type { MeshService, ServicePort, WorkloadRegistration } from './service.ts';

const EVERYWHERE = ['*'] as const;

/** The services that a ServiceEntry describes: one for each of its hosts. */
export function servicesOfEntry(object: MeshObject<ServiceEntrySpec>): MeshService[] {
  const { ref, spec, createdAtMs } = object;
  const ports = (spec.ports ?? []).map(({ name, number, protocol, targetPort }): ServicePort => ({
    name,
    number,
    protocol: declaredProtocol(protocol) ?? portProtocol({ name, number }),
    targetPort,
    targetPortName: undefined,
  }));
  return spec.hosts.map((host) => ({
    hostname: host.toLowerCase(),
    namespace: ref.namespace,
    // 0.0.0.0/0 says "any address", which is what a service without addresses has.
    addresses: (spec.addresses ?? []).filter((address) => address !== '0.0.0.0/0').map(withoutHostMask),
    ports,
    resolution: spec.resolution === 'DYNAMIC_DNS' ? 'DNS' : (spec.resolution ?? 'NONE'),
    meshExternal: spec.location !== 'MESH_INTERNAL',
    exportTo: spec.exportTo ?? EVERYWHERE,
    subjectAltNames: spec.subjectAltNames ?? [],
    selector: spec.workloadSelector?.labels,
    createdAtMs,
    origin: ref,
  }));
}

/** The service that a core Service describes. */
export function serviceOfKube(object: MeshObject<ServiceSpec>, config: MeshConfig): MeshService {
  const { ref, spec, annotations, createdAtMs } = object;
  const exportTo = annotations['networking.istio.io/exportTo'];
  const external = spec.type === 'ExternalName';
  return {
    hostname: kubeHost(ref.name, ref.namespace, config),
    namespace: ref.namespace,
    addresses: [...(spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]))].filter(
      (address) => address !== '' && address !== 'None',
    ),
    ports: (spec.ports ?? []).map(({ name, port, targetPort, appProtocol, protocol }) => ({
      name: name ?? '',
      number: port,
      protocol: portProtocol({ name, appProtocol, protocol, number: port }),
      targetPort: typeof targetPort === 'number' ? targetPort : undefined,
      targetPortName: typeof targetPort === 'string' ? targetPort : undefined,
    })),
    resolution: external ? 'DNS' : 'STATIC',
    meshExternal: external,
    exportTo: exportTo === undefined ? EVERYWHERE : exportTo.split(',').map((name) => name.trim()),
    subjectAltNames: [],
    selector: spec.selector,
    createdAtMs,
    origin: ref,
  };
}

/** The service that exists only because workloads say that they serve it. Ports of all of them, the first of a number wins. */
export function serviceOfRegistrations(
  hostname: string,
  namespace: string,
  registrations: readonly WorkloadRegistration[],
): MeshService {
  const ports = new Map<number, ServicePort>();
  for (const { ports: all } of registrations)
    for (const { name = '', port, protocol } of all)
      if (!ports.has(port))
        ports.set(port, {
          name,
          number: port,
          protocol: registeredProtocol({ name, port, protocol }),
          targetPort: undefined,
          targetPortName: undefined,
        });
  nameByProtocol(ports);
  return {
    hostname,
    namespace,
    addresses: [],
    ports: [...ports.values()].sort((a, b) => a.number - b.number),
    resolution: 'STATIC',
    meshExternal: false,
    exportTo: EVERYWHERE,
    subjectAltNames: [],
    selector: undefined,
    createdAtMs: 0,
    origin: undefined,
  };
}

/** Ports without a name get one as a Service has it: that of the protocol, and from the second on with the number. */
function nameByProtocol(ports: Map<number, ServicePort>): void {
  const taken = new Set([...ports.values()].map(({ name }) => name));
  for (const [number, port] of ports) {
    if (port.name !== '' || port.protocol === 'auto') continue;
    const name = taken.has(port.protocol) ? `${port.protocol}-${number}` : port.protocol;
    taken.add(name);
    ports.set(number, { ...port, name });
  }
}

export function registeredProtocol(port: {
  readonly name?: string | undefined;
  readonly port: number;
  readonly protocol?: string | undefined;
}): ServicePort['protocol'] {
  const { name, port: number, protocol } = port;
  const declared = declaredProtocol(protocol);
  // "TCP" by somebody who asked for it is plain TCP; without a word, the number decides.
  return declared ?? portProtocol({ name, appProtocol: protocol, number });
}

export function kubeHost(name: string, namespace: string, { domainSuffix }: MeshConfig): string {
  return `${name}.${namespace}.svc.${domainSuffix}`;
}

/** A port that is known never to speak HTTP, whatever its name says: as the catalog names its Redis. */
export function misnamed(port: ServicePort): boolean {
  const known = NEVER_HTTP_PORTS[port.number];
  return known !== undefined && (port.protocol === 'http' || port.protocol === 'http2' || port.protocol === 'grpc');
}

function withoutHostMask(address: string): string {
  return address.endsWith('/32') && !address.includes(':') ? address.slice(0, -3) : address;
}
