import { configToJson } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';

/** Where a listener's inline routes name a cluster. */
export interface ClusterPlace {
  readonly cluster: string;
  /** Proto names and indexes below the listener. */
  readonly path: readonly (string | number)[];
}

type Path = readonly (string | number)[];

/** Every place of a listener where a route names a cluster, in the order of the configuration. */
export function clusterPlaces(listener: Listener): readonly ClusterPlace[] {
  const places: ClusterPlace[] = [];
  walk(configToJson(listener), [], (action, path) => {
    const { cluster, weighted_clusters: weighted, request_mirror_policies: mirrors } = action;
    add(places, cluster, [...path, 'cluster']);
    list((weighted as Fields | undefined)?.['clusters']).forEach((entry, i) =>
      add(places, (entry as Fields)['name'], [...path, 'weighted_clusters', 'clusters', i, 'name']),
    );
    list(mirrors).forEach((entry, i) =>
      add(places, (entry as Fields)['cluster'], [...path, 'request_mirror_policies', i, 'cluster']),
    );
  });
  return places;
}

type Fields = Readonly<Record<string, unknown>>;

/** Calls `found` with each route action: the field `route` of an element of `routes`. */
function walk(value: unknown, path: Path, found: (action: Fields, path: Path) => void): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    value.forEach((entry, i) => walk(entry, [...path, i], found));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    // Whoever says that the clusters need not be there yet is believed.
    if (key === 'route_config' && (inner as Fields)['validate_clusters'] === false) continue;
    if (key === 'route' && path.at(-2) === 'routes') found(inner as Fields, [...path, key]);
    else walk(inner, [...path, key], found);
  }
}

function add(places: ClusterPlace[], cluster: unknown, path: Path): void {
  if (typeof cluster === 'string') places.push({ cluster, path });
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
