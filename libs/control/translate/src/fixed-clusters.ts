import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { TranslateContext } from './context.ts';
import { BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER } from './names.ts';
import { duration, make } from './proto.ts';
import type { ResourceDraft } from './resources.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** Where calls go that nobody described: nowhere, or where they were going. */
export function fixedClusters({ proxy }: TranslateContext, draft: ResourceDraft): void {
  draft.clusters.push(
    make<Cluster>('envoy.config.cluster.v3.Cluster', {
      name: BLACK_HOLE_CLUSTER,
      clusterDiscoveryType: { case: 'type', value: 0 },
      connectTimeout: duration(CONNECT_TIMEOUT_MS),
      loadAssignment: { clusterName: BLACK_HOLE_CLUSTER },
    }),
  );
  // Only redirected connections were going somewhere else.
  if (proxy.role !== 'sidecar' || proxy.traffic !== 'capture') return;
  draft.clusters.push(
    make<Cluster>('envoy.config.cluster.v3.Cluster', {
      name: PASSTHROUGH_CLUSTER,
      clusterDiscoveryType: { case: 'type', value: 4 },
      lbPolicy: 6,
      connectTimeout: duration(CONNECT_TIMEOUT_MS),
    }),
  );
}
