/** Which clusters a server asks about. It can be copied to another thread, as can all of this file. */
export interface LoadWish {
  readonly clusters: readonly string[] | 'all';
  /** Each endpoint is told of too. */
  readonly endpoints: boolean;
}

/** Requests since it was told last; `active`: now. */
export interface Load {
  readonly success: number;
  readonly error: number;
  readonly active: number;
  readonly issued: number;
}

export interface EndpointLoad extends Load {
  readonly address: { readonly ip: string; readonly port: number };
}

/** What went to the hosts of one locality and priority. */
export interface LocalityLoad extends Load {
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly priority: number;
  readonly endpoints: readonly EndpointLoad[];
}

/** Requests that a policy dropped, by its category. */
export type Drops = ReadonlyMap<string, number>;

export interface ClusterLoad {
  readonly name: string;
  /** `EdsClusterConfig.service_name`; `''` without. */
  readonly serviceName: string;
  /** Requests that were not sent anywhere, for whatever reason. */
  readonly dropped: number;
  readonly droppedByCategory: Drops;
  /** How long it was counted, in milliseconds. */
  readonly sinceMs: number;
  readonly localities: readonly LocalityLoad[];
}

/** Who counts: one event loop, or several. */
export interface LoadSource {
  /** From now on these are asked about. Counting begins where a cluster is new among them. */
  beginLoads(wish: LoadWish): void;
  /** What happened since this was called last; of what did not move, nothing. */
  takeLoads(): readonly ClusterLoad[] | Promise<readonly ClusterLoad[]>;
}

/** What several event loops counted, added up. */
export function sumLoads(parts: readonly (readonly ClusterLoad[])[]): ClusterLoad[] {
  return merge(parts.flat(), ({ name }) => name, sumClusters);
}

function sumClusters(a: ClusterLoad, b: ClusterLoad): ClusterLoad {
  return {
    ...a,
    dropped: a.dropped + b.dropped,
    droppedByCategory: sumDrops(a.droppedByCategory, b.droppedByCategory),
    sinceMs: Math.max(a.sinceMs, b.sinceMs),
    localities: merge(
      [...a.localities, ...b.localities],
      ({ priority, locality: { region, zone, subZone } }) => JSON.stringify([priority, region, zone, subZone]),
      (one, other) => ({
        ...one,
        ...sum(one, other),
        endpoints: merge(
          [...one.endpoints, ...other.endpoints],
          ({ address: { ip, port } }) => `${ip} ${port}`,
          (endpoint, same) => ({ ...endpoint, ...sum(endpoint, same) }),
        ),
      }),
    ),
  };
}

function sumDrops(a: Drops, b: Drops): Drops {
  const total = new Map(a);
  for (const [category, count] of b) total.set(category, (total.get(category) ?? 0) + count);
  return total;
}

function sum(a: Load, b: Load): Load {
  return {
    success: a.success + b.success,
    error: a.error + b.error,
    active: a.active + b.active,
    issued: a.issued + b.issued,
  };
}

/** In the order in which each key comes first. */
function merge<T>(list: readonly T[], keyOf: (one: T) => string, add: (a: T, b: T) => T): T[] {
  const found = new Map<string, T>();
  for (const one of list) {
    const key = keyOf(one);
    const known = found.get(key);
    found.set(key, known === undefined ? one : add(known, one));
  }
  return [...found.values()];
}
