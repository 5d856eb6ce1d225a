export {
  BUFFER,
  CONSUME,
  CONTINUE,
  STOP,
  type DataStatus,
  type FilterFactoryContext,
  type FilterStream,
  type HeadersStatus,
  type HttpFilter,
  type HttpFilterFactory,
  type TrailersStatus,
} from './http-filter.ts';
export type {
  Connection,
  ConnectionHandler,
  DrainDecision,
  EarlyConnections,
  GrowingRoutes,
  ListenerFacts,
  NetworkFilterFactory,
  PreparedNetworkFilter,
  RouteProvider,
  RouteRequest,
  RouteRequestOwner,
  ServerContext,
} from './network-filter.ts';
export {
  AsyncRequest,
  type AsyncRequestFailure,
  type AsyncRequestOptions,
  type AsyncRequestOwner,
} from './async-request.ts';
export { ANY_HOST } from './cluster.ts';
export type {
  Cluster,
  ClusterManager,
  ClusterRequestStats,
  Host,
  HostStats,
  HttpPoolCallbacks,
  LoadBalancerContext,
  PoolFailure,
  PoolHandle,
  RetryBreaker,
  TcpPoolCallbacks,
} from './cluster.ts';
export type {
  ClusterDiscovery,
  ClusterDiscoveryHandle,
  ClusterDiscoveryOutcome,
  ClusterDiscoveryOwner,
  ClusterDiscoverySource,
} from './cluster-discovery.ts';
export type {
  AcceptedConnection,
  ListenerFilter,
  ListenerFilterFacts,
  ListenerFilterFactory,
  ListenerFilterStatus,
  PreparedListenerFilter,
} from './listener-filter.ts';
export { FilterState, type FilterStateKey } from './filter-state.ts';
export type { DecodedFilter, FilterDiscovery, FilterProvider } from './filter-discovery.ts';
export type { InternalListeners } from './internal-listeners.ts';
export type {
  FilteredConnection,
  NetworkFilter,
  NetworkFilterStatus,
  PreparedReadFilter,
  ReadFilterFactory,
} from './read-filter.ts';
export type {
  Handshake,
  HandshakeFailure,
  HandshakeOwner,
  PreparedTransportSocket,
  TransportSocketFactory,
} from './transport-socket.ts';
export type { LocalReply } from './local-reply.ts';
export type { StreamSpan } from './span.ts';
export type { CommandSpan, CommandTracer } from './command-tracer.ts';
export type { LoadShedPoint, OverloadState, ScaledTimer } from './overload.ts';
export type { ListenSockets, SocketGrant, SocketWish } from './listen-sockets.ts';
export { PROXY_PROTOCOL_STATE, PROXY_PROTOCOL_TLVS, type ProxyProtocolState } from './proxy-protocol-state.ts';
export type {
  PreparedUdpListenerFilter,
  UdpListenerFilter,
  UdpListenerFilterFactory,
  UdpListenerSocket,
} from './udp-listener-filter.ts';
