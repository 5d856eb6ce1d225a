export {
  clusterFingerprint,
  type ClusterConfig,
  type ConnectionOptions,
  type Discovery,
  type DnsLookupFamily,
  type DnsOptions,
  type DnsServers,
  type EdsOptions,
  type HappyEyeballs,
  type LbPolicy,
  type OriginalDstOptions,
  type Preconnect,
  type RetryBudget,
  type SourceAddress,
  type Thresholds,
  type UpstreamHttp1Options,
  type UpstreamHttp2Options,
  type UpstreamHttpOptions,
  type UpstreamKeepalive,
  type UpstreamProtocol,
} from './cluster.ts';
export { decodeCluster, supported } from './cluster.decode.ts';
export { decodeBindConfig } from './connection-options.decode.ts';
export { decodeDnsServers, SYSTEM_DNS } from './dns-options.decode.ts';
export {
  DEFAULT_ASSIGNMENT_POLICY,
  endpointAddressText,
  HEALTH_STATUSES,
  healthClass,
  type AssignmentPolicy,
  type DropOverload,
  type Endpoint,
  type EndpointAddress,
  type EndpointMetadata,
  type HealthStatus,
  type LoadAssignment,
  type Locality,
  type LocalityEndpoints,
} from './load-assignment.ts';
export { decodeLoadAssignment, type AddressKind } from './load-assignment.decode.ts';
export { priorityLoads, type PriorityHealth, type PriorityLoad } from './priority-load.ts';
export {
  matchTransportSocket,
  type ProxyProtocol,
  type TransportSocket,
  type TransportSocketMatch,
} from './transport-socket.ts';
