import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import {
  mtlsMode,
  refText,
  scopeOf,
  upstreamFault,
  workloadKey,
  type EffectiveMtls,
  type MeshProxy,
  type MeshSnapshot,
  type Workload,
} from '@weft/control-mesh';
import { OWN_CERTIFICATE, parseOutboundCluster } from '@weft/control-translate';
import { TYPE_URL, type Snapshot } from '@weft/xds-server';
import type { DebugSource } from './debug-source.ts';
import { listAt, objectAt, textAt } from './json-path.ts';
import { reachedClusters } from './reached-clusters.ts';
import { resourceJson, resourcesOf } from './resource-json.ts';

/** One end of an edge. */
export interface EdgeEnd {
  /** What people call it: the service it registered for, its `app` label, or the workload's own name. */
  readonly name: string;
  readonly namespace: string;
  /** `''`: none of the mesh. */
  readonly workload: string;
  /** `spiffe://…`; `''`: it has none. */
  readonly identity: string;
}

/** `reports`: it called. `scope`: it declared or dialled it. `visibility`: it declared nothing, and may call. */
export type EdgeBasis = 'reports' | 'scope' | 'visibility';

/** Who calls whom. */
export interface Edge {
  readonly source: EdgeEnd;
  readonly destination: EdgeEnd;
  /** Host and port that the source calls. */
  readonly service: string;
  readonly port: number;
  /** Both ends prove who they are, over TLS. */
  readonly secured: boolean;
  /** Why it is not; `''` where it is. */
  readonly reason: string;
  readonly basis: EdgeBasis;
}

/** The edges of all proxies that are connected, one for each workload that an endpoint leads to. */
export function edges(source: DebugSource, mesh: MeshSnapshot): Edge[] {
  const nodes = new Set(source.proxies().flatMap(({ node }) => (node === undefined ? [] : [node.id])));
  const reported = reportedClusters(source);
  return [...nodes].flatMap((id) => {
    const proxy = source.meshProxy(id);
    const snapshot = source.snapshotOf(id);
    if (proxy === undefined || snapshot === undefined) return [];
    return once(new ProxyEdges(mesh, proxy, snapshot).edges(reported.get(id)));
  });
}

/** Subsets and ports that lead to the same workload are one edge; of what may be called, oneself is no news. */
function once(all: readonly Edge[]): Edge[] {
  const found = new Map<string, Edge>();
  for (const edge of all) {
    const { source, destination, service, secured, basis } = edge;
    if (basis === 'visibility' && source.workload === destination.workload) continue;
    const key = destination.workload === '' ? service : `${destination.namespace}/${destination.workload}`;
    if (!found.has(key) || !secured) found.set(key, edge);
  }
  return [...found.values()];
}

/** By node: the clusters that it called. */
function reportedClusters(source: DebugSource): Map<string, Set<string>> {
  const called = new Map<string, Set<string>>();
  for (const { proxyId, cluster, succeeded, failed, inProgress } of source.loads()) {
    const names = called.get(proxyId) ?? new Set<string>();
    if (succeeded + failed + inProgress > 0) names.add(cluster);
    called.set(proxyId, names);
  }
  return called;
}

/** A destination as the source's own configuration has it. */
interface Target {
  readonly address: string;
  readonly workload: Workload | undefined;
  readonly takesMtls: boolean;
}

class ProxyEdges {
  private readonly mesh: MeshSnapshot;
  private readonly proxy: MeshProxy;
  private readonly snapshot: Snapshot;

  constructor(mesh: MeshSnapshot, proxy: MeshProxy, snapshot: Snapshot) {
    this.mesh = mesh;
    this.proxy = proxy;
    this.snapshot = snapshot;
  }

  edges(called: ReadonlySet<string> | undefined): Edge[] {
    return [...this.reachedEdges(called), ...this.absentEdges()];
  }

  /** Upstreams that lead nowhere yet. */
  private absentEdges(): Edge[] {
    const { mesh, proxy, source } = this;
    return proxy.upstreams.flatMap((upstream): Edge[] => {
      const { host: service, port } = upstream;
      const fault = upstreamFault(mesh, proxy, upstream);
      if (fault === undefined) return [];
      const destination = {
        name: `${shortHost(service)}:${port}`,
        namespace: proxy.namespace,
        workload: '',
        identity: '',
      };
      return [
        { source, destination, service, port, secured: false, reason: `cannot be called: ${fault}`, basis: 'scope' },
      ];
    });
  }

  private reachedEdges(called: ReadonlySet<string> | undefined): Edge[] {
    const { declared } = this;
    const reached = reachedClusters(this.snapshot);
    return resourcesOf(this.snapshot, TYPE_URL.cluster).flatMap((resource): Edge[] => {
      const parts = parseOutboundCluster(resource.name);
      if (parts === undefined || !reached.has(resource.name)) return [];
      const basis = called?.has(resource.name) === true ? 'reports' : declared;
      // Who declared nothing and reports calls is known by them alone.
      if (basis === 'visibility' && called !== undefined) return [];
      const cluster = resourceJson(resource);
      return this.targets(resource.name, cluster).map((target): Edge => {
        const reason = this.insecure(cluster, target, parts.port);
        return {
          source: this.source,
          destination: endOf(target.workload, shortHost(parts.host), parts.host.split('.')[1] ?? ''),
          service: parts.host,
          port: parts.port,
          secured: reason === '',
          reason,
          basis,
        };
      });
    });
  }

