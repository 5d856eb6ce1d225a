import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { DownstreamTlsContext } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { durationMs } from '@weft/model-policy';
import { decodeCommonTls } from './tls-context.decode.ts';
import { decodeDataSource } from './data-source.decode.ts';
import type { DownstreamTls } from './downstream-tls.ts';
import { decodeSecretReference } from './secret.decode.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';

export const downstreamTlsSupport: FieldSupport = {
  [`${TLS}.DownstreamTlsContext`]: [
    'common_tls_context', 'require_client_certificate', 'require_sni', 'session_ticket_keys',
    'session_ticket_keys_sds_secret_config', 'disable_stateless_session_resumption',
    'disable_stateful_session_resumption', 'session_timeout', 'ocsp_staple_policy', 'full_scan_certs_on_sni_mismatch',
    'prefer_client_ciphers',
  ],
}; // prettier-ignore

export function decodeDownstreamTls(message: DownstreamTlsContext, cx: DecodeContext): DownstreamTls | undefined {
  const before = cx.faults.length;
  const warnings = cx.warnings.length;
  const common = decodeCommonTls(message.commonTlsContext, cx.at('common_tls_context'), 'TLSv1.3');
  const quiet = cx.faults.length === before && cx.warnings.length === warnings;
  if (quiet && common.certificates.length === 0 && common.certificateSecrets.length === 0)
    cx.at('common_tls_context', 'tls_certificates').error('is empty, and a server needs a certificate', {
      expected: 'a certificate, or one in tls_certificate_sds_secret_configs',
    });
  const tls: DownstreamTls = {
    common,
    requireClientCertificate: message.requireClientCertificate ?? false,
    requireSni: message.requireSni ?? false,
    ...decodeResumption(message, cx),
    sessionTimeoutMs: message.sessionTimeout && durationMs(message.sessionTimeout, 0),
    ocspStaplePolicy:
      (['LENIENT_STAPLING', 'STRICT_STAPLING', 'MUST_STAPLE'] as const)[message.ocspStaplePolicy] ?? 'LENIENT_STAPLING',
    fullScanCertsOnSniMismatch: message.fullScanCertsOnSniMismatch ?? false,
    preferClientCiphers: message.preferClientCiphers,
  };
  const { requireClientCertificate, fullScanCertsOnSniMismatch, requireSni } = tls;
  if (requireClientCertificate && common.validation === undefined && common.validationSecret === undefined)
    cx.at('require_client_certificate').warn(
      'is set without a validation context: a certificate must be shown, and any certificate will do',
    );
  if (fullScanCertsOnSniMismatch && requireSni && common.certificates.length < 2)
    cx.at('full_scan_certs_on_sni_mismatch').warn('has no effect with one certificate');
  return cx.faults.length > before ? undefined : tls;
}

type Resumption = Pick<
  DownstreamTls,
  'sessionTicketKeys' | 'sessionTicketKeysSecret' | 'statelessResumption' | 'statefulResumption'
>;

function decodeResumption(message: DownstreamTlsContext, cx: DecodeContext): Resumption {
  const { sessionTicketKeysType: type } = message;
  const place = cx.at('session_ticket_keys', 'keys');
  return {
    sessionTicketKeys:
      type.case === 'sessionTicketKeys'
        ? type.value.keys.flatMap((key, i) => decodeDataSource(key, place.at(i)) ?? [])
        : [],
    sessionTicketKeysSecret:
      type.case === 'sessionTicketKeysSdsSecretConfig'
        ? decodeSecretReference(type.value, cx.at('session_ticket_keys_sds_secret_config'))
        : undefined,
    statelessResumption: !(type.case === 'disableStatelessSessionResumption' && type.value),
    statefulResumption: !message.disableStatefulSessionResumption,
  };
}
