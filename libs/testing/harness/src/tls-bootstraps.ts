import type { IssuedCertificate } from './certificate-authority.ts';

// Transport sockets and HTTP/2 of Envoy bootstraps, as plain objects.
type Json = Readonly<Record<string, unknown>>;

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

const certificates = ({ certFile, keyFile }: IssuedCertificate): Json => ({
  tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
});
const trust = (caFile: string): Json => ({ validation_context: { trusted_ca: { filename: caFile } } });

/** TLS towards clients; with `clientCa`, only for clients that show a certificate of that authority. */
export const downstreamTls = (own: IssuedCertificate, alpn: readonly string[], clientCa?: string): Json => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': `${TLS}.DownstreamTlsContext`,
    common_tls_context: {
      ...certificates(own),
      alpn_protocols: alpn,
      ...(clientCa === undefined ? {} : trust(clientCa)),
    },
    ...(clientCa === undefined ? {} : { require_client_certificate: true }),
  },
});

export interface UpstreamTls {
  readonly caFile: string;
  readonly sni: string;
  readonly alpn?: readonly string[];
  /** What this side shows of itself. */
  readonly own?: IssuedCertificate;
}

/** TLS towards a cluster's hosts. */
export const upstreamTls = ({ caFile, sni, alpn = [], own }: UpstreamTls): Json => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': `${TLS}.UpstreamTlsContext`,
    sni,
    common_tls_context: { ...(own === undefined ? {} : certificates(own)), ...trust(caFile), alpn_protocols: alpn },
  },
});

/** HTTP/2 towards a cluster's hosts, by prior knowledge or as ALPN agreed; fields go to Http2ProtocolOptions. */
export const http2Upstream = (fields: Json = {}): Json => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: fields },
    },
  },
});
