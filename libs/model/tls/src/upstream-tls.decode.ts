import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { TransportSocket } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { UpstreamTlsContext } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { decodeCommonTls } from './tls-context.decode.ts';
import type { UpstreamTls } from './upstream-tls.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';
const RAW_BUFFER = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

export const upstreamTlsSupport: FieldSupport = {
  'envoy.config.core.v3.TransportSocket': ['name', 'typed_config'],
  [RAW_BUFFER]: [],
  // Renegotiation is no part of what node:tls does for a client unless it is asked to: the field has no effect.
  [`${TLS}.UpstreamTlsContext`]: [
    'common_tls_context', 'sni', 'auto_host_sni', 'auto_sni_san_validation', 'max_session_keys', 'enforce_rsa_key_usage',
  ],
}; // prettier-ignore

/**
 * The transport socket of a cluster: undefined for plain bytes (none, or raw_buffer), `'fault'` when something is wrong,
 * which is then in `cx`. What would weaken verification if it were passed over is refused, not only reported.
 */
export function decodeUpstreamTransportSocket(
  message: TransportSocket | undefined,
  cx: DecodeContext,
): UpstreamTls | undefined | 'fault' {
  if (message === undefined) return undefined;
  const any = message.configType.case === 'typedConfig' ? message.configType.value : undefined;
  if (any === undefined && (message.name === 'envoy.transport_sockets.raw_buffer' || message.name === 'raw_buffer'))
    return undefined;
  const place = cx.at('typed_config');
  const config = place.unpack(any);
  if (config === undefined) return 'fault';
  if (config.$typeName === RAW_BUFFER) return undefined;
  if (config.$typeName === `${TLS}.UpstreamTlsContext`)
    return decodeUpstreamTls(config as UpstreamTlsContext, place) ?? 'fault';
  place.later(`transport socket "${config.$typeName}"`, { expected: `${TLS}.UpstreamTlsContext or ${RAW_BUFFER}` });
  return 'fault';
}

export function decodeUpstreamTls(message: UpstreamTlsContext, cx: DecodeContext): UpstreamTls | undefined {
  const before = cx.faults.length;
  const place = cx.at('common_tls_context');
  const common = decodeCommonTls(message.commonTlsContext, place, 'TLSv1.2');
  const certificates = common.certificates.length + common.certificateSecrets.length;
  if (certificates > 1)
    place.at('tls_certificates').error(`has ${certificates} certificates`, { expected: 'at most one for a client' });
  if (message.sni.includes('\0')) cx.at('sni').error('has a NUL in it');
  if (
    message.autoSniSanValidation &&
    common.validation?.trustedCa === undefined &&
    common.validationSecret === undefined
  )
    cx.at('auto_sni_san_validation').error(
      'is set, but no CA is trusted: anybody could make a certificate with such a name',
      {
        expected: 'a validation context with trusted_ca',
      },
    );
  if (message.allowRenegotiation)
    cx.at('allow_renegotiation').warn('has no effect: Weft never renegotiates a TLS session');
  const tls: UpstreamTls = {
    common,
    sni: message.sni,
    autoHostSni: message.autoHostSni,
    autoSniSanValidation: message.autoSniSanValidation,
    maxSessionKeys: message.maxSessionKeys ?? 1,
    enforceRsaKeyUsage: message.enforceRsaKeyUsage ?? false,
  };
  return cx.faults.length > before ? undefined : tls;
}
