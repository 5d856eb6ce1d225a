import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Principal, Principal_Authenticated } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import type { TypedExtensionConfig } from '@weft/api-envoy/gen/envoy/config/core/v3/extension_pb';
import type { Config } from '@weft/api-envoy/gen/envoy/extensions/rbac/principals/mtls_authenticated/v3/mtls_authenticated_pb';
import type { FilterStateMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/filter_state_pb';
import {
  decodeCidr,
  decodeHeaderMatcher,
  decodeMetadataMatcher,
  decodeStringMatcher,
  type StringMatcher,
} from '@weft/model-match';
import { decodeMtlsPrincipal, MTLS_PRINCIPAL } from './mtls-principal.decode.ts';
import { addressTest, decodeSourcedMetadata, decodeUrlPath, headerTest, refuse } from './permission.decode.ts';
import { allOf, anyOf, not, type RequestTest } from './request.ts';

export const principalSupport: FieldSupport = {
  'envoy.config.rbac.v3.Principal': [
    'and_ids', 'or_ids', 'any', 'authenticated', 'source_ip', 'direct_remote_ip', 'remote_ip', 'header', 'url_path',
    'metadata', 'filter_state', 'not_id', 'sourced_metadata', 'custom',
  ],
  'envoy.config.rbac.v3.Principal.Set': ['ids'],
  'envoy.config.rbac.v3.Principal.Authenticated': ['principal_name'],
  'envoy.type.matcher.v3.FilterStateMatcher': ['key', 'string_match'],
}; // prettier-ignore

/** Undefined where there are faults, which are in `cx`. */
export function decodePrincipal(message: Principal, cx: DecodeContext): RequestTest | undefined {
  const { identifier } = message;
  switch (identifier.case) {
    case 'andIds':
      return decodeSet(identifier.value.ids, cx.at('and_ids', 'ids'), allOf);
    case 'orIds':
      return decodeSet(identifier.value.ids, cx.at('or_ids', 'ids'), anyOf);
    case 'notId': {
      const inner = decodePrincipal(identifier.value, cx.at('not_id'));
      return inner && not(inner);
    }
    case 'any':
      return () => true;
    case 'authenticated':
      return decodeAuthenticated(identifier.value, cx.at('authenticated'));
    // The address of the connection: its peer's, or the one that the PROXY protocol names.
    case 'sourceIp':
      return addressTest(
        decodeCidr(identifier.value, cx.at('source_ip')),
        ({ connection }) => connection.remoteAddress ?? connection.directRemoteAddress,
      );
    case 'directRemoteIp':
      return addressTest(
        decodeCidr(identifier.value, cx.at('direct_remote_ip')),
        ({ connection }) => connection.directRemoteAddress,
      );
    case 'remoteIp':
      return addressTest(decodeCidr(identifier.value, cx.at('remote_ip')), ({ remoteAddress }) => remoteAddress);
    case 'header':
      return headerTest(decodeHeaderMatcher(identifier.value, cx.at('header')));
    case 'urlPath':
      return decodeUrlPath(identifier.value, cx.at('url_path'));
    case 'metadata': {
      const matcher = decodeMetadataMatcher(identifier.value, cx.at('metadata'));
      return matcher && (({ metadata }) => matcher.matches(metadata));
    }
    case 'sourcedMetadata':
      return decodeSourcedMetadata(identifier.value, cx.at('sourced_metadata'));
    case 'filterState':
      return decodeFilterState(identifier.value, cx.at('filter_state'));
    case 'custom':
      return decodeCustom(identifier.value, cx.at('custom'));
    case undefined:
      cx.error('says nothing to match', { expected: 'any, authenticated, source_ip …' });
      return undefined;
  }
}

function decodeCustom({ typedConfig }: TypedExtensionConfig, cx: DecodeContext): RequestTest | undefined {
  const place = cx.at('typed_config');
  const message = place.unpack(typedConfig);
  if (message === undefined) return undefined;
  if (message.$typeName === MTLS_PRINCIPAL) return decodeMtlsPrincipal(message as Config, place);
  place.later(message.$typeName, { expected: MTLS_PRINCIPAL });
  return undefined;
}

function decodeSet(
  messages: readonly Principal[],
  cx: DecodeContext,
  join: (tests: readonly RequestTest[]) => RequestTest,
): RequestTest | undefined {
  const tests = messages.flatMap((one, i) => decodePrincipal(one, cx.at(i)) ?? []);
  return tests.length < messages.length ? undefined : join(tests);
}

function decodeAuthenticated(message: Principal_Authenticated, cx: DecodeContext): RequestTest | undefined {
  if (message.principalName === undefined) return ({ connection }) => connection.ssl !== undefined;
  const name = decodeStringMatcher(message.principalName, cx.at('principal_name'));
  return name && authenticatedAs(name);
}

/** A client goes by its URI SANs, its DNS SANs and its subject, asked in this order. */
function authenticatedAs(name: StringMatcher): RequestTest {
  return ({ connection: { ssl } }) => {
    if (ssl === undefined) return false;
    const { peer } = ssl;
    const is = (text: string): boolean => name.matches(text);
    return (peer?.uriSans.some(is) ?? false) || (peer?.dnsSans.some(is) ?? false) || is(peer?.subject ?? '');
  };
}

function decodeFilterState(message: FilterStateMatcher, cx: DecodeContext): RequestTest | undefined {
  if (message.matcher.case !== 'stringMatch') {
    refuse(cx, message.matcher.case === undefined ? 'string_match' : 'address_match', undefined);
    return undefined;
  }
  const matcher = decodeStringMatcher(message.matcher.value, cx.at('string_match'));
  return (
    matcher &&
    ((request) => {
      const value = request.filterState?.(message.key);
      return value !== undefined && matcher.matches(value);
    })
  );
}
