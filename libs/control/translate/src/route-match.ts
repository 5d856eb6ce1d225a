import type { VirtualServiceHttpMatch, VirtualServiceStringMatch } from '@weft/api-kube';
import type {
  HeaderMatcher,
  QueryParameterMatcher,
  RouteMatch,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { StringMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/string_pb';
import type { Init } from './proto.ts';

export const ANY_PATH: Init<RouteMatch> = { pathSpecifier: { case: 'prefix', value: '/' } };

/** True for a match that asks nothing of requests: none gets past it. */
export function takesAll(match: Init<RouteMatch> | undefined): boolean {
  const { pathSpecifier, headers = [], queryParameters = [] } = match ?? {};
  return (
    pathSpecifier?.case === 'prefix' &&
    pathSpecifier.value === '/' &&
    headers.length === 0 &&
    queryParameters.length === 0
  );
}

/** A match of a VirtualService's HTTP rule: everything that it asks must hold. Undefined: it asks nothing. */
export function routeMatch(match: VirtualServiceHttpMatch | undefined): Init<RouteMatch> {
  if (match === undefined) return ANY_PATH;
  const { uri, ignoreUriCase, scheme, method, authority, headers, withoutHeaders, queryParams } = match;
  const pseudo = [
    [':scheme', scheme],
    [':method', method],
    [':authority', authority],
  ] as const;
  return {
    pathSpecifier: pathSpecifier(uri),
    ...(ignoreUriCase === true && uri?.regex === undefined ? { caseSensitive: false } : {}),
    headers: [
      ...byName(headers).map(([name, wanted]) => headerMatcher(name, wanted)),
      ...byName(withoutHeaders).map(([name, wanted]) => withoutHeader(name, wanted)),
      ...pseudo.flatMap(([name, wanted]) => (wanted === undefined ? [] : [headerMatcher(name, wanted)])),
    ],
    queryParameters: byName(queryParams).map(([name, wanted]) => queryMatcher(name, wanted)),
  };
}

function pathSpecifier(uri: VirtualServiceStringMatch | undefined): NonNullable<Init<RouteMatch>['pathSpecifier']> {
  if (uri?.exact !== undefined) return { case: 'path', value: uri.exact };
  if (uri?.regex !== undefined) return { case: 'safeRegex', value: { regex: uri.regex } };
  return { case: 'prefix', value: uri?.prefix ?? '/' };
}

export function headerMatcher(name: string, wanted: VirtualServiceStringMatch): Init<HeaderMatcher> {
  const matcher = stringMatcher(wanted);
  return {
    name,
    headerMatchSpecifier:
      matcher === undefined ? { case: 'presentMatch', value: true } : { case: 'stringMatch', value: matcher },
  };
}

function withoutHeader(name: string, wanted: VirtualServiceStringMatch): Init<HeaderMatcher> {
  const asked = headerMatcher(name, wanted);
  // A header that is not there does not have the value either.
  const missing = asked.headerMatchSpecifier?.case === 'stringMatch' ? { treatMissingHeaderAsEmpty: true } : {};
  return { ...asked, invertMatch: true, ...missing };
}

function queryMatcher(name: string, wanted: VirtualServiceStringMatch): Init<QueryParameterMatcher> {
  const matcher = stringMatcher(wanted);
  return {
    name,
    queryParameterMatchSpecifier:
      matcher === undefined ? { case: 'presentMatch', value: true } : { case: 'stringMatch', value: matcher },
  };
}

/** Undefined: being there is enough. */
export function stringMatcher(wanted: VirtualServiceStringMatch): Init<StringMatcher> | undefined {
  if (wanted.exact !== undefined) return { matchPattern: { case: 'exact', value: wanted.exact } };
  if (wanted.prefix !== undefined) return { matchPattern: { case: 'prefix', value: wanted.prefix } };
  if (wanted.regex !== undefined) return { matchPattern: { case: 'safeRegex', value: { regex: wanted.regex } } };
  return undefined;
}

/** The same requests, of certain methods only. */
export function ofMethods(match: Init<RouteMatch>, regex: string): Init<RouteMatch> {
  return { ...match, headers: [...(match.headers ?? []), headerMatcher(':method', { regex })] };
}

/** In the order of their names: the same resource gives the same bytes. */
function byName<T>(values: Readonly<Record<string, T>> | undefined): [string, T][] {
  return Object.entries(values ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
