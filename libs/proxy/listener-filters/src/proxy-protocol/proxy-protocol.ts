import type { ProxyProtocol } from '@weft/api-envoy/gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb';
import {
  CONTINUE,
  PROXY_PROTOCOL_STATE,
  PROXY_PROTOCOL_TLVS,
  STOP,
  type ListenerFilterFactory,
  type ListenerFilterStatus,
} from '@weft/proxy-filter-api';
import { FirstBytesFilter } from '../first-bytes-filter.ts';
import { decodeProxyProtocol, type ProxyProtocolConfig, type TlvRule } from './config.decode.ts';
import { parseProxyHeader, type ProxyHeader, type ProxyTlv } from './parse-proxy-header.ts';
import { ProxyProtocolStats } from './stats.ts';

/** The proxy_protocol listener filter: who the client is, and where it meant to go, as a load balancer in front tells. */
export const proxyProtocolFactory: ListenerFilterFactory<ProxyProtocolConfig> = {
  typeName: 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  decode: (message, cx) => decodeProxyProtocol(message as ProxyProtocol, cx),
  prepare: (config, server) => {
    const stats = new ProxyProtocolStats(server.stats, config.statPrefix);
    return { create: (connection) => new HeaderReader(connection, config, stats), close: () => undefined };
  },
};

class HeaderReader extends FirstBytesFilter<ProxyProtocolConfig, ProxyProtocolStats> {
  onData(bytes: Buffer): ListenerFilterStatus {
    const { config, stats } = this;
    const { allowWithout, disallowed } = config;
    // Where connections without a header may pass, one of a version that is not read is one of them.
    const versions = { v1: !allowWithout || !disallowed.v1, v2: !allowWithout || !disallowed.v2 };
    const result = parseProxyHeader(bytes, versions);
    switch (result.kind) {
      case 'more':
        return STOP;
      case 'none':
        if (allowWithout) {
          stats.notFoundAllowed.inc();
          return CONTINUE;
        }
        stats.notFoundDisallowed.inc();
        stats.error.inc();
        return this.refuse('proxy_protocol: no PROXY header');
      case 'broken':
        stats[result.version].error.inc();
        stats.error.inc();
        return this.refuse(`proxy_protocol: the header cannot be read: ${result.reason}`);
      case 'header':
        return this.take(result.header);
    }
  }

  private take(header: ProxyHeader): ListenerFilterStatus {
    const { connection, config, stats } = this;
    const { version, addresses, tlvs } = header;
    if (config.disallowed[version]) {
      stats[version].disallowed.inc();
      return this.refuse(`proxy_protocol: version ${version} is disallowed`);
    }
    stats[version].found.inc();
    connection.consume(header.bytes);
    if (addresses === undefined) return CONTINUE;
    this.keep(tlvs);
    connection.filterState.set(PROXY_PROTOCOL_STATE, {
      ...addresses,
      version,
      tlvs: tlvs.filter(({ type }) => config.passThrough === 'all' || config.passThrough.has(type)),
    });
    connection.remoteAddress = addresses.source;
    if (addresses.destination.text !== connection.localAddress.text) {
      connection.localAddress = addresses.destination;
      connection.localAddressRestored = true;
    }
    return CONTINUE;
  }

  private keep(tlvs: readonly ProxyTlv[]): void {
    const { connection, config } = this;
    for (const { type, value } of tlvs) {
      const rule = config.rules.find(({ tlvType }) => tlvType === type);
      if (rule === undefined) continue;
      const text = textOf(value, rule.encoding);
      if (config.location === 'metadata') connection.setMetadata(rule.namespace, { [rule.key]: text });
      else {
        const known = connection.filterState.get(PROXY_PROTOCOL_TLVS);
        connection.filterState.set(PROXY_PROTOCOL_TLVS, { ...known, [rule.key]: text });
      }
    }
  }
}

/** Bytes that are no UTF-8 become `!`, as in Envoy. */
function textOf(value: Buffer, encoding: TlvRule['encoding']): string {
  if (encoding === 'base64') return value.toString('base64');
  const text = value.toString('utf8');
  return Buffer.from(text, 'utf8').equals(value) ? text : text.replaceAll('\ufffd', '!');
}
