import { DATABASES, hostOf, SERVICE_PORTS, SERVICES, type MeshService } from '../topology.ts';
import { NETWORKING, type MeshDocument } from './document.ts';
import type { YamlMap } from './yaml.ts';

/** Where the two Redis are, if they are no workloads of the mesh. */
export interface ForeignRedis {
  readonly host: string;
  readonly port: number;
}

/** A ServiceEntry for each service of the catalog: its name in the mesh, its port, and whose workloads serve it. */
export function serviceDocuments(redis: ForeignRedis | undefined): MeshDocument[] {
  const services = [...new Set(SERVICES.map(({ service }) => service))].map((service) => ours(service));
  const databases = DATABASES.map(({ service }) => (redis === undefined ? ours(service) : foreign(service, redis)));
  return [...services, ...databases];
}

function ours(service: MeshService): MeshDocument {
  return entry(service, `${service}: every workload with the label app=${service} serves it`, {
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    workloadSelector: { labels: { app: service } },
  });
}

function foreign(service: MeshService, { host, port }: ForeignRedis): MeshDocument {
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':');
  return entry(service, `${service}: a Redis outside of the mesh ($REDIS_URL)`, {
    location: 'MESH_EXTERNAL',
    resolution: isAddress ? 'STATIC' : 'DNS',
    endpoints: [{ address: host, ports: { redis: port } }],
  });
}

function entry(service: MeshService, comment: string, spec: YamlMap): MeshDocument {
  const number = SERVICE_PORTS[service];
  const protocol = number === 6379 ? 'REDIS' : 'HTTP';
  return {
    file: `services/${service}.yaml`,
    comment,
    edges: [],
    resource: {
      apiVersion: NETWORKING,
      kind: 'ServiceEntry',
      metadata: { name: service },
      spec: { hosts: [hostOf(service)], ports: [{ number, name: protocol.toLowerCase(), protocol }], ...spec },
    },
  };
}
