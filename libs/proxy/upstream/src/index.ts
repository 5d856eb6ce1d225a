export {
  ClusterManager,
  type ClusterManagerOptions,
  type DecodedCluster,
  type DetachedCluster,
  type DiscoveredClusters,
  type ManagedCluster,
} from './cluster-manager.ts';
export { createSystemResolver, type DnsAnswer, type DnsResolver } from './dns-resolver.ts';
export { UpstreamCluster, type ClusterWorld } from './upstream-cluster.ts';
export { UpstreamHost } from './host.ts';