  private get declared(): EdgeBasis {
    if (this.proxy.role === 'gateway') return 'scope';
    const { by, onDemand } = scopeOf(this.mesh, this.proxy);
    // Of what it may call it has those alone that it called.
    return by === 'visibility' && !onDemand ? 'visibility' : 'scope';
  }

  private get source(): EdgeEnd {
    const { namespace, name, serviceAccount } = this.proxy;
    const workload = this.mesh.workloads.get(workloadKey(this.proxy));
    const own = endOf(workload, appOf(this.proxy.labels) ?? name, namespace);
    const identity = `spiffe://${this.mesh.config.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
    return { ...own, workload: name, identity };
  }

  private targets(name: string, cluster: JsonObject): Target[] {
    const serviceName = textAt(cluster, 'eds_cluster_config', 'service_name');
    const eds = this.snapshot.resources(TYPE_URL.endpoint).get(serviceName === '' ? name : serviceName);
    const assignment = eds === undefined ? objectAt(cluster, 'load_assignment') : resourceJson(eds);
    const targets = listAt(assignment, 'endpoints')
      .flatMap((locality) => listAt(locality, 'lb_endpoints'))
      .map((endpoint): Target => {
        const metadata = objectAt(endpoint, 'metadata', 'filter_metadata');
        const [workload = '', namespace = ''] = textAt(metadata, 'istio', 'workload').split(';');
        return {
          address: textAt(endpoint, 'endpoint', 'address', 'socket_address', 'address'),
          workload: this.mesh.workloads.get(workloadKey({ namespace, name: workload })),
          takesMtls: textAt(metadata, 'envoy.transport_socket_match', 'tlsMode') === 'istio',
        };
      });
    const workloads = new Set(targets.map(({ workload, address }) => workload ?? address));
    return targets.filter(({ workload, address }) => workloads.delete(workload ?? address));
  }

  /** Why calls to the target do not prove both ends over TLS; `''`: they do. */
  private insecure(cluster: JsonObject, { workload, takesMtls }: Target, port: number): string {
    const socket = objectAt(cluster, 'transport_socket');
    const matches = listAt(cluster, 'transport_socket_matches').some((match) =>
      ownIdentity(objectAt(match, 'transport_socket')),
    );
    if (Object.keys(socket).length > 0) {
      if (ownIdentity(socket)) return '';
      return isTls(socket) ? 'TLS, but the caller does not prove who it is' : 'a DestinationRule says plaintext';
    }
    if (!takesMtls && workload === undefined) return 'not in the mesh';
    if (!takesMtls && workload?.proxied === false) return `${workload.name} has no proxy`;
    const { mode, source } = this.modeOf(workload, port);
    if (mode !== 'DISABLE') return matches ? '' : 'a DestinationRule turns mutual TLS off';
    return `${source === undefined ? 'the mesh' : refText(source.ref)} says DISABLE`;
  }

  private modeOf(workload: Workload | undefined, port: number): EffectiveMtls {
    if (workload === undefined) return { mode: 'PERMISSIVE', source: undefined };
    const { namespace, labels, ports } = workload;
    const appPort = ports.find(({ servicePort }) => servicePort === port)?.appPort ?? port;
    return mtlsMode(this.mesh, { namespace, labels, port: appPort });
  }
}

function endOf(workload: Workload | undefined, otherwise: string, namespace: string): EdgeEnd {
  if (workload === undefined) return { name: otherwise, namespace, workload: '', identity: '' };
  const { name, service, labels, proxied, identity } = workload;
  return {
    name: service === '' ? (appOf(labels) ?? name) : shortHost(service),
    namespace: workload.namespace,
    workload: name,
    identity: proxied ? identity : '',
  };
}

function appOf(labels: Readonly<Record<string, string>>): string | undefined {
  return labels['app.kubernetes.io/name'] ?? labels['app'];
}

/** Services of the cluster by their first name; other hosts whole. */
export function shortHost(host: string): string {
  const [name = host, , svc] = host.split('.');
  return svc === 'svc' || !host.includes('.') ? name : host;
}

function isTls(socket: JsonObject): boolean {
  return textAt(socket, 'typed_config', '@type').endsWith('.UpstreamTlsContext');
}

/** TLS with the certificate that the control plane gave the workload. */
function ownIdentity(socket: JsonObject): boolean {
  if (!isTls(socket)) return false;
  const certificates = listAt(socket, 'typed_config', 'common_tls_context', 'tls_certificate_sds_secret_configs');
  return certificates.some((one: JsonValue) => textAt(one, 'name') === OWN_CERTIFICATE);
}

/** The same by name: all workloads of a source to all of a destination are one edge, secured if each is. */
export function groupEdges(all: readonly Edge[]): Edge[] {
  const key = ({ source, destination }: Edge): string =>
    [source.name, source.namespace, destination.name, destination.namespace].join(' ');
  return [...Map.groupBy(all, key).values()]
    .map((group) => group.find(({ secured }) => !secured) ?? (group[0] as Edge))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
