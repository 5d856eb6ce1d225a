import type { GRPCRouteRuleMatch, HTTPRouteRuleMatch } from '@weft/api-kube';
import type { RouteMatch } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { escapeRegex } from './authorization-match.ts';
import type { Init } from './proto.ts';
import { ANY_PATH, headerMatcher } from './route-match.ts';

/** How specific a match is: what comes first is asked first. Source: HTTPRouteRule.matches. */
export type MatchRank = readonly [pathKind: number, pathLength: number, method: number, headers: number, query: number];

export interface RankedMatch {
  readonly match: Init<RouteMatch>;
  readonly rank: MatchRank;
  /** What the rule's filters may replace; `''` where it is no prefix. */
  readonly prefix: string;
}

const text = ({ type, value }: { readonly type?: string; readonly value: string }) =>
  type === 'RegularExpression' ? { regex: value } : { exact: value };

export function httpRouteMatch(match: Partial<HTTPRouteRuleMatch>): RankedMatch {
  const { path = { type: 'PathPrefix', value: '/' }, headers = [], queryParams = [], method } = match;
  const prefix = path.type === 'PathPrefix' ? path.value.replace(/\/+$/, '') : '';
  const pathSpecifier: Init<RouteMatch>['pathSpecifier'] =
    path.type === 'Exact'
      ? { case: 'path', value: path.value }
      : path.type === 'RegularExpression'
        ? { case: 'safeRegex', value: { regex: path.value } }
        : prefix === ''
          ? { case: 'prefix', value: '/' }
          : { case: 'pathSeparatedPrefix', value: prefix };
  return {
    match: {
      pathSpecifier,
      headers: [
        ...(method === undefined ? [] : [headerMatcher(':method', { exact: method })]),
        ...headers.map((header) => headerMatcher(header.name.toLowerCase(), text(header))),
      ],
      queryParameters: queryParams.map((param) => ({
        name: param.name,
        queryParameterMatchSpecifier: {
          case: 'stringMatch',
          value:
            param.type === 'RegularExpression'
              ? { matchPattern: { case: 'safeRegex', value: { regex: param.value } } }
              : { matchPattern: { case: 'exact', value: param.value } },
        },
      })),
    },
    rank: [kindRank(path.type), path.value.length, method === undefined ? 0 : 1, headers.length, queryParams.length],
    prefix,
  };
}

function kindRank(type: string): number {
  return type === 'Exact' ? 2 : type === 'RegularExpression' ? 1 : 0;
}

export function grpcRouteMatch({ method, headers = [] }: GRPCRouteRuleMatch): RankedMatch {
  const { service, method: name, type } = method ?? {};
  const regex = type === 'RegularExpression';
  const part = (value: string | undefined): string =>
    value === undefined || value === '' ? '[^/]+' : regex ? value : escapeRegex(value);
  const pathSpecifier: Init<RouteMatch>['pathSpecifier'] =
    service === undefined && name === undefined
      ? ANY_PATH.pathSpecifier
      : !regex && service !== undefined && name !== undefined
        ? { case: 'path', value: `/${service}/${name}` }
        : !regex && service !== undefined
          ? { case: 'prefix', value: `/${service}/` }
          : { case: 'safeRegex', value: { regex: `/${part(service)}/${part(name)}` } };
  return {
    match: {
      ...(pathSpecifier === undefined ? {} : { pathSpecifier }),
      headers: headers.map((header) => headerMatcher(header.name.toLowerCase(), text(header))),
    },
    rank: [
      service !== undefined && name !== undefined ? 2 : 0,
      (service ?? '').length,
      (name ?? '').length,
      headers.length,
      0,
    ],
    prefix: '',
  };
}

/** More specific first. */
export function byRank(a: MatchRank, b: MatchRank): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = (b[i] ?? 0) - (a[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
