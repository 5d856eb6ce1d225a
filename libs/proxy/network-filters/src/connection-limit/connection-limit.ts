import type { Message } from '@bufbuild/protobuf';
import type { ConnectionLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb';
import type { Counter, Gauge } from '@weft/core-stats';
import {
  CONTINUE,
  STOP,
  type FilteredConnection,
  type NetworkFilter,
  type NetworkFilterStatus,
  type PreparedReadFilter,
  type ReadFilterFactory,
  type ServerContext,
} from '@weft/proxy-filter-api';
import { DelayedClose } from '../delayed-close.ts';
import { isOn } from '../runtime-flag.decode.ts';
import { decodeConnectionLimit, type ConnectionLimitConfig } from './config.decode.ts';

/** The connection_limit network filter: a filter chain has so many connections at once, and no more. */
export const connectionLimitFactory: ReadFilterFactory<ConnectionLimitConfig> = {
  typeName: 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit',
  decode: (message: Message, cx) => decodeConnectionLimit(message as ConnectionLimit, cx),
  prepare: (config, server) => new PreparedLimit(config, server),
};

/** The count of one filter chain's connections. */
class PreparedLimit implements PreparedReadFilter {
  readonly config: ConnectionLimitConfig;
  readonly server: ServerContext;
  readonly activeConnections: Gauge;
  readonly limitedConnections: Counter;
  connections = 0;

  constructor(config: ConnectionLimitConfig, server: ServerContext) {
    this.config = config;
    this.server = server;
    const scope = server.stats.scope(`connection_limit.${config.statPrefix}.`);
    this.activeConnections = scope.gauge('active_connections');
    this.limitedConnections = scope.counter('limited_connections');
  }
  create(connection: FilteredConnection): NetworkFilter {
    return new LimitedConnection(this, connection);
  }
  close(): void {
    // Connections that are open keep counting here.
  }
}

class LimitedConnection implements NetworkFilter {
  private readonly limit: PreparedLimit;
  private readonly refusal: DelayedClose;
  private counted = false;

  constructor(limit: PreparedLimit, connection: FilteredConnection) {
    this.limit = limit;
    this.refusal = new DelayedClose(connection, 'over_connection_limit');
  }

  onNewConnection(): NetworkFilterStatus {
    const { limit } = this;
    const { config, server } = limit;
    if (!isOn(config.enabled, server.flags)) return CONTINUE;
    this.counted = true;
    limit.activeConnections.inc();
    limit.connections += 1;
    if (limit.connections <= config.maxConnections) return CONTINUE;
    limit.limitedConnections.inc();
    this.refusal.start(config.delayMs, server);
    return STOP;
  }
  onClose(): void {
    this.refusal.cancel();
    if (!this.counted) return;
    this.limit.connections -= 1;
    this.limit.activeConnections.dec();
  }
}
