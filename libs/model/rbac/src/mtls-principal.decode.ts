import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Config } from '@weft/api-envoy/gen/envoy/extensions/rbac/principals/mtls_authenticated/v3/mtls_authenticated_pb';
import { decodeStringMatcher } from '@weft/model-match';
import type { PeerCertificate } from '@weft/core-http';
import type { RequestTest } from './request.ts';

export const MTLS_PRINCIPAL = 'envoy.extensions.rbac.principals.mtls_authenticated.v3.Config';

export const mtlsPrincipalSupport: FieldSupport = {
  [MTLS_PRINCIPAL]: ['san_matcher', 'any_validated_client_certificate'],
  'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher': ['san_type', 'matcher'],
  'envoy.config.core.v3.TypedExtensionConfig': ['name', 'typed_config'],
};

/** SubjectAltNameMatcher.SanType by number. */
const SANS: readonly ((peer: PeerCertificate) => readonly string[])[] = [
  () => [],
  ({ emailSans }) => emailSans,
  ({ dnsSans }) => dnsSans,
  ({ uriSans }) => uriSans,
  ({ ipSans }) => ipSans,
];

/** Whoever showed a certificate that was verified; with `san_matcher`, one with such a name. */
export function decodeMtlsPrincipal(message: Config, cx: DecodeContext): RequestTest | undefined {
  const { sanMatcher, anyValidatedClientCertificate } = message;
  if (sanMatcher === undefined) {
    if (anyValidatedClientCertificate) return ({ connection: { ssl } }) => ssl?.peerVerified === true;
    cx.error('says nothing to match', { expected: 'san_matcher or any_validated_client_certificate' });
    return undefined;
  }
  const place = cx.at('san_matcher');
  const namesOf = SANS[sanMatcher.sanType];
  if (namesOf === undefined || sanMatcher.sanType === 0)
    place.at('san_type').later('OTHER_NAME', { expected: 'EMAIL, DNS, URI or IP_ADDRESS' });
  if (sanMatcher.matcher === undefined) place.at('matcher').error('is missing');
  const matcher = sanMatcher.matcher && decodeStringMatcher(sanMatcher.matcher, place.at('matcher'));
  if (matcher === undefined || namesOf === undefined) return undefined;
  return ({ connection: { ssl } }) =>
    ssl?.peerVerified === true && ssl.peer !== undefined && namesOf(ssl.peer).some((name) => matcher.matches(name));
}
