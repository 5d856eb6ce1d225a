import { refText, serviceKey, type MeshEndpoint, type MeshService, type MeshSnapshot } from '@weft/control-mesh';

/** Every service, by host. */
export function registryView(mesh: MeshSnapshot): object[] {
  return services(mesh).map((service) => {
    const { hostname, namespace, addresses, ports, resolution, meshExternal, exportTo, selector, origin } = service;
    return {
      hostname,
      namespace,
      addresses,
      ports: ports.map(({ name, number, protocol, targetPort }) => ({
        name,
        port: number,
        protocol,
        ...(targetPort === undefined ? {} : { targetPort }),
      })),
      resolution,
      location: meshExternal ? 'MESH_EXTERNAL' : 'MESH_INTERNAL',
      exportTo,
      ...(selector === undefined ? {} : { selector }),
      endpoints: endpointsOf(mesh, service).length,
      source: origin === undefined ? 'registrations of workloads' : refText(origin),
    };
  });
}

/** Every endpoint, by port of its service. */
export function endpointView(mesh: MeshSnapshot): object[] {
  return services(mesh).flatMap((service) =>
    service.ports.map(({ name, number }) => ({
      service: service.hostname,
      namespace: service.namespace,
      port: number,
      portName: name,
      endpoints: endpointsOf(mesh, service).map((endpoint) => ({
        address: endpoint.address,
        port: endpoint.ports[number] ?? number,
        workload: endpoint.workload === '' ? undefined : `${endpoint.workload}.${endpoint.namespace}`,
        healthy: endpoint.healthy,
        proxied: endpoint.proxied,
        identity: endpoint.identity,
        locality: endpoint.locality,
        weight: endpoint.weight,
        labels: endpoint.labels,
      })),
    })),
  );
}

/**
 * `GET /v1/registration`: all endpoints, by `host|port name`. Envoy's first REST discovery had this form; nothing but people
 * asks for it. Source: Istio 0.4, Pilot's discovery service.
 */
export function registrationView(mesh: MeshSnapshot): object[] {
  return services(mesh).flatMap((service) =>
    service.ports.map(({ name, number }) => ({
      'service-key': `${service.hostname}|${name === '' ? number : name}`,
      hosts: endpointsOf(mesh, service).map(({ address, ports, weight, healthy }) => ({
        ip_address: address,
        port: ports[number] ?? number,
        health_status: healthy ? 'HEALTHY' : 'UNHEALTHY',
        ...(weight === 1 ? {} : { load_balancing_weight: weight }),
      })),
    })),
  );
}

function services({ services: all }: MeshSnapshot): MeshService[] {
  return [...all.values()].sort((a, b) => compare(a.hostname, b.hostname) || compare(a.namespace, b.namespace));
}

function endpointsOf(mesh: MeshSnapshot, service: MeshService): readonly MeshEndpoint[] {
  return mesh.endpoints.get(serviceKey(service)) ?? [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
