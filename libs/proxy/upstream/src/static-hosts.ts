import type { Discovery, DiscoveryOwner } from './discovery.ts';
import { hostsOf, type UpstreamCluster } from './upstream-cluster.ts';

/** STATIC: the hosts are those of the configuration. */
export class StaticHosts implements Discovery {
  private readonly cluster: UpstreamCluster;
  private readonly owner: DiscoveryOwner;

  constructor(cluster: UpstreamCluster, owner: DiscoveryOwner) {
    this.cluster = cluster;
    this.owner = owner;
  }

  start(): void {
    const { loadAssignment } = this.cluster.config;
    if (loadAssignment !== undefined)
      this.cluster.setHosts(
        hostsOf(loadAssignment, this.cluster.config.connection.happyEyeballs),
        loadAssignment.policy,
      );
    this.owner.onInitialized();
  }

  close(): void {
    // Nothing runs.
  }
}
