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
      // Envoy's upstream_rq_dropped: what no host was asked for.
      dropped: { ...Object.fromEntries(overloadDrops.counts), '': requestStats.upstreamRqMaintenanceMode.value },
    };
  });
}
