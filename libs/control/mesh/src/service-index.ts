import { labelsMatch } from './object.ts';
import type { MeshService } from './service.ts';
import type { MeshSnapshot } from './snapshot.ts';

interface ServiceIndex {
  /** Where each stands in `MeshSnapshot.services`. */
  readonly places: ReadonlyMap<MeshService, number>;
  /** Those that select workloads, by namespace and the first label that they ask for: `default/app=web`. */
  readonly selecting: ReadonlyMap<string, readonly MeshService[]>;
}

const indexes = new WeakMap<MeshSnapshot['services'], ServiceIndex>();

function indexOf({ services }: MeshSnapshot): ServiceIndex {
  let index = indexes.get(services);
  if (index === undefined) {
    const places = new Map([...services.values()].map((service, at) => [service, at] as const));
    const selectors = [...places.keys()].filter((service) => firstLabel(service) !== undefined);
    index = { places, selecting: Map.groupBy(selectors, (service) => firstLabel(service) ?? '') };
    indexes.set(services, index);
  }
  return index;
}

function firstLabel({ namespace, selector }: MeshService): string | undefined {
  const [first] = Object.entries(selector ?? {});
  return first && `${namespace}/${first[0]}=${first[1]}`;
}

/** The same services, each once, in the order in which the mesh has them. */
export function inMeshOrder(snapshot: MeshSnapshot, services: Iterable<MeshService>): MeshService[] {
  const { places } = indexOf(snapshot);
  return [...new Set(services)].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}

/** The services of a namespace that select workloads with these labels. */
export function servicesSelecting(
  snapshot: MeshSnapshot,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): MeshService[] {
  const { selecting } = indexOf(snapshot);
  return Object.entries(labels)
    .flatMap(([key, value]) => selecting.get(`${namespace}/${key}=${value}`) ?? [])
    .filter(({ selector }) => labelsMatch(selector, labels));
}
