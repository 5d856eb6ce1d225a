import type { MeshService, MeshSnapshot } from '@weft/control-mesh';

/** What differs between two states of a mesh, where nothing but endpoints and workloads does. */
export interface EndpointChange {
  readonly services: ReadonlySet<MeshService>;
  /** By `namespace/name`. */
  readonly workloads: ReadonlySet<string>;
}

/** Undefined: more than that differs. */
export function changeOfEndpoints(before: MeshSnapshot, after: MeshSnapshot): EndpointChange | undefined {
  if (before.services !== after.services || before.policies !== after.policies || before.config !== after.config)
    return undefined;
  const services = new Set<MeshService>();
  for (const key of differing(before.endpoints, after.endpoints)) {
    const service = after.services.get(key);
    if (service !== undefined) services.add(service);
  }
  return { services, workloads: new Set(differing(before.workloads, after.workloads)) };
}

function* differing<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): Iterable<string> {
  if (before === after) return;
  for (const [key, value] of after) if (before.get(key) !== value) yield key;
  for (const key of before.keys()) if (!after.has(key)) yield key;
}
