import type { ClusterManager } from '@weft/proxy-upstream';
import type { ReportedCluster } from '@weft/xds-client';

/** What the load reporter tells of the clusters that serve now. */
export function reportedClusters(clusters: ClusterManager): ReportedCluster[] {
  return clusters.all.map(({ cluster }) => {
    const { name, hosts, config, requestStats, overloadDrops } = cluster;
    const { discovery } = config;
    return {
      name,
      serviceName: discovery.kind === 'EDS' && discovery.eds.serviceName !== name ? discovery.eds.serviceName : '',
      hosts,
      dropped: requestStats.dropped,
      droppedByCategory: new Map(overloadDrops.counts),
    };
  });
}
