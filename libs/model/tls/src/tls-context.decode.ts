import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  CommonTlsContext,
  TlsKeyLog as KeyLogMessage,
} from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { decodeCidr } from '@weft/model-match';
import { decodeCertificateValidation, requireTrustForNames } from './certificate-validation.decode.ts';
import type { CommonTls, TlsKeyLog } from './tls-context.ts';
import { decodeSecretReference } from './secret.decode.ts';
import { decodeTlsCertificate } from './tls-certificate.decode.ts';
import { decodeTlsParams } from './tls-params.decode.ts';
import type { TlsVersion } from './tls-params.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';

export const commonTlsSupport: FieldSupport = {
  [`${TLS}.CommonTlsContext`]: [
    'tls_params', 'tls_certificates', 'tls_certificate_sds_secret_configs', 'validation_context',
    'validation_context_sds_secret_config', 'combined_validation_context', 'alpn_protocols', 'key_log',
  ],
  [`${TLS}.CommonTlsContext.CombinedCertificateValidationContext`]: [
    'default_validation_context', 'validation_context_sds_secret_config',
  ],
  [`${TLS}.TlsKeyLog`]: ['path', 'local_address_range', 'remote_address_range'],
}; // prettier-ignore

/** `defaultMax`: the highest version where none is named. */
export function decodeCommonTls(
  message: CommonTlsContext | undefined,
  cx: DecodeContext,
  defaultMax: TlsVersion,
): CommonTls {
  if (message !== undefined) refuseOthers(message, cx);
  const certificates = message?.tlsCertificates ?? [];
  const secrets = message?.tlsCertificateSdsSecretConfigs ?? [];
  const tls: CommonTls = {
    params: decodeTlsParams(message?.tlsParams, cx.at('tls_params'), defaultMax),
    certificates: certificates.flatMap(
      (certificate, i) => decodeTlsCertificate(certificate, cx.at('tls_certificates', i)) ?? [],
    ),
    // Envoy does not look at secrets beside certificates.
    certificateSecrets:
      certificates.length > 0
        ? []
        : secrets.flatMap(
            (secret, i) => decodeSecretReference(secret, cx.at('tls_certificate_sds_secret_configs', i)) ?? [],
          ),
    ...decodeValidation(message, cx),
    alpnProtocols: (message?.alpnProtocols ?? []).flatMap((protocol, i) =>
      decodeAlpn(protocol, cx.at('alpn_protocols', i)),
    ),
    keyLog: message?.keyLog && decodeKeyLog(message.keyLog, cx.at('key_log')),
  };
  return tls;
}

function refuseOthers(message: CommonTlsContext, cx: DecodeContext): void {
  if (message.customHandshaker !== undefined) cx.at('custom_handshaker').later('');
  if (message.customTlsCertificateSelector !== undefined) cx.at('custom_tls_certificate_selector').later('');
  for (const [field, value] of [
    ['tls_certificate_provider_instance', message.tlsCertificateProviderInstance],
    ['tls_certificate_certificate_provider', message.tlsCertificateCertificateProvider],
    ['tls_certificate_certificate_provider_instance', message.tlsCertificateCertificateProviderInstance],
  ] as const)
    if (value !== undefined)
      cx.at(field).later('', { expected: 'tls_certificates or tls_certificate_sds_secret_configs' });
}

function decodeValidation(
  message: CommonTlsContext | undefined,
  cx: DecodeContext,
): Pick<CommonTls, 'validation' | 'validationSecret'> {
  const type = message?.validationContextType ?? { case: undefined };
  switch (type.case) {
    case 'validationContext': {
      const place = cx.at('validation_context');
      const validation = decodeCertificateValidation(type.value, place);
      if (validation !== undefined) requireTrustForNames(validation, place);
      return { validation, validationSecret: undefined };
    }
    case 'validationContextSdsSecretConfig': {
      const validationSecret = decodeSecretReference(type.value, cx.at('validation_context_sds_secret_config'));
      return { validation: undefined, validationSecret };
    }
    case 'combinedValidationContext': {
      const place = cx.at('combined_validation_context');
      const { defaultValidationContext: base, validationContextSdsSecretConfig: secret } = type.value;
      const validation = base && decodeCertificateValidation(base, place.at('default_validation_context'));
      const secretPlace = place.at('validation_context_sds_secret_config');
      if (secret === undefined) secretPlace.error('is missing');
      return { validation, validationSecret: secret && decodeSecretReference(secret, secretPlace) };
    }
    case undefined:
      return { validation: undefined, validationSecret: undefined };
    default:
      cx.at(snakeCase(type.case)).later('', { expected: 'validation_context' });
      return { validation: undefined, validationSecret: undefined };
  }
}

/** Envoy lets one element hold several, joined by commas. */
function decodeAlpn(text: string, cx: DecodeContext): string[] {
  return text.split(',').flatMap((protocol) => {
    if (protocol.length >= 1 && protocol.length <= 255) return [protocol];
    cx.error('has a protocol that is empty or longer than 255 bytes');
    return [];
  });
}

function decodeKeyLog(message: KeyLogMessage, cx: DecodeContext): TlsKeyLog {
  return {
    path: message.path,
    local: message.localAddressRange.flatMap((range, i) => decodeCidr(range, cx.at('local_address_range', i)) ?? []),
    remote: message.remoteAddressRange.flatMap((range, i) => decodeCidr(range, cx.at('remote_address_range', i)) ?? []),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
