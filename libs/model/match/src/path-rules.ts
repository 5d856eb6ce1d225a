import type { RequestHeaderMap } from '@weft/core-http';
import { normalizePath } from './normalize-path.ts';

/** What becomes of the paths of requests before anything looks at them. Source: HttpConnectionManager. */
export interface PathRules {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  /** What becomes of `%2F` and `%5C` (path_with_escaped_slashes_action). */
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'forward';
}

/** `refuse`: the path cannot be what the configuration wants. `redirect`: the client is to come back with the path as it is now. */
export type PathVerdict = 'go on' | 'refuse' | 'redirect';

/**
 * Rewrites a request's path as the configuration asks: escaped slashes unescaped, dot segments resolved, slashes merged, in
 * this order, so that no step hides something from the next. Source: Envoy's ConnectionManagerUtility::maybeNormalizePath.
 */
export function applyPathRules(headers: RequestHeaderMap, rules: PathRules): PathVerdict {
  // A fragment is the client's own; the codec of HTTP/1.1 refuses it by itself.
  if (headers.path.includes('#')) return 'refuse';
  const { normalizePath: normalize, mergeSlashes, escapedSlashes } = rules;
  if ((!normalize && !mergeSlashes && escapedSlashes === 'keep') || !headers.path.startsWith('/')) return 'go on';
  let { path } = headers;
  let verdict: PathVerdict = 'go on';
  if (escapedSlashes !== 'keep') {
    const unescaped = unescapeSlashes(path);
    if (unescaped !== path) {
      if (escapedSlashes === 'reject') {
        headers.path = unescaped;
        return 'refuse';
      }
      if (escapedSlashes === 'redirect') verdict = 'redirect';
      path = unescaped;
    }
  }
  const normal = normalize || mergeSlashes ? normalizePath(path, { normalize, mergeSlashes }) : path;
  if (normal === undefined) return 'refuse';
  headers.path = normal;
  return verdict;
}

function unescapeSlashes(path: string): string {
  const query = path.indexOf('?');
  const plain = query < 0 ? path : path.slice(0, query);
  if (!plain.includes('%')) return path;
  const unescaped = plain.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
  return query < 0 ? unescaped : unescaped + path.slice(query);
}
