export {
  ClusterManager,
  type ClusterManagerOptions,
  type DecodedCluster,
  type DetachedCluster,
  type DiscoveredClusters,
  type ManagedCluster,
} from './cluster-manager.ts';
export { RelayedResolvers, SharedResolver, type DnsQuestion, type DnsResolverChoice } from './dns-relay.ts';
export { DnsResolvers } from './dns-resolvers.ts';
export { createSystemResolver, type DnsAnswer, type DnsResolver } from './dns-resolver.ts';
export { UpstreamCluster, type ClusterWorld } from './upstream-cluster.ts';
export { UpstreamHost } from './host.ts';
