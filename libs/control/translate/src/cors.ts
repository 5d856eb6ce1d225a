import { durationMs, type HTTPRouteRuleFilterCors, type VirtualServiceHttpCorsPolicy } from '@weft/api-kube';
import type { Route } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { Cors, CorsPolicy } from '@weft/api-envoy/gen/envoy/extensions/filters/http/cors/v3/cors_pb';
import type { HttpFilter } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { StringMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/string_pb';
import { escapeRegex, regexMatcher } from './authorization-match.ts';
import { pack, type Init } from './proto.ts';
import { stringMatcher } from './route-match.ts';

export const CORS_FILTER = 'envoy.filters.http.cors';
const CORS = 'envoy.extensions.filters.http.cors.v3';

/** Does nothing but where a route has a policy. */
export function corsFilter(): Init<HttpFilter> {
  return {
    name: CORS_FILTER,
    configType: { case: 'typedConfig', value: pack<Cors>(`${CORS}.Cors`, {}) },
  };
}

/** `http[].corsPolicy`. Source: Istio's CorsPolicy; `allowOrigin` is its old name for exact origins. */
export function corsOfRule(
  policy: VirtualServiceHttpCorsPolicy | undefined,
): Pick<Init<Route>, 'typedPerFilterConfig'> {
  if (policy === undefined) return {};
  const { allowOrigin = [], allowOrigins = [], unmatchedPreflights } = policy;
  const exact = allowOrigin.map((origin): Init<StringMatcher> => ({ matchPattern: { case: 'exact', value: origin } }));
  return onRoute({
    allowOriginStringMatch: [...exact, ...allowOrigins.flatMap((origin) => stringMatcher(origin) ?? [])],
    ...lists(policy),
    ...(policy.maxAge === undefined ? {} : { maxAge: seconds(policy.maxAge) }),
    ...(policy.allowCredentials === undefined ? {} : { allowCredentials: policy.allowCredentials }),
    ...(unmatchedPreflights === 'IGNORE' ? { forwardNotMatchingPreflights: false } : {}),
  });
}

/** The filter CORS of an HTTPRoute. Without a word of credentials, none are allowed. Source: GEP-1767. */
export function corsOfFilter(cors: HTTPRouteRuleFilterCors | undefined): Pick<Init<Route>, 'typedPerFilterConfig'> {
  if (cors === undefined) return {};
  return onRoute({
    allowOriginStringMatch: (cors.allowOrigins ?? []).map(originMatcher),
    ...lists(cors),
    maxAge: String((cors.maxAge as number | undefined) ?? 5),
    allowCredentials: cors.allowCredentials === true,
  });
}

/** `https://*.example.com`: any host below, and any scheme, host and port as `*`. */
function originMatcher(origin: string): Init<StringMatcher> {
  if (!origin.includes('*')) return { matchPattern: { case: 'exact', value: origin } };
  return regexMatcher(origin === '*' ? '.*' : origin.split('*').map(escapeRegex).join('.*'));
}

function lists(
  from: Pick<VirtualServiceHttpCorsPolicy, 'allowMethods' | 'allowHeaders' | 'exposeHeaders'>,
): Pick<Init<CorsPolicy>, 'allowMethods' | 'allowHeaders' | 'exposeHeaders'> {
  const { allowMethods = [], allowHeaders = [], exposeHeaders = [] } = from;
  return {
    allowMethods: allowMethods.join(','),
    allowHeaders: allowHeaders.join(','),
    exposeHeaders: exposeHeaders.join(','),
  };
}

function seconds(text: string): string {
  return String(Math.floor((durationMs(text) ?? 0) / 1000));
}

function onRoute(policy: Init<CorsPolicy>): Pick<Init<Route>, 'typedPerFilterConfig'> {
  return { typedPerFilterConfig: { [CORS_FILTER]: pack<CorsPolicy>(`${CORS}.CorsPolicy`, policy) } };
}
