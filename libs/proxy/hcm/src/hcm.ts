import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { StatsScope } from '@weft/core-stats';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type {
  Connection,
  ConnectionHandler,
  HttpFilterFactory,
  ListenerFacts,
  NetworkFilterFactory,
  PreparedNetworkFilter,
  RouteProvider,
  ServerContext,
} from '@weft/proxy-filter-api';
import type { HcmConfig } from './config.ts';
import { decodeHcm } from './config.decode.ts';
import { codecSettings, HttpConnection } from './http-connection.ts';
import type { AccessLogger, PreparedHcm, RequestTracer } from './prepared.ts';
import { DateHeader, RequestHeads } from './request-head.ts';
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
  private readonly hcm: PreparedHcm;
  private readonly plain;
  private readonly secure;
  private closed = false;

  constructor(config: HcmConfig, around: Around) {
    const { server, listener, extensions } = around;
    const { runtime, clusters } = server;
    const scope = server.stats.scope(`http.${config.statPrefix}.`);
    const context = { runtime, clusters, stats: scope };
    const prepare = (filter: HcmConfig['terminal']) => filter.factory.prepare(filter.config, context);
    this.hcm = {
      config,
      runtime,
      flags: server.flags,
      clusters,
      stats: new HcmStats(scope),
      routes: routesOf(config, server, scope),
      heads: new RequestHeads(config, runtime.random, server.node.cluster),
      date: new DateHeader(runtime.clock),
      createFilters: config.filters.map(prepare),
      createTerminal: prepare(config.terminal),
      accessLogs: extensions.accessLogs(config),
      tracer: extensions.tracer(config, listener),
      draining: () => listener.drainDecision?.drainClose() ?? (this.closed || server.draining),
    };
    this.plain = codecSettings(this.hcm, 'http');
    this.secure = codecSettings(this.hcm, 'https');
  }

  create(connection: Connection): ConnectionHandler {
    return new HttpConnection(this.hcm, connection, connection.info.tls ? this.secure : this.plain);
  }

  /** Replaced: connections that are open keep their configuration, and close with their next response. */
  close(): void {
    this.closed = true;
    this.hcm.routes.close();
  }
}

function routesOf(config: HcmConfig, server: ServerContext, stats: StatsScope): RouteProvider {
  const { routes } = config;
  return routes.kind === 'static'
    ? { table: routes.table, close: () => undefined }
    : server.routes(routes.name, routes.source, stats);
}
