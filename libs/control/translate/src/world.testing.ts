import { parse } from 'yaml';
import { readText } from '@weft/api-kube';
import {
  MeshSnapshotBuilder,
  type MeshConfig,
  type MeshObject,
  type MeshProxy,
  type MeshSnapshot,
  type WorkloadRegistration,
} from '@weft/control-mesh';

/** A mesh written down for a test. */
export interface TestWorld {
  readonly snapshot: MeshSnapshot;
  readonly builder: MeshSnapshotBuilder;
  /** Every resource, those too that a snapshot has not. */
  readonly documents: readonly MeshObject[];
  /** By their names. */
  readonly proxies: ReadonlyMap<string, MeshProxy>;
}

/** The document of a world that is no resource. */
interface WorldDocument {
  readonly mesh?: Partial<MeshConfig>;
  readonly proxies?: readonly (Partial<MeshProxy> & { readonly name: string })[];
  readonly workloads?: readonly (Partial<WorkloadRegistration> & { readonly name: string })[];
}

/**
 * A world from YAML: resources as users write them, and documents with `mesh`, `proxies` and `workloads`. What is further up
 * is older. Throws with every fault of a resource.
 */
export function readWorld(yaml: string, file = 'in.yaml'): TestWorld {
  const documents = yaml.split(/^---$/m).filter((text) => text.trim() !== '');
  const own = documents.flatMap((text) => {
    const value = parse(text) as Record<string, unknown> | null;
    return value === null || 'apiVersion' in value ? [] : [value as WorldDocument];
  });
  const builder = new MeshSnapshotBuilder(Object.assign({}, ...own.map(({ mesh }) => mesh)) as Partial<MeshConfig>);
  const proxies = new Map<string, MeshProxy>();
  for (const { proxies: all = [], workloads = [] } of own) {
    for (const proxy of all) proxies.set(proxy.name, testProxy(proxy));
    for (const workload of workloads) builder.register(testWorkload(workload));
  }
  const objects = resources(documents, file);
  for (const object of objects) builder.set(object);
  return { snapshot: builder.build(), builder, proxies, documents: objects };
}

function resources(documents: readonly string[], file: string): MeshObject[] {
  const faults: string[] = [];
  const objects = documents
    .filter((text) => /^apiVersion:/m.test(text))
    .flatMap((text) => readText({ text, file, format: 'yaml' }))
    .flatMap(({ object, faults: own }, i): MeshObject[] => {
      faults.push(...own.map(({ path, message }) => `${file}: document ${i}: ${path}: ${message}`));
      if (object === undefined) return [];
      const { group, kind, metadata, spec } = object;
      const { namespace, name, labels, annotations } = metadata;
      return [{ ref: { group, kind, namespace, name }, createdAtMs: i, labels, annotations, spec }];
    });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return objects;
}

export function testProxy(proxy: Partial<MeshProxy> & { readonly name: string }): MeshProxy {
  const { name, role = 'sidecar', namespace = 'default', addresses = ['10.0.0.9'] } = proxy;
  return {
    id: `${role}~${addresses[0] ?? ''}~${name}.${namespace}~${namespace}.svc.cluster.local`,
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

export function testWorkload(
  workload: Partial<WorkloadRegistration> & { readonly name: string },
): WorkloadRegistration {
  return { namespace: 'default', service: '', addresses: [], ports: [], labels: {}, healthy: true, ...workload };
}
