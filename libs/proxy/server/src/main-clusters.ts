import { trafficOf } from '@weft/observe-metrics';
import type { ClusterStatus } from '@weft/observe-admin';
import type { Cluster, ClusterManager as Clusters } from '@weft/proxy-filter-api';
import { ClusterManager, type ClusterManagerOptions, type DecodedCluster } from '@weft/proxy-upstream';

/**
 * The static clusters that the main thread of a proxy with workers calls itself: those of control planes and of whoever is
 * told of loads and stats. Each is put to work when it is first asked for. Their traffic counts, beside that of the workers.
 */
export class MainClusters implements Clusters {
  private readonly statics: () => readonly DecodedCluster[];
  private readonly manager: ClusterManager;

  /** `statics`: all clusters of the bootstrap. */
  constructor(statics: () => readonly DecodedCluster[], options: ClusterManagerOptions) {
    this.statics = statics;
    this.manager = new ClusterManager({ ...options, stats: trafficOf(options.stats) });
  }

  get(name: string): Cluster | undefined {
    const known = this.manager.get(name);
    if (known !== undefined) return known;
    this.manager.addStatic(this.statics().filter(({ config }) => config.name === name));
    return this.manager.get(name);
  }

  /** For /clusters. */
  status(): readonly ClusterStatus[] {
    return this.manager.status();
  }

  close(): void {
    this.manager.close();
  }
}
