import type { TransportSocket } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { RawBuffer } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import type {
  CommonTlsContext,
  DownstreamTlsContext,
  UpstreamTlsContext,
} from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { sds } from './config-source.ts';
import { OWN_CERTIFICATE, ROOT_CERTIFICATES } from './names.ts';
import { pack, type Init } from './proto.ts';

const TLS = 'envoy.transport_sockets.tls';
/** The enums by number. */
export const TLS_1_2 = 3;
export const TLS_1_3 = 4;
const URI_SAN = 3;

/** What clients inside the mesh offer by ALPN, so that a server tells them from those with TLS of their own. */
export const MESH_ALPN = 'istio';

export function rawBuffer(): Init<TransportSocket> {
  return {
    name: 'envoy.transport_sockets.raw_buffer',
    configType: {
      case: 'typedConfig',
      value: pack<RawBuffer>('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer', {}),
    },
  };
}

export function upstreamTls(init: Init<UpstreamTlsContext>): Init<TransportSocket> {
  return {
    name: TLS,
    configType: {
      case: 'typedConfig',
      value: pack<UpstreamTlsContext>('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', init),
    },
  };
}

export function downstreamTls(init: Init<DownstreamTlsContext>): Init<TransportSocket> {
  return {
    name: TLS,
    configType: {
      case: 'typedConfig',
      value: pack<DownstreamTlsContext>('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', init),
    },
  };
}

/**
 * Mutual TLS of a gRPC program without a proxy: certificate and roots from the provider `default` of its bootstrap. Source: gRFC A29.
 */
export function grpcTls(identities: readonly string[]): Init<TransportSocket> {
  const provider = { instanceName: 'default' };
  return upstreamTls({
    commonTlsContext: {
      tlsCertificateProviderInstance: { ...provider, certificateName: OWN_CERTIFICATE },
      validationContextType: {
        case: 'validationContext',
        value: {
          caCertificateProviderInstance: { ...provider, certificateName: ROOT_CERTIFICATES },
          matchSubjectAltNames: identities.map((identity) => ({ matchPattern: { case: 'exact', value: identity } })),
        },
      },
    },
  });
}

/** Mutual TLS with the workload's own certificate; the peer must come from the mesh and, if any are given, be one of `identities`. */
export function meshTls(identities: readonly string[], alpnProtocols: readonly string[]): Init<CommonTlsContext> {
  return {
    tlsParams: { tlsMinimumProtocolVersion: TLS_1_3, tlsMaximumProtocolVersion: TLS_1_3 },
    alpnProtocols: [...alpnProtocols],
    tlsCertificateSdsSecretConfigs: [sds(OWN_CERTIFICATE)],
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: {
          matchTypedSubjectAltNames: identities.map((identity) => ({
            sanType: URI_SAN,
            matcher: { matchPattern: { case: 'exact', value: identity } },
          })),
        },
        validationContextSdsSecretConfig: sds(ROOT_CERTIFICATES),
      },
    },
  };
}
