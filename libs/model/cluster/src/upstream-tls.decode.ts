import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { DataSource } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type {
  CertificateValidationContext,
  TlsCertificate,
} from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type {
  CommonTlsContext,
  UpstreamTlsContext,
} from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { decodeStringMatcher } from '@weft/model-match';
import type { CertificateValidation, SanMatcher, TextSource, TlsVersion, UpstreamTls } from './upstream-tls.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';

export const upstreamTlsSupport: FieldSupport = {
  'envoy.config.core.v3.DataSource': ['filename', 'inline_bytes', 'inline_string', 'environment_variable'],
  // Renegotiation and the number of session keys are matters of another TLS library; neither has an effect here.
  [`${TLS}.UpstreamTlsContext`]: ['common_tls_context', 'sni', 'auto_host_sni', 'auto_sni_san_validation', 'max_session_keys'],
  [`${TLS}.CommonTlsContext`]: ['tls_params', 'tls_certificates', 'validation_context', 'alpn_protocols'],
  [`${TLS}.TlsParameters`]: ['tls_minimum_protocol_version', 'tls_maximum_protocol_version', 'cipher_suites'],
  [`${TLS}.TlsCertificate`]: ['certificate_chain', 'private_key'],
  [`${TLS}.CertificateValidationContext`]: [
    'trusted_ca', 'match_typed_subject_alt_names', 'match_subject_alt_names', 'verify_certificate_hash',
    'verify_certificate_spki', 'trust_chain_verification',
  ],
  [`${TLS}.SubjectAltNameMatcher`]: ['san_type', 'matcher'],
}; // prettier-ignore

const VERSIONS: readonly (TlsVersion | undefined)[] = [undefined, 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** TLS towards hosts. What would weaken verification if it were passed over is refused, not only reported. */
export function decodeUpstreamTls(message: UpstreamTlsContext, cx: DecodeContext): UpstreamTls | undefined {
  const before = cx.faults.length;
  const common = message.commonTlsContext;
  const place = cx.at('common_tls_context');
  if (common !== undefined) refuseSecretsElsewhere(common, place);
  const validation = common?.validationContextType;
  const certificates = common?.tlsCertificates ?? [];
  if (certificates.length > 1)
    place
      .at('tls_certificates')
      .error(`has ${certificates.length} certificates`, { expected: 'at most one for a client' });
  const tls: UpstreamTls = {
    sni: message.sni,
    autoHostSni: message.autoHostSni,
    autoSniSanValidation: message.autoSniSanValidation,
    alpnProtocols: common?.alpnProtocols ?? [],
    validation:
      validation?.case === 'validationContext'
        ? decodeValidation(validation.value, place.at('validation_context'))
        : undefined,
    certificate: certificates[0] && decodeCertificate(certificates[0], place.at('tls_certificates', 0)),
    minVersion: VERSIONS[common?.tlsParams?.tlsMinimumProtocolVersion ?? 0] ?? 'TLSv1.2',
    maxVersion: VERSIONS[common?.tlsParams?.tlsMaximumProtocolVersion ?? 0] ?? 'TLSv1.3',
    cipherSuites: common?.tlsParams?.cipherSuites ?? [],
  };
  if (tls.minVersion > tls.maxVersion)
    place.at('tls_params').error(`wants at least ${tls.minVersion} and at most ${tls.maxVersion}`);
  return cx.faults.length > before ? undefined : tls;
}

function refuseSecretsElsewhere(common: CommonTlsContext, cx: DecodeContext): void {
  if (common.tlsCertificateSdsSecretConfigs.length > 0)
    cx.at('tls_certificate_sds_secret_configs').later('', { expected: 'tls_certificates' });
  const { case: kind } = common.validationContextType;
  if (kind !== undefined && kind !== 'validationContext')
    cx.at(snakeCase(kind)).later('', { expected: 'validation_context' });
}

function decodeValidation(message: CertificateValidationContext, cx: DecodeContext): CertificateValidation {
  if (message.crl !== undefined) cx.at('crl').later('a revocation list');
  if (message.customValidatorConfig !== undefined) cx.at('custom_validator_config').later('');
  if (message.systemRootCerts !== undefined) cx.at('system_root_certs').later('', { expected: 'trusted_ca' });
  const trustedCa = message.trustedCa && decodeTextSource(message.trustedCa, cx.at('trusted_ca'));
  const subjectAltNames = decodeSans(message, cx);
  if (subjectAltNames.length > 0 && message.trustedCa === undefined)
    cx.error('names are compared, but no CA is trusted: anybody could make a certificate with such a name', {
      expected: 'trusted_ca',
    });
  return {
    trustedCa,
    subjectAltNames,
    certificateHashes: message.verifyCertificateHash.map((hash) => hash.replaceAll(':', '').toLowerCase()),
    spkiHashes: message.verifyCertificateSpki,
    acceptUntrusted: message.trustChainVerification === 1,
  };
}

const SAN_TYPES: readonly (SanMatcher['type'] | undefined)[] = [undefined, 'EMAIL', 'DNS', 'URI', 'IP_ADDRESS'];

function decodeSans(message: CertificateValidationContext, cx: DecodeContext): SanMatcher[] {
  const typed = message.matchTypedSubjectAltNames.flatMap((entry, i) => {
    const place = cx.at('match_typed_subject_alt_names', i);
    const type = SAN_TYPES[entry.sanType];
    if (type === undefined)
      place.at('san_type').error('is missing or not implemented', { expected: 'EMAIL, DNS, URI or IP_ADDRESS' });
    const matcher = entry.matcher === undefined ? undefined : decodeStringMatcher(entry.matcher, place.at('matcher'));
    if (entry.matcher === undefined) place.at('matcher').error('is missing');
    return type === undefined || matcher === undefined ? [] : [{ type, matcher }];
  });
  // The deprecated list compares names of every kind.
  const untyped = message.matchSubjectAltNames.flatMap((entry, i) => {
    const matcher = decodeStringMatcher(entry, cx.at('match_subject_alt_names', i));
    return matcher === undefined
      ? []
      : (['EMAIL', 'DNS', 'URI', 'IP_ADDRESS'] as const).map((type) => ({ type, matcher }));
  });
  return [...typed, ...untyped];
}

function decodeCertificate(message: TlsCertificate, cx: DecodeContext): UpstreamTls['certificate'] {
  const chain = decodeTextSource(message.certificateChain, cx.at('certificate_chain'));
  const key = decodeTextSource(message.privateKey, cx.at('private_key'));
  return chain === undefined || key === undefined ? undefined : { chain, key };
}

/** Source: core.v3.DataSource. */
export function decodeTextSource(message: DataSource | undefined, cx: DecodeContext): TextSource | undefined {
  const specifier = message?.specifier;
  switch (specifier?.case) {
    case 'filename':
      return { kind: 'file', path: specifier.value };
    case 'environmentVariable':
      return { kind: 'environment', variable: specifier.value };
    case 'inlineString':
      return { kind: 'inline', text: specifier.value };
    case 'inlineBytes':
      return { kind: 'inline', text: new TextDecoder().decode(specifier.value) };
    default:
      cx.error('is missing', { expected: 'filename, inline_string, inline_bytes or environment_variable' });
      return undefined;
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
