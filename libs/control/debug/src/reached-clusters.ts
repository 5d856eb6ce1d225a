import { TYPE_URL, type Snapshot } from '@weft/xds-server';

/** The clusters that calls of a proxy's workload can end in: those that its listeners and routes name. */
export function reachedClusters(snapshot: Snapshot): ReadonlySet<string> {
  const names = new Set<string>();
  for (const typeUrl of [TYPE_URL.listener, TYPE_URL.route])
    for (const { references } of snapshot.resources(typeUrl).values())
      for (const reference of references) if (reference.typeUrl === TYPE_URL.cluster) names.add(reference.name);
  return names;
}
