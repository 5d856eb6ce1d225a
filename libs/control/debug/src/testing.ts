import type { JsonObject } from '@bufbuild/protobuf';
import { parse } from 'yaml';
import {
  MeshSnapshotBuilder,
  type MeshConfig,
  type MeshProxy,
  type MeshSnapshot,
  type WorkloadRegistration,
} from '@weft/control-mesh';
import { ObjectFiles, type ObjectSet } from '@weft/control-sources';
import { translate } from '@weft/control-translate';
import { encodeResource, Snapshot, TYPE_URL, type ProxyStatus, type TypeStatus } from '@weft/xds-server';
import type { ConfigHistory } from './config-history.ts';
import type { DebugSource, ProxyLoad, WithheldPart } from './debug-source.ts';

/** What a written-down source has beside its world. */
export interface TestSourceOptions {
  readonly history?: ConfigHistory;
  readonly authority?: DebugSource['authority'];
  readonly loads?: readonly ProxyLoad[];
  /** By proxy name and type URL: how that type stands. Default: synced. */
  readonly states?: Readonly<Record<string, Readonly<Record<string, Partial<TypeStatus>>>>>;
  /** By proxy name: what it is not told. */
  readonly withheld?: Readonly<Record<string, readonly WithheldPart[]>>;
  /** Names of proxies that are not connected. */
  readonly absent?: readonly string[];
  /** By proxy name: what its node says of itself. */
  readonly metadata?: Readonly<Record<string, JsonObject>>;
}

/** The document of a world that is no resource. */
interface WorldDocument {
  readonly mesh?: Partial<MeshConfig>;
  readonly proxies?: readonly (Partial<MeshProxy> & { readonly name: string })[];
  readonly workloads?: readonly (Partial<WorkloadRegistration> & { readonly name: string })[];
}

const CONNECTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/**
 * A source over a mesh written as YAML: resources as users write them, and documents with `mesh`, `proxies` and `workloads`. Each
 * proxy is connected and has what translation gives it.
 */
export function testSource(world: string, options: TestSourceOptions = {}): DebugSource {
  const documents = world.split(/^---$/m);
  const own = documents.flatMap((text) => {
    const value = parse(text) as Record<string, unknown> | null;
    return value === null || 'apiVersion' in value ? [] : [value as WorldDocument];
  });
  const files = new ObjectFiles();
  const resources = documents.filter((text) => /^apiVersion:/m.test(text)).join('---\n');
  files.update(new Map([['mesh.yaml', resources]]));
  const set = files.snapshot();
  const mesh = meshOf(own, set);
  const proxies = own.flatMap(({ proxies: all = [] }) => all.map(completeProxy));
  const connected = proxies.filter(({ name }) => options.absent?.includes(name) !== true);
  const snapshots = new Map(connected.map((proxy) => [proxy.id, snapshotFor(mesh, proxy)]));
  return {
    name: 'weft-control-plane',
    version: '0.1.0',
    proxies: () => connected.map((proxy) => statusFor(proxy, snapshots.get(proxy.id) as Snapshot, options)),
    meshProxy: (id) => proxies.find((proxy) => proxy.id === id),
    snapshotOf: (id) => snapshots.get(id),
    withheld: (id) => options.withheld?.[proxies.find((proxy) => proxy.id === id)?.name ?? ''] ?? [],
    mesh: () => mesh,
    documents: () => set,
    loads: () => options.loads ?? [],
    accessLogs: () => [],
    metrics: () => [],
    rest: () => Promise.resolve(),
    authority: options.authority,
    history: options.history,
  };
}

function meshOf(own: readonly WorldDocument[], { objects }: ObjectSet): MeshSnapshot {
  const builder = new MeshSnapshotBuilder(Object.assign({}, ...own.map(({ mesh }) => mesh)) as Partial<MeshConfig>);
  for (const workload of own.flatMap(({ workloads = [] }) => workloads))
    builder.register({
      namespace: 'default',
      service: '',
      addresses: [],
      ports: [],
      labels: {},
      healthy: true,
      ...workload,
    });
  for (const object of objects.values()) builder.set(object);
  return builder.build();
}

function completeProxy(proxy: Partial<MeshProxy> & { readonly name: string }): MeshProxy {
  const { name, role = 'sidecar', namespace = 'default', addresses = ['10.0.0.9'] } = proxy;
  return {
    id: `${role === 'gateway' ? 'router' : role}~${addresses[0] ?? ''}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    role,
    namespace,
    labels: {},
    serviceAccount: 'default',
    addresses,
    traffic: 'capture',
    upstreams: [],
    dialled: [],
    locality: '',
    ...proxy,
  };
}

function snapshotFor(mesh: MeshSnapshot, proxy: MeshProxy): Snapshot {
  const { clusters, endpoints, listeners, routes } = translate(mesh, proxy);
  return Snapshot.of([...clusters, ...endpoints, ...listeners, ...routes].map((message) => encodeResource(message)));
}

const ASKED = [TYPE_URL.cluster, TYPE_URL.listener, TYPE_URL.endpoint, TYPE_URL.route];

function statusFor(proxy: MeshProxy, snapshot: Snapshot, { states, metadata }: TestSourceOptions): ProxyStatus {
  const [region = '', zone = '', subZone = ''] = proxy.locality.split('/');
  return {
    connectionId: `weft-control-plane-${proxy.name}`,
    node: {
      id: proxy.id,
      cluster: proxy.name,
      locality: { region, zone, subZone },
      metadata: metadata?.[proxy.name] ?? {},
      userAgentName: 'weft',
      userAgentVersion: '0.1.0',
      clientFeatures: [],
    },
    peerAddress: `${proxy.addresses[0] ?? ''}:41000`,
    protocol: 'delta',
    connectedMs: CONNECTED_MS,
    types: ASKED.map((typeUrl) => ({
      typeUrl,
      state: 'SYNCED',
      versionSent: snapshot.resources(typeUrl).version,
      versionAcknowledged: snapshot.resources(typeUrl).version,
      sentMs: CONNECTED_MS + 10,
      acknowledgedMs: CONNECTED_MS + 12,
      error: undefined,
      wildcard: typeUrl === TYPE_URL.cluster || typeUrl === TYPE_URL.listener,
      subscribed: snapshot.resources(typeUrl).size,
      resources: snapshot.resources(typeUrl).size,
      ...states?.[proxy.name]?.[typeUrl],
    })),
  };
}
