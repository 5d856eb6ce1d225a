import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  CertificateValidationContext,
  SubjectAltNameMatcher,
} from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { decodeStringMatcher } from '@weft/model-match';
import type { CertificateValidation, SanMatcher } from './certificate-validation.ts';
import { decodeOptionalDataSource } from './data-source.decode.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';

export const certificateValidationSupport: FieldSupport = {
  [`${TLS}.CertificateValidationContext`]: [
    'trusted_ca', 'match_typed_subject_alt_names', 'match_subject_alt_names', 'verify_certificate_hash',
    'verify_certificate_spki', 'trust_chain_verification', 'crl', 'only_verify_leaf_cert_crl',
    'allow_expired_certificate', 'max_verify_depth', 'watched_directory',
  ],
  [`${TLS}.SubjectAltNameMatcher`]: ['san_type', 'matcher', 'oid'],
}; // prettier-ignore

export function decodeCertificateValidation(
  message: CertificateValidationContext,
  cx: DecodeContext,
): CertificateValidation | undefined {
  const before = cx.faults.length;
  refuseOthers(message, cx);
  const subjectAltNames = decodeSans(message, cx);
  const validation: CertificateValidation = {
    trustedCa: decodeOptionalDataSource(message.trustedCa, cx.at('trusted_ca')),
    crl: decodeOptionalDataSource(message.crl, cx.at('crl')),
    onlyLeafCrl: message.onlyVerifyLeafCertCrl,
    subjectAltNames,
    certificateHashes: message.verifyCertificateHash.map((hash, i) =>
      decodeHexHash(hash, cx.at('verify_certificate_hash', i)),
    ),
    spkiHashes: message.verifyCertificateSpki.map((hash, i) =>
      decodeBase64Hash(hash, cx.at('verify_certificate_spki', i)),
    ),
    acceptUntrusted: message.trustChainVerification === 1,
    allowExpired: message.allowExpiredCertificate,
    maxVerifyDepth: message.maxVerifyDepth ?? 100,
    watchedDirectory: message.watchedDirectory?.path,
  };
  if (message.allowExpiredCertificate && message.trustedCa === undefined)
    cx.at('allow_expired_certificate').error('is set, but certificates are verified against no CA', {
      expected: 'trusted_ca',
    });
  return cx.faults.length > before ? undefined : validation;
}

/** Names are worth what the CA behind them is: to compare them without one is refused, as in Envoy. */
export function requireTrustForNames(validation: CertificateValidation, cx: DecodeContext): void {
  if (validation.subjectAltNames.length > 0 && validation.trustedCa === undefined)
    cx.error('names are compared, but no CA is trusted: anybody could make a certificate with such a name', {
      expected: 'trusted_ca',
    });
}

/** What would weaken verification if it were passed over. */
function refuseOthers(message: CertificateValidationContext, cx: DecodeContext): void {
  if (message.customValidatorConfig !== undefined) cx.at('custom_validator_config').later('');
  if (message.systemRootCerts !== undefined) cx.at('system_root_certs').later('', { expected: 'trusted_ca' });
  if (message.caCertificateProviderInstance !== undefined)
    cx.at('ca_certificate_provider_instance').later('', { expected: 'trusted_ca' });
  if (message.requireSignedCertificateTimestamp === true)
    cx.at('require_signed_certificate_timestamp').error('is a field that neither Envoy nor Weft implements');
}

/** 64 hex digits, with or without colons between the bytes. */
function decodeHexHash(text: string, cx: DecodeContext): string {
  const hash = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hash))
    cx.error(`"${text}" is not a SHA-256 in hex`, { expected: '64 hex digits, colons allowed' });
  return hash;
}

function decodeBase64Hash(text: string, cx: DecodeContext): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text))
    cx.error(`"${text}" is not a SHA-256 in base64`, { expected: '44 characters of base64' });
  return text;
}

const SAN_TYPES: readonly (SanMatcher['type'] | undefined)[] = [
  undefined, 'EMAIL', 'DNS', 'URI', 'IP_ADDRESS', 'OTHER_NAME',
]; // prettier-ignore

function decodeSans(message: CertificateValidationContext, cx: DecodeContext): SanMatcher[] {
  // The typed list wins: Envoy does not look at the deprecated one beside it.
  if (message.matchTypedSubjectAltNames.length > 0)
    return message.matchTypedSubjectAltNames.flatMap((entry, i) =>
      decodeSan(entry, cx.at('match_typed_subject_alt_names', i)),
    );
  // The deprecated list compares names of every kind that it knew.
  return message.matchSubjectAltNames.flatMap((entry, i) => {
    const matcher = decodeStringMatcher(entry, cx.at('match_subject_alt_names', i));
    return matcher === undefined
      ? []
      : (['DNS', 'URI', 'EMAIL', 'IP_ADDRESS'] as const).map((type) => ({ type, matcher, oid: '' }));
  });
}

function decodeSan(entry: SubjectAltNameMatcher, cx: DecodeContext): SanMatcher[] {
  const type = SAN_TYPES[entry.sanType];
  if (type === undefined) cx.at('san_type').error('is missing', { expected: SAN_TYPES.slice(1).join(', ') });
  if (entry.matcher === undefined) {
    cx.at('matcher').error('is missing');
    return [];
  }
  const matcher = decodeStringMatcher(entry.matcher, cx.at('matcher'));
  const oid = type === 'OTHER_NAME' ? entry.oid : '';
  if (type === 'OTHER_NAME' && !/^\d+(\.\d+)+$/.test(oid))
    cx.at('oid').error('is missing or not dotted digits', { expected: 'for example 1.3.6.1.4.1.311.20.2.3' });
  return type === undefined || matcher === undefined ? [] : [{ type, matcher, oid }];
}
