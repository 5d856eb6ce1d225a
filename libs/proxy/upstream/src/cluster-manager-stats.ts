import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** `cluster_manager.`: Envoy's cluster manager statistics. */
export class ClusterManagerStats {
  readonly clusterAdded: Counter;
  readonly clusterModified: Counter;
  readonly clusterRemoved: Counter;
  readonly clusterUpdated: Counter;
  readonly activeClusters: Gauge;
  readonly warmingClusters: Gauge;

  constructor(scope: StatsScope) {
    this.clusterAdded = scope.counter('cluster_added');
    this.clusterModified = scope.counter('cluster_modified');
    this.clusterRemoved = scope.counter('cluster_removed');
    this.clusterUpdated = scope.counter('cluster_updated');
    this.activeClusters = scope.gauge('active_clusters');
    this.warmingClusters = scope.gauge('warming_clusters');
    for (const name of ['cluster_updated_via_merge', 'update_merge_cancelled', 'update_out_of_merge_window'])
      scope.counter(name);
  }
}
