import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Permission, SourcedMetadata } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import type { TypedExtensionConfig } from '@weft/api-envoy/gen/envoy/config/core/v3/extension_pb';
import type { UriTemplateMatchConfig } from '@weft/api-envoy/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb';
import type { PathMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/path_pb';
import {
  HeaderMatcher,
  decodeCidr,
  decodeHeaderMatcher,
  decodeMetadataMatcher,
  decodeStringMatcher,
  parseIp,
  pathOnly,
  type CidrRange,
} from '@weft/model-match';
import { HeaderMap, type SocketAddress } from '@weft/core-http';
import { allOf, anyOf, not, type RbacRequest, type RequestTest } from './request.ts';
import { compileUriTemplate } from './uri-template.ts';

export const permissionSupport: FieldSupport = {
  'envoy.config.rbac.v3.Permission': [
    'and_rules', 'or_rules', 'any', 'header', 'url_path', 'destination_ip', 'destination_port', 'destination_port_range',
    'metadata', 'not_rule', 'requested_server_name', 'sourced_metadata', 'uri_template',
  ],
  'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig': ['path_template'],
  'envoy.config.core.v3.TypedExtensionConfig': ['name', 'typed_config'],
  'envoy.config.rbac.v3.Permission.Set': ['rules'],
  'envoy.config.rbac.v3.SourcedMetadata': ['metadata_matcher', 'metadata_source'],
  'envoy.type.matcher.v3.PathMatcher': ['path'],
  'envoy.type.v3.Int32Range': ['start', 'end'],
}; // prettier-ignore

/** Undefined where there are faults, which are in `cx`. */
export function decodePermission(message: Permission, cx: DecodeContext): RequestTest | undefined {
  const { rule } = message;
  switch (rule.case) {
    case 'andRules':
      return decodeSet(rule.value.rules, cx.at('and_rules', 'rules'), allOf);
    case 'orRules':
      return decodeSet(rule.value.rules, cx.at('or_rules', 'rules'), anyOf);
    case 'notRule': {
      const inner = decodePermission(rule.value, cx.at('not_rule'));
      return inner && not(inner);
    }
    case 'any':
      return () => true;
    case 'header':
      return headerTest(decodeHeaderMatcher(rule.value, cx.at('header')));
    case 'urlPath':
      return decodeUrlPath(rule.value, cx.at('url_path'));
    case 'destinationIp':
      return addressTest(decodeCidr(rule.value, cx.at('destination_ip')), ({ connection }) => connection.localAddress);
    case 'destinationPort':
      return ({ connection }) => connection.localAddress.port === rule.value;
    case 'destinationPortRange':
      return ({ connection: { localAddress } }) =>
        localAddress.port >= rule.value.start && localAddress.port < rule.value.end;
    case 'requestedServerName': {
      const matcher = decodeStringMatcher(rule.value, cx.at('requested_server_name'));
      return matcher && (({ connection }) => matcher.matches(connection.requestedServerName));
    }
    case 'metadata': {
      const matcher = decodeMetadataMatcher(rule.value, cx.at('metadata'));
      return matcher && (({ metadata }) => matcher.matches(metadata));
    }
    case 'sourcedMetadata':
      return decodeSourcedMetadata(rule.value, cx.at('sourced_metadata'));
    case 'uriTemplate':
      return decodeUriTemplate(rule.value, cx.at('uri_template', 'typed_config'));
    case 'matcher':
      refuse(cx, 'matcher', rule.value.typedConfig?.typeUrl);
      return undefined;
    case undefined:
      cx.error('says nothing to match', { expected: 'any, header, destination_port …' });
      return undefined;
  }
}

function decodeSet(
  messages: readonly Permission[],
  cx: DecodeContext,
  join: (tests: readonly RequestTest[]) => RequestTest,
): RequestTest | undefined {
  const tests = messages.flatMap((one, i) => decodePermission(one, cx.at(i)) ?? []);
  return tests.length < messages.length ? undefined : join(tests);
}

const URI_TEMPLATE = 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';

function decodeUriTemplate({ typedConfig }: TypedExtensionConfig, cx: DecodeContext): RequestTest | undefined {
  const message = cx.unpack(typedConfig, URI_TEMPLATE) as UriTemplateMatchConfig | undefined;
  if (message === undefined) return undefined;
  const template = compileUriTemplate(message.pathTemplate);
  if (typeof template === 'string') {
    cx.at('path_template').error(`"${message.pathTemplate}" ${template}`, { expected: 'for example /users/{id}/**' });
    return undefined;
  }
  return ({ headers }) => {
    const path = headers?.get(':path');
    return path !== undefined && template.test(pathOnly(path));
  };
}

const NO_HEADERS = new HeaderMap();

export function headerTest(matcher: HeaderMatcher | undefined): RequestTest | undefined {
  return matcher && (({ headers }) => matcher.matches(headers ?? NO_HEADERS));
}

/** The path without query and fragment; a plain connection has none, and matches nothing. */
export function decodeUrlPath(message: PathMatcher, cx: DecodeContext): RequestTest | undefined {
  if (message.rule.case === undefined) {
    cx.error('has no path', { expected: 'path: a string matcher' });
    return undefined;
  }
  const matcher = decodeStringMatcher(message.rule.value, cx.at('path'));
  return (
    matcher &&
    (({ headers }) => {
      const path = headers?.get(':path');
      return path !== undefined && matcher.matches(pathOnly(path));
    })
  );
}

export function addressTest(
  range: CidrRange | undefined,
  address: (request: RbacRequest) => SocketAddress,
): RequestTest | undefined {
  return (
    range &&
    ((request) => {
      const ip = parseIp(address(request).ip);
      return ip !== undefined && range.contains(ip);
    })
  );
}

export function decodeSourcedMetadata(message: SourcedMetadata, cx: DecodeContext): RequestTest | undefined {
  if (message.metadataSource !== 0) {
    cx.at('metadata_source').later('ROUTE', { expected: 'DYNAMIC' });
    return undefined;
  }
  if (message.metadataMatcher === undefined) {
    cx.at('metadata_matcher').error('is missing');
    return undefined;
  }
  const matcher = decodeMetadataMatcher(message.metadataMatcher, cx.at('metadata_matcher'));
  return matcher && (({ metadata }) => matcher.matches(metadata));
}

/** A rule that is left out would let others decide in its place, so it is a fault and no warning. */
export function refuse(cx: DecodeContext, field: string, typeUrl: string | undefined): void {
  cx.at(field).later(typeUrl?.split('/').at(-1) ?? '');
}
