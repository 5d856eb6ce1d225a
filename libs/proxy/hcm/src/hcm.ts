import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { StatsScope } from '@weft/core-stats';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { FormatEnvironment } from '@weft/observe-access-log';
import { hostname } from 'node:os';
import type {
  Connection,
  ConnectionHandler,
  EarlyConnections,
  FilterDiscovery,
  FilterFactoryContext,
  FilterProvider,
  HttpFilterFactory,
  ListenerFacts,
  NetworkFilterFactory,
  PreparedNetworkFilter,
  RouteProvider,
  ServerContext,
} from '@weft/proxy-filter-api';
import { codecSettings, withBufferLimit } from './codec-settings.ts';
import type { FilterChainConfig, FilterConfig, HcmConfig } from './config.ts';
import { decodeHcm } from './config.decode.ts';
import type { CodecSettings } from './connection-codec.ts';
import { DateHeader } from './date-header.ts';
import { HttpConnection } from './http-connection.ts';
import { localReplyCountsBytes } from './local-reply-config.ts';
import { LocalReplyRewriter } from './local-reply-rewriter.ts';
import type { AccessLogger, CreateFilter, PreparedChain, PreparedHcm, RequestTracer } from './prepared.ts';
import { RequestHeads } from './request-head.ts';
import { TlsOnPlaintext } from './tls-on-plaintext.ts';
import { HcmStats } from './stats.ts';

/** What the connection manager takes from outside itself: filters, and what watches its streams. */
export interface HcmExtensions {
  readonly httpFilters: readonly HttpFilterFactory<unknown>[];
  accessLogs(config: HcmConfig): readonly AccessLogger[];
  tracer(config: HcmConfig, listener: ListenerFacts): RequestTracer | undefined;
}

/** The http_connection_manager network filter. */
export function createHcmFactory(extensions: HcmExtensions): NetworkFilterFactory<HcmConfig> {
  return {
    typeName: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    decode: (message: Message, cx: DecodeContext) =>
      decodeHcm(message as HttpConnectionManager, cx, extensions.httpFilters),
    prepare: (config, server, listener) => new HcmFilter(config, { server, listener, extensions }),
  };
}

interface Around {
  readonly server: ServerContext;
  readonly listener: ListenerFacts;
  readonly extensions: HcmExtensions;
}

class HcmFilter implements PreparedNetworkFilter {
  readonly early: EarlyConnections;
  private readonly hcm: PreparedHcm;
  private readonly rootStats: StatsScope;
  private plain: CodecSettings;
  private secure: CodecSettings;
  private readonly discovered: FilterProvider[] = [];
  private closed = false;

  constructor(config: HcmConfig, around: Around) {
    const { server, listener, extensions } = around;
    const { runtime, clusters, flags } = server;
    const scope = server.stats.scope(`http.${config.statPrefix}.`);
    const missing = server.stats.scope(listener.statPrefix ?? '').counter('extension_config_missing');
    const accessLogs = extensions.accessLogs(config);
    const prepare = chainPreparer({
      runtime,
      clusters,
      stats: scope,
      ...(server.filters === undefined ? {} : { discoverFilter: (wanted) => this.discover(server, wanted) }),
      ...(server.clusterDiscovery === undefined ? {} : { discoverClusters: server.clusterDiscovery.bind(server) }),
      ...(server.grpcChannel === undefined ? {} : { grpcChannel: server.grpcChannel.bind(server) }),
      nodeMetadata: server.node.metadata,
      filterMissing: () => missing.inc(),
    });
    this.rootStats = server.stats;
    this.hcm = {
      config,
      runtime,
      flags,
      clusters,
      stats: new HcmStats(scope, listenerScope(server.stats, listener, config)),
      routes: routesOf(config, server, scope),
      heads: new RequestHeads(config, runtime.random, server.node),
      date: new DateHeader(runtime.clock),
      chain: prepare(config),
      upgradeChains: new Map(
        [...config.upgrades].flatMap(([token, { chain }]) => (chain === undefined ? [] : [[token, prepare(chain)]])),
      ),
      localReplies: config.localReply && new LocalReplyRewriter(config.localReply, { ...environment(server), flags }),
      accessLogs,
      countsBytes: accessLogs.some((log) => log.countsBytes === true) || localReplyCountsBytes(config.localReply),
      tracer: extensions.tracer(config, listener),
      overload: server.overload,
      tlsOnPlaintext: new TlsOnPlaintext(listener.name, scope.counter('downstream_cx_tls_on_plaintext'), {
        clock: runtime.clock,
        logger: runtime.loggers.get('connection'),
      }),
      draining: () => this.closed || (listener.drainDecision?.drainClose() ?? server.draining),
    };
    this.early = this.hcm.stats;
    this.plain = codecSettings(this.hcm, 'http', this.rootStats);
    this.secure = codecSettings(this.hcm, 'https', this.rootStats);
  }

  create(connection: Connection): ConnectionHandler {
    const { bufferLimitBytes, info } = connection;
    // One listener has one limit, so this is done once.
    this.plain = withBufferLimit(this.plain, bufferLimitBytes);
    this.secure = withBufferLimit(this.secure, bufferLimitBytes);
    return new HttpConnection(this.hcm, connection, info.tls ? this.secure : this.plain);
  }

  get pending(): Promise<void> | undefined {
    const all = [this.hcm.routes, ...this.discovered].flatMap(({ pending }) => pending ?? []);
    return all.length < 2 ? all[0] : Promise.all(all).then(() => undefined);
  }

  /** Replaced: connections that are open keep their configuration, and close with their next response. */
  close(): void {
    this.closed = true;
    this.hcm.routes.close();
    for (const provider of this.discovered) provider.close();
  }

  private discover(server: ServerContext, wanted: FilterDiscovery): FilterProvider {
    const provider = (server.filters as (wanted: FilterDiscovery) => FilterProvider).call(server, wanted);
    this.discovered.push(provider);
    return provider;
  }
}

/** Responses are counted for the listener too: `listener.<address>.http.<stat_prefix>.`. */
function listenerScope(stats: StatsScope, listener: ListenerFacts, config: HcmConfig): StatsScope | undefined {
  const { statPrefix } = listener;
  return statPrefix === undefined ? undefined : stats.scope(`${statPrefix}http.${config.statPrefix}.`);
}

function chainPreparer(context: FilterFactoryContext): (chain: FilterChainConfig) => PreparedChain {
  const prepare = ({ name, factory, config }: FilterConfig): CreateFilter =>
    factory.prepare(config, { ...context, filterName: name });
  return ({ filters, terminal }) => ({ filters: filters.map(prepare), terminal: prepare(terminal) });
}

function environment({ runtime }: ServerContext): FormatEnvironment {
  return {
    clock: runtime.clock,
    random: runtime.random,
    hostname: hostname(),
    // Formats may name variables of the environment; only configuration decides which are looked at.
    // eslint-disable-next-line no-restricted-properties
    environment: (name) => process.env[name],
  };
}

function routesOf(config: HcmConfig, server: ServerContext, stats: StatsScope): RouteProvider {
  const { routes } = config;
  if (routes.kind === 'rds') return server.routes(routes.name, routes.source, stats);
  const { table, tableWith } = routes;
  const growing = table.vhds && tableWith && server.growingRoutes?.({ table, tableWith, source: table.vhds }, stats);
  return growing ?? { table, close: () => undefined };
}
