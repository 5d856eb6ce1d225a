import type { RequestHeaderMap } from '@weft/core-http';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import type { ClusterSpecifier, ResolvedRoute, Route, WeightedCluster } from './route.ts';

type Weighted = Extract<ClusterSpecifier, { kind: 'weighted_clusters' }>;
interface Draw {
  readonly flags: RuntimeSnapshot;
  readonly draw: number;
}

/** The cluster of one request on a route that matched it. */
export function resolveRoute(route: Route, headers: RequestHeaderMap, cx: Draw): ResolvedRoute {
  const only = route.resolved[0] as ResolvedRoute;
  const { action } = route;
  if (action.kind !== 'forward' || action.cluster.kind === 'cluster') return only;
  const { cluster } = action;
  if (cluster.kind === 'cluster_header') return { ...only, clusterName: headers.get(cluster.header) ?? '' };
  const place = pickCluster(cluster, headers, cx);
  const picked = route.resolved[place] as ResolvedRoute;
  const { clusterHeader } = cluster.clusters[place] as WeightedCluster;
  return clusterHeader === '' ? picked : { ...picked, clusterName: headers.get(clusterHeader) ?? '' };
}

/** The place of the cluster that the request's draw falls on. Weights are relative to their sum. */
function pickCluster(specifier: Weighted, headers: RequestHeaderMap, cx: Draw): number {
  const { clusters, hasRuntimeKeys, drawHeader } = specifier;
  let total = specifier.totalWeight;
  if (hasRuntimeKeys) {
    total = 0;
    for (const cluster of clusters) total += weightNow(cluster, cx.flags);
  }
  // An operator has set every weight to 0: there is no share to keep to.
  if (total === 0) return 0;
  let rest = drawOf(drawHeader, headers, cx) % total;
  for (let place = 0; place < clusters.length; place += 1) {
    const cluster = clusters[place] as WeightedCluster;
    const weight = hasRuntimeKeys ? weightNow(cluster, cx.flags) : cluster.weight;
    if (rest < weight) return place;
    rest -= weight;
  }
  return clusters.length - 1;
}

function weightNow(cluster: WeightedCluster, flags: RuntimeSnapshot): number {
  return cluster.runtimeKey === '' ? cluster.weight : Math.max(0, flags.integer(cluster.runtimeKey, cluster.weight));
}

function drawOf(drawHeader: string, headers: RequestHeaderMap, cx: Draw): number {
  if (drawHeader === '') return cx.draw;
  const given = headers.get(drawHeader);
  return given !== undefined && /^\d{1,15}$/.test(given) ? Number(given) : cx.draw;
}
