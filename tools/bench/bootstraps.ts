// The Envoy bootstraps that Weft and Envoy both run: one listener, stats on, the router, one static cluster.
import type { IssuedCertificate } from '@weft/testing-harness';

export type Http = 'HTTP1' | 'HTTP2';

/** What one proxy of a scenario does: which protocol it takes and sends, and over what. */
export interface Hop {
  readonly port: number;
  readonly upstreamPort: number;
  readonly adminPort?: number | undefined;
  readonly downstream: Http;
  readonly upstream: Http;
  /** TLS towards clients: what this side shows, and whose certificates it asks for. */
  readonly serves?: { readonly own: IssuedCertificate; readonly clientCa?: string };
  /** TLS towards the upstream. */
  readonly dials?: { readonly own: IssuedCertificate; readonly caFile: string; readonly sni: string };
}

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const socket = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
const files = ({ certFile, keyFile }: IssuedCertificate): object => ({
  tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
});
const trust = (caFile: string | undefined): object =>
  caFile === undefined ? {} : { validation_context: { trusted_ca: { filename: caFile } } };
const alpn = (http: Http): object => ({ alpn_protocols: [http === 'HTTP2' ? 'h2' : 'http/1.1'] });

export function httpBootstrap(hop: Hop): object {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'bench',
    codec_type: hop.downstream,
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', timeout: '0s' } }],
        },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return bootstrapOf(hop, { name: 'envoy.filters.network.http_connection_manager', typed_config: manager });
}

export function tcpBootstrap(hop: Hop): object {
  return bootstrapOf(hop, {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: 'bench',
      cluster: 'upstream',
    },
  });
}

function bootstrapOf(hop: Hop, filter: object): object {
  const { serves, dials, adminPort } = hop;
  const serving = serves && {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${TLS}.DownstreamTlsContext`,
        common_tls_context: { ...files(serves.own), ...trust(serves.clientCa), ...alpn(hop.downstream) },
        ...(serves.clientCa === undefined ? {} : { require_client_certificate: true }),
      },
    },
  };
  const dialling = dials && {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${TLS}.UpstreamTlsContext`,
        sni: dials.sni,
        common_tls_context: { ...files(dials.own), ...trust(dials.caFile), ...alpn(hop.upstream) },
      },
    },
  };
  const http2 = hop.upstream === 'HTTP2' && {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
  const limits = { max_connections: 20000, max_pending_requests: 20000, max_requests: 20000 };
  const endpoint = { endpoint: { address: socket(hop.upstreamPort) } };
  const cluster = {
    name: 'upstream',
    type: 'STATIC',
    connect_timeout: '1s',
    circuit_breakers: { thresholds: [limits] },
    load_assignment: { cluster_name: 'upstream', endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(http2 || {}),
    ...dialling,
  };
  const listener = { name: 'bench', address: socket(hop.port), filter_chains: [{ filters: [filter], ...serving }] };
  return {
    ...(adminPort === undefined ? {} : { admin: { address: socket(adminPort) } }),
    static_resources: { listeners: [listener], clusters: [cluster] },
  };
}
