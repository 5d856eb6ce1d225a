import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { Transport, TransportReceiver } from '@weft/core-bytes';
import type { GrpcChannel } from '@weft/core-grpc';
import type { DownstreamConnection, StreamInfo } from '@weft/core-http';
import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource, GrpcService } from '@weft/model-config-source';
import type { RouteTable } from '@weft/model-route';
import type { ClusterManager } from './cluster.ts';
import type { ClusterDiscovery, ClusterDiscoverySource } from './cluster-discovery.ts';
import type { CommandTracer } from './command-tracer.ts';
import type { FilterDiscovery, FilterProvider } from './filter-discovery.ts';
import type { FilterState } from './filter-state.ts';
import type { ListenSockets } from './listen-sockets.ts';
import type { OverloadState } from './overload.ts';

/** One accepted connection, given to the terminal network filter (tcp_proxy, http_connection_manager). */
export interface Connection {
  readonly transport: Transport;
  readonly info: DownstreamConnection;
  /** Listener.per_connection_buffer_limit_bytes: what filters may hold of one stream. */
  readonly bufferLimitBytes: number;
  /** What filters leave for those behind them. Absent where the listener has none that would. */
  readonly filterState?: FilterState;
  /** What the listener logs of it: terminal filters tell here what they find out. Absent where the listener logs nothing. */
  readonly streamInfo?: StreamInfo;
}

/** A terminal filter's part in one connection: it receives the bytes and answers on the transport. */
export interface ConnectionHandler extends TransportReceiver {
  /** The listener drains: finish what is under way, start nothing new, then close. */
  drain(): void;
  /** True where only the peers know when they are done: the proxy does not wait for such a connection to stop. */
  readonly tunnel?: boolean;
}

/** What everything built from a listener's configuration may use. Lives as long as the process. */
export interface ServerContext {
  readonly runtime: Runtime;
  readonly flags: RuntimeSnapshot;
  readonly clusters: ClusterManager;
  /** The root of all stat names. */
  readonly stats: StatsScope;
  readonly node: {
    readonly id: string;
    readonly cluster: string;
    readonly zone: string;
    /** Absent: there is none. */
    readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  };
  /**
   * True where a response should end its connection, because the proxy drains. Asked once per response: while a gradual
   * drain goes on it is true more and more often.
   */
  readonly draining: boolean;
  /** True after POST /healthcheck/fail: the health_check filter answers 503. */
  readonly healthCheckFailed?: boolean;
  /** How loaded the process is. Absent: no overload manager. */
  readonly overload?: OverloadState;
  /** Which of the workers this is, from 0; with one event loop there is no other. Default 0. */
  readonly workerIndex?: number;
  /** Absent: listeners bind for themselves. */
  readonly sockets?: ListenSockets;
  /** Absent: there is no `Bootstrap.tracing`. Asked for when a filter is prepared. */
  readonly commandTracer?: CommandTracer | undefined;
  /**
   * Routes that come by RDS, counted under `stats`. The provider is asked per request: what it has changes when an update
   * is accepted.
   */
  routes(name: string, source: ConfigSource, stats: StatsScope): RouteProvider;
  /** Routes of the configuration itself whose `vhds` is asked for more virtual hosts. Absent: none come. */
  growingRoutes?(routes: GrowingRoutes & { readonly source: ConfigSource }, stats: StatsScope): RouteProvider;
  /** A channel to a gRPC service, over a cluster of this proxy or straight to an address. Absent: none can be reached. */
  grpcChannel?(service: GrpcService): GrpcChannel;
  /** Filters that come by ECDS. Absent: none come. */
  filters?(wanted: FilterDiscovery): FilterProvider;
  /** Clusters on demand. Absent: none come. */
  clusterDiscovery?(from: ClusterDiscoverySource): ClusterDiscovery;
}

/** A route table that virtual hosts can be added to. */
export interface GrowingRoutes {
  readonly table: RouteTable;
  /** The table with these VirtualHosts as well. Faults go to `cx`; then there is none. */
  tableWith(hosts: readonly Message[], cx: DecodeContext): RouteTable | undefined;
}

/** A route table that may change, and may not have arrived yet. */
export interface RouteProvider {
  readonly table: RouteTable | undefined;
  /** Resolves when the first table has come, or came too late to be waited for. Absent: it is there. */
  readonly pending?: Promise<void> | undefined;
  /** Asks for the virtual host of a host that the table has not. Undefined: none come on demand. */
  request?(host: string, owner: RouteRequestOwner): RouteRequest | undefined;
  /** No longer needed by this holder. */
  close(): void;
}

/** Whoever waits for routes. */
export interface RouteRequestOwner {
  /** The table may have them now, or it is known that there are none. Called once, never inside the request. */
  onRoutes(): void;
}

/** A wait that can be given up. */
export interface RouteRequest {
  cancel(): void;
}

/** What a filter may know of the listener it works for. */
export interface ListenerFacts {
  readonly name: string;
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
  /** `listener.<address>.`: under which the listener counts. */
  readonly statPrefix?: string;
  /** `name` of the filter chain, for logs. Absent: it has none, or a filter of the whole listener asks. */
  readonly chainName?: string;
  /** Absent: only the whole proxy drains (`ServerContext.draining`). */
  readonly drainDecision?: DrainDecision;
}

/** Whether what is served should come to an end, because its filter chain, its listener or the whole proxy drains. */
export interface DrainDecision {
  /** Asked once per response: while a gradual drain goes on it is true more and more often. */
  drainClose(): boolean;
}

/** One kind of terminal network filter. `C` is its decoded, immutable configuration. */
export interface NetworkFilterFactory<C> {
  /** The message type of its configuration. */
  readonly typeName: string;
  decode(message: Message, cx: DecodeContext): C | undefined;
  /** Config time: resolves stats, routes and filters once; the result makes one handler per connection. */
  prepare(config: C, server: ServerContext, listener: ListenerFacts): PreparedNetworkFilter;
}

/**
 * What a terminal filter counts of connections before it serves them: as in Envoy they are its own from the moment that its
 * filter chain was found, though a transport socket shakes hands first.
 */
export interface EarlyConnections {
  /** A connection shakes hands. `create` follows for it, or `lost`. */
  begun(): void;
  /** It is gone, and was never served. `here`: this side gave it up. */
  lost(lengthMs: number, here: boolean): void;
}

export interface PreparedNetworkFilter {
  /** Resolves when what it cannot serve without (its routes) has come, or came too late. Absent: it waits for nothing. */
  readonly pending?: Promise<void> | undefined;
  /** Told of connections that shake hands. Absent: it counts from `create` on. */
  readonly early?: EarlyConnections;
  create(connection: Connection): ConnectionHandler;
  /** The configuration was replaced: drop subscriptions and timers. Live connections keep working. */
  close(): void;
}
