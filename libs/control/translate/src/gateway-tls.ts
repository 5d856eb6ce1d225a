import type { GatewayServerTls } from '@weft/api-kube';
import type { CommonTlsContext } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { clientAuthorities, type GatewayTls } from '@weft/control-mesh';
import { sds } from './config-source.ts';
import type { Init } from './proto.ts';
import { downstreamTls, meshTls, TLS_1_2 } from './tls-context.ts';

/** TlsParameters.TlsProtocol by number. */
const VERSIONS: Readonly<Record<string, number>> = { TLS_AUTO: 0, TLSV1_0: 1, TLSV1_1: 2, TLSV1_2: 3, TLSV1_3: 4 };
/** SubjectAltNameMatcher.SanType by number. */
const SAN_TYPES = { DNS: 2, URI: 3 } as const;

/** The certificate that a gateway shows, and what it asks of its clients. */
export function gatewayTlsSocket(tls: GatewayTls, http: boolean) {
  const alpnProtocols = http ? ['h2', 'http/1.1'] : [];
  if (tls.mode === 'ISTIO_MUTUAL')
    return downstreamTls({ requireClientCertificate: true, commonTlsContext: meshTls([], alpnProtocols) });
  const mutual = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL';
  return downstreamTls({
    requireClientCertificate: tls.mode === 'MUTUAL',
    commonTlsContext: {
      alpnProtocols,
      tlsParams: tlsParams(tls.settings),
      ...certificates(tls),
      ...(mutual ? clientTrust(tls) : {}),
    },
  });
}

function tlsParams(settings: GatewayServerTls | undefined): NonNullable<Init<CommonTlsContext>['tlsParams']> {
  const { minProtocolVersion, maxProtocolVersion, cipherSuites = [] } = settings ?? {};
  return {
    tlsMinimumProtocolVersion: VERSIONS[minProtocolVersion ?? ''] || TLS_1_2,
    tlsMaximumProtocolVersion: VERSIONS[maxProtocolVersion ?? ''] ?? 0,
    cipherSuites: [...cipherSuites],
  };
}

function certificates({ credentials, settings }: GatewayTls): Init<CommonTlsContext> {
  if (credentials.length > 0) return { tlsCertificateSdsSecretConfigs: credentials.map(sds) };
  return {
    tlsCertificates: [{ certificateChain: file(settings?.serverCertificate), privateKey: file(settings?.privateKey) }],
  };
}

/** Of the certificates of clients: who signs them, and whose they may be. */
function clientTrust(tls: GatewayTls): Init<CommonTlsContext> {
  const { settings = {} } = tls;
  const validation = {
    matchTypedSubjectAltNames: (settings.subjectAltNames ?? []).map((name) => ({
      sanType: name.includes('://') ? SAN_TYPES.URI : SAN_TYPES.DNS,
      matcher: { matchPattern: { case: 'exact' as const, value: name } },
    })),
    verifyCertificateHash: [...(settings.verifyCertificateHash ?? [])],
    verifyCertificateSpki: [...(settings.verifyCertificateSpki ?? [])],
    ...(settings.caCrl === undefined ? {} : { crl: file(settings.caCrl) }),
  };
  const authorities = clientAuthorities(tls);
  if (authorities === undefined)
    return {
      validationContextType: {
        case: 'validationContext',
        value: { ...validation, trustedCa: file(settings.caCertificates) },
      },
    };
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: { defaultValidationContext: validation, validationContextSdsSecretConfig: sds(authorities) },
    },
  };
}

function file(filename: string | undefined) {
  return { specifier: { case: 'filename' as const, value: filename ?? '' } };
}
