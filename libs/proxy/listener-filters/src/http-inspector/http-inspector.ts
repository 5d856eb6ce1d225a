import type { Counter, StatsScope } from '@weft/core-stats';
import {
  CONTINUE,
  STOP,
  type AcceptedConnection,
  type ListenerFilter,
  type ListenerFilterFactory,
  type ListenerFilterStatus,
} from '@weft/proxy-filter-api';
import { recogniseHttp, type HttpGuess } from './recognise-http.ts';

/** The http_inspector listener filter: whether a plaintext connection speaks HTTP, and which. */
export const httpInspectorFactory: ListenerFilterFactory<object> = {
  typeName: 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  decode: () => ({}),
  prepare: (_config, server) => {
    const stats = new Stats(server.stats.scope('http_inspector.'));
    return { create: (connection) => new Inspection(connection, stats), close: () => undefined };
  },
};

/** `http_inspector.`, for all listeners together, as in Envoy. */
class Stats {
  readonly found: Readonly<Record<Exclude<HttpGuess, 'more' | 'none'>, Counter>>;
  readonly notFound: Counter;

  constructor(scope: StatsScope) {
    this.found = {
      'http/1.0': scope.counter('http10_found'),
      'http/1.1': scope.counter('http11_found'),
      h2c: scope.counter('http2_found'),
    };
    this.notFound = scope.counter('http_not_found');
    scope.counter('read_error');
  }
}

class Inspection implements ListenerFilter {
  private readonly connection: AcceptedConnection;
  private readonly stats: Stats;

  constructor(connection: AcceptedConnection, stats: Stats) {
    this.connection = connection;
    this.stats = stats;
  }

  onAccept(): ListenerFilterStatus {
    // What is inside TLS cannot be seen from here; its ALPN was.
    const { transportProtocol } = this.connection;
    return transportProtocol === '' || transportProtocol === 'raw_buffer' ? STOP : CONTINUE;
  }

  onData(bytes: Buffer): ListenerFilterStatus {
    const guess = recogniseHttp(bytes);
    if (guess === 'more') return STOP;
    if (guess === 'none') this.stats.notFound.inc();
    else {
      this.stats.found[guess].inc();
      this.connection.applicationProtocols = [guess];
    }
    return CONTINUE;
  }
}
