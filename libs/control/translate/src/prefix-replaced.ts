import type { RouteAction } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { escapeRegex } from './authorization-match.ts';
import type { Init } from './proto.ts';

/**
 * A prefix of whole segments becomes another: `/a` in `/a/b` by `/` is `/b`, and never `//b`. `prefix` is `''` for every path.
 * Source: HTTPPathModifier.replacePrefixMatch.
 */
export function prefixReplaced(prefix: string, by: string): Pick<Init<RouteAction>, 'prefixRewrite' | 'regexRewrite'> {
  const replacement = by.replace(/\/+$/, '');
  if (replacement === '')
    return { regexRewrite: { pattern: { regex: `^${escapeRegex(prefix)}/*` }, substitution: '/' } };
  return { prefixRewrite: prefix === '' ? `${replacement}/` : replacement };
}
