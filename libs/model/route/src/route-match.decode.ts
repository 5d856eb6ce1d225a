import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { RouteMatch as Message } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { asciiLowerCase, decodeHeaderMatchers, decodeQueryParameterMatchers, decodeRegex } from '@weft/model-match';
import { decodeFraction } from '@weft/model-policy';
import type { PathMatch, RouteMatch } from './route.ts';

export const routeMatchSupport: FieldSupport = {
  'envoy.config.route.v3.RouteMatch': [
    'prefix',
    'path',
    'safe_regex',
    'connect_matcher',
    'path_separated_prefix',
    'case_sensitive',
    'runtime_fraction',
    'headers',
    'query_parameters',
    'grpc',
  ],
  'envoy.config.route.v3.RouteMatch.ConnectMatcher': [],
  'envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions': [],
  'envoy.config.core.v3.RuntimeFractionalPercent': ['default_value', 'runtime_key'],
};

const EVERY = { numerator: 100, denominator: 100 } as const;

export function decodeRouteMatch(message: Message | undefined, cx: DecodeContext): RouteMatch | undefined {
  if (message === undefined) {
    cx.error('is missing', { expected: 'prefix, path, safe_regex, path_separated_prefix or connect_matcher' });
    return undefined;
  }
  const { runtimeFraction } = message;
  const path = decodePath(message, cx);
  const headers = decodeHeaderMatchers(message.headers, cx.at('headers'));
  const query = decodeQueryParameterMatchers(message.queryParameters, cx.at('query_parameters'));
  if (path === undefined) return undefined;
  return {
    path,
    headers,
    query,
    runtimeFraction: runtimeFraction && {
      key: runtimeFraction.runtimeKey,
      fraction: runtimeFraction.defaultValue ? decodeFraction(runtimeFraction.defaultValue) : EVERY,
    },
    grpc: message.grpc !== undefined,
  };
}

function decodePath(message: Message, cx: DecodeContext): PathMatch | undefined {
  const { pathSpecifier: how } = message;
  const ignoreCase = message.caseSensitive === false;
  const text = (value: string): string => (ignoreCase ? asciiLowerCase(value) : value);
  switch (how.case) {
    case 'prefix':
    case 'path':
      return { kind: how.case, text: text(how.value), ignoreCase };
    case 'pathSeparatedPrefix':
      return { kind: 'path_separated_prefix', text: text(how.value), ignoreCase };
    case 'safeRegex': {
      const re = decodeRegex(how.value, cx.at('safe_regex'));
      return re && { kind: 'safe_regex', re };
    }
    case 'connectMatcher':
      return { kind: 'connect' };
    case 'pathMatchPolicy':
      cx.at('path_match_policy').error('is not supported');
      return undefined;
    case undefined:
      cx.error('says no path', { expected: 'prefix, path, safe_regex, path_separated_prefix or connect_matcher' });
      return undefined;
  }
}
