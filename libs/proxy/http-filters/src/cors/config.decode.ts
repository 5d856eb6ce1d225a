import type { Message } from '@bufbuild/protobuf';
import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { RuntimeFractionalPercent } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { CorsPolicy as CorsPolicyProto } from '@weft/api-envoy/gen/envoy/extensions/filters/http/cors/v3/cors_pb';
import { decodeStringMatcher, supported as matchSupport } from '@weft/model-match';
import { decodeFraction } from '@weft/model-policy';
import { CorsPolicy, type Share } from './config.ts';

const PACKAGE = 'envoy.extensions.filters.http.cors.v3.';
export const CORS_TYPE = `${PACKAGE}Cors`;
export const CORS_ROUTE_TYPE = `${PACKAGE}CorsPolicy`;

export const corsSupport: FieldSupport = mergeSupport([
  {
    [CORS_TYPE]: [],
    [CORS_ROUTE_TYPE]: [
      'allow_origin_string_match', 'allow_methods', 'allow_headers', 'expose_headers', 'max_age', 'allow_credentials',
      'filter_enabled', 'shadow_enabled', 'allow_private_network_access', 'forward_not_matching_preflights',
    ],
    'envoy.config.core.v3.RuntimeFractionalPercent': ['default_value', 'runtime_key'],
    'envoy.type.v3.FractionalPercent': ['numerator', 'denominator'],
  },
  matchSupport,
]); // prettier-ignore

/** The filter itself has no fields: routes and virtual hosts say everything. */
export function decodeCors(): Record<never, never> {
  return {};
}

export function decodeCorsPolicy(message: Message, cx: DecodeContext): CorsPolicy | undefined {
  const before = cx.faults.length;
  const policy = message as CorsPolicyProto;
  const origins = policy.allowOriginStringMatch.flatMap(
    (matcher, i) => decodeStringMatcher(matcher, cx.at('allow_origin_string_match', i)) ?? [],
  );
  if (cx.faults.length > before) return undefined;
  const fields = {
    allowOrigins: origins.length === 0 ? undefined : origins,
    allowMethods: said(policy.allowMethods),
    allowHeaders: said(policy.allowHeaders),
    exposeHeaders: said(policy.exposeHeaders),
    maxAge: said(policy.maxAge),
    allowCredentials: policy.allowCredentials,
    allowPrivateNetwork: policy.allowPrivateNetworkAccess,
    forwardNotMatchingPreflights: policy.forwardNotMatchingPreflights,
  };
  return new CorsPolicy(fields, share(policy.filterEnabled), share(policy.shadowEnabled));
}

function said(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function share(message: RuntimeFractionalPercent | undefined): Share | undefined {
  if (message === undefined) return undefined;
  const { runtimeKey: key, defaultValue } = message;
  return {
    key,
    fraction: defaultValue === undefined ? { numerator: 0, denominator: 100 } : decodeFraction(defaultValue),
  };
}
