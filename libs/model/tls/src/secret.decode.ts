import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  SdsSecretConfig,
  Secret as SecretMessage,
} from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { configSourceSupport, decodeConfigSource } from '@weft/model-config-source';
import { decodeCertificateValidation } from './certificate-validation.decode.ts';
import { decodeDataSource } from './data-source.decode.ts';
import type { Secret, SecretReference } from './secret.ts';
import { decodeTlsCertificate } from './tls-certificate.decode.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';

export const secretSupport: FieldSupport = mergeSupport([configSourceSupport, {
  [`${TLS}.SdsSecretConfig`]: ['name', 'sds_config'],
  [`${TLS}.Secret`]: ['name', 'tls_certificate', 'validation_context', 'session_ticket_keys'],
  [`${TLS}.TlsSessionTicketKeys`]: ['keys'],
}]); // prettier-ignore

export function decodeSecretReference(message: SdsSecretConfig, cx: DecodeContext): SecretReference | undefined {
  const { name, sdsConfig } = message;
  if (sdsConfig === undefined) {
    if (name === '') cx.at('name').error('is missing', { expected: 'the name of a secret of static_resources' });
    return name === '' ? undefined : { name, source: undefined };
  }
  const source = decodeConfigSource(sdsConfig, cx.at('sds_config'));
  return source && { name, source };
}

/** A secret of the bootstrap or of an update. Faults go to `cx`. */
export function decodeSecret(message: SecretMessage, cx: DecodeContext): Secret | undefined {
  const { name, type } = message;
  switch (type.case) {
    case 'tlsCertificate': {
      const certificate = decodeTlsCertificate(type.value, cx.at('tls_certificate'));
      return certificate && { kind: 'certificate', name, certificate };
    }
    case 'validationContext': {
      const validation = decodeCertificateValidation(type.value, cx.at('validation_context'));
      return validation && { kind: 'validation', name, validation };
    }
    case 'sessionTicketKeys': {
      const place = cx.at('session_ticket_keys', 'keys');
      return {
        kind: 'ticketKeys',
        name,
        keys: type.value.keys.flatMap((key, i) => decodeDataSource(key, place.at(i)) ?? []),
      };
    }
    default:
      cx.later(type.case === undefined ? 'a secret without a value' : 'a generic secret', {
        expected: 'tls_certificate, validation_context or session_ticket_keys',
      });
      return undefined;
  }
}
