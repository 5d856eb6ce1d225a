import type { TlsInspector } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import type { Counter, Histogram, StatsScope } from '@weft/core-stats';
import { parseClientHello, type ClientHello } from '@weft/net-tls';
import { CONTINUE, STOP, type ListenerFilterFactory, type ListenerFilterStatus } from '@weft/proxy-filter-api';
import { FirstBytesFilter } from '../first-bytes-filter.ts';
import { decodeTlsInspector, type TlsInspectorConfig } from './config.decode.ts';
import { ja3, ja4 } from './fingerprints.ts';

/** The tls_inspector listener filter: SNI, ALPN and fingerprints from the ClientHello, which stays where it is. */
export const tlsInspectorFactory: ListenerFilterFactory<TlsInspectorConfig> = {
  typeName: 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  decode: (message, cx) => decodeTlsInspector(message as TlsInspector, cx),
  prepare: (config, server) => {
    const stats = new Stats(server.stats.scope('tls_inspector.'));
    return { create: (connection) => new Inspection(connection, config, stats), close: () => undefined };
  },
};

/** `tls_inspector.`, for all listeners together, as in Envoy. */
class Stats {
  readonly tlsFound: Counter;
  readonly tlsNotFound: Counter;
  readonly alpnFound: Counter;
  readonly alpnNotFound: Counter;
  readonly sniFound: Counter;
  readonly sniNotFound: Counter;
  readonly clientHelloTooLarge: Counter;
  readonly bytesProcessed: Histogram;

  constructor(scope: StatsScope) {
    this.tlsFound = scope.counter('tls_found');
    this.tlsNotFound = scope.counter('tls_not_found');
    this.alpnFound = scope.counter('alpn_found');
    this.alpnNotFound = scope.counter('alpn_not_found');
    this.sniFound = scope.counter('sni_found');
    this.sniNotFound = scope.counter('sni_not_found');
    this.clientHelloTooLarge = scope.counter('client_hello_too_large');
    this.bytesProcessed = scope.histogram('bytes_processed');
  }
}

class Inspection extends FirstBytesFilter<TlsInspectorConfig, Stats> {
  onData(bytes: Buffer): ListenerFilterStatus {
    const { config, stats } = this;
    const result = parseClientHello(bytes, config.maxHelloBytes);
    if (result.kind === 'more') return bytes.length > config.maxHelloBytes ? this.tooLarge() : STOP;
    if (result.kind === 'malformed' && result.tooLarge === true) return this.tooLarge();
    stats.bytesProcessed.record(bytes.length);
    if (result.kind === 'hello') {
      this.found(result.hello);
      return CONTINUE;
    }
    if (result.kind === 'malformed' && config.closeOnParseError)
      return this.refuse('tls_inspector: the ClientHello cannot be read');
    stats.tlsNotFound.inc();
    return CONTINUE;
  }

  private found(hello: ClientHello): void {
    const { connection, config, stats } = this;
    stats.tlsFound.inc();
    connection.transportProtocol = 'tls';
    (hello.serverName === '' ? stats.sniNotFound : stats.sniFound).inc();
    connection.serverName = hello.serverName;
    (hello.alpn.length === 0 ? stats.alpnNotFound : stats.alpnFound).inc();
    connection.applicationProtocols = hello.alpn;
    if (config.ja3) connection.ja3 = ja3(hello);
    if (config.ja4) connection.ja4 = ja4(hello);
  }

  private tooLarge(): ListenerFilterStatus {
    this.stats.clientHelloTooLarge.inc();
    return this.refuse('tls_inspector: the ClientHello is too large');
  }
}
