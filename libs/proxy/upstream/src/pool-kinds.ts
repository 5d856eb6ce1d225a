import { isIP } from 'node:net';
import type { DownstreamConnection } from '@weft/core-http';
import type { ClusterConfig, ProxyProtocol } from '@weft/model-cluster';
import type { LoadBalancerContext } from '@weft/proxy-filter-api';
import type { UpstreamHost } from './host.ts';
import { socketsOf } from './host-sockets.ts';
import type { PoolKind } from './pool-kind.ts';
import { localProxyHeader, proxyHeader } from './proxy-protocol-header.ts';

type Protocol = PoolKind['protocol'];

/** Which kind of connection a request needs. Most clusters have one kind for all; what follows is for the others. */
export class PoolKinds {
  /** The kind of every request; undefined where it depends on the request. */
  readonly fixed: PoolKind | undefined;
  private readonly config: ClusterConfig;

  constructor(config: ClusterConfig) {
    this.config = config;
    const { http, connectionPoolPerDownstreamConnection } = config;
    const proxied = socketsOf(config).some(({ proxyProtocol }) => proxyProtocol !== undefined);
    const depends = http.protocol === 'downstream' || http.autoSni || connectionPoolPerDownstreamConnection || proxied;
    this.fixed = depends ? undefined : kindOf(http.protocol as Protocol, undefined, undefined);
  }

  of(host: UpstreamHost, cx: LoadBalancerContext | undefined): PoolKind {
    if (this.fixed !== undefined) return this.fixed;
    const { http, connectionPoolPerDownstreamConnection } = this.config;
    const { proxyProtocol } = host.socket;
    const stream = cx?.stream;
    const downstream = downstreamOf(cx);
    const protocol = http.protocol === 'downstream' ? ofDownstream(stream?.info.protocol) : http.protocol;
    const sni = http.autoSni ? this.sniOf(cx) : undefined;
    const preamble = proxyProtocol && preambleOf(proxyProtocol, downstream);
    const kind = kindOf(protocol, sni, preamble);
    if (!connectionPoolPerDownstreamConnection || downstream === undefined) return kind;
    return { ...kind, key: `${kind.key} #${downstream.id}` };
  }

  /** For raw bytes, where a connection is its owner's alone. */
  ofBytes(host: UpstreamHost, cx: LoadBalancerContext | undefined): PoolKind {
    const { proxyProtocol } = host.socket;
    return proxyProtocol === undefined
      ? BYTES
      : kindOf('http1', undefined, preambleOf(proxyProtocol, downstreamOf(cx)));
  }

  /** The host of the request without its port; none where it is an address (RFC 6066 section 3). */
  private sniOf(cx: LoadBalancerContext | undefined): string | undefined {
    const headers = cx?.stream?.requestHeaders;
    const { autoSniHeader } = this.config.http;
    const text = (autoSniHeader === '' ? undefined : headers?.get(autoSniHeader)) ?? headers?.authority ?? '';
    const name = text.startsWith('[') ? '' : text.replace(/:\d+$/, '');
    return name === '' || isIP(name) > 0 ? undefined : name;
  }
}

const ALPN: Readonly<Record<Protocol, readonly string[]>> = {
  http1: ['http/1.1'],
  http2: ['h2'],
  auto: ['h2', 'http/1.1'],
};
const BYTES: PoolKind = { key: '', protocol: 'http1', alpn: [], sni: undefined, preamble: undefined };

function kindOf(protocol: Protocol, sni: string | undefined, preamble: Buffer | undefined): PoolKind {
  const key = `${protocol} ${sni ?? ''} ${preamble?.toString('latin1') ?? ''}`;
  return { key, protocol, alpn: ALPN[protocol], sni, preamble };
}

function ofDownstream(protocol: string | undefined): Protocol {
  return protocol === 'HTTP/2' || protocol === 'HTTP/3' ? 'http2' : 'http1';
}

function downstreamOf(cx: LoadBalancerContext | undefined): DownstreamConnection | undefined {
  return cx?.stream?.info.downstream ?? cx?.downstream;
}

function preambleOf({ version }: ProxyProtocol, downstream: DownstreamConnection | undefined): Buffer {
  return downstream === undefined
    ? localProxyHeader(version)
    : proxyHeader(version, downstream.remoteAddress ?? downstream.directRemoteAddress, downstream.localAddress);
}
