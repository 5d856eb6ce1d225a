import type { RequestHeaderMap } from '@weft/core-http';
import { pathOnly } from '@weft/model-match';
import { withoutPort } from './route-index.ts';
import type { HostRewrite, PathRewrite, RedirectAction, Route } from './route.ts';

/** The path and query after `rewrite`. A prefix is what the route matched: for regular expressions the whole path. */
export function rewritePath(rewrite: PathRewrite, route: Route, path: string): string {
  const bare = pathOnly(path);
  const rest = path.slice(bare.length);
  if (rewrite.kind === 'regex') return rewrite.re.replaceAll(bare, rewrite.substitution) + rest;
  const { path: match } = route.match;
  const matched = 'text' in match ? match.text.length : bare.length;
  return rewrite.replacement + path.slice(matched);
}

/** The `:authority` that `rewrite` gives a request; `''` leaves it (`auto` is known only once a host is picked). */
export function rewriteHost(rewrite: HostRewrite, headers: RequestHeaderMap): string {
  switch (rewrite.kind) {
    case 'literal':
      return rewrite.host;
    case 'header':
      return headers.get(rewrite.name) ?? '';
    case 'path_regex':
      return rewrite.re.replaceAll(pathOnly(headers.path), rewrite.substitution);
    case 'auto':
      return '';
  }
}

/** The URL that a redirect sends the client to. `headers.path` is the request's, rewritten already where `pathRewrite` says so. */
export function redirectLocation(action: RedirectAction, headers: RequestHeaderMap): string {
  const scheme = action.scheme || headers.scheme;
  const port = action.port === 0 ? '' : `:${action.port}`;
  const host = action.host || hostOf(headers, scheme, action.port !== 0);
  return `${scheme}://${host}${port}${redirectPath(action, headers.path)}`;
}

/** The request's host; its port goes where a new one comes, or where it was the default of the scheme that is left. */
function hostOf(headers: RequestHeaderMap, scheme: string, newPort: boolean): string {
  const { authority } = headers;
  const bare = withoutPort(authority);
  if (newPort) return bare;
  if (scheme === headers.scheme) return authority;
  const port = authority.slice(bare.length);
  return (headers.scheme === 'https' && port === ':443') || (headers.scheme === 'http' && port === ':80')
    ? bare
    : authority;
}

function redirectPath(action: RedirectAction, path: string): string {
  const query = path.indexOf('?');
  if (action.path === '') return action.stripQuery && query >= 0 ? path.slice(0, query) : path;
  if (action.path.includes('?') || query < 0 || action.stripQuery) return action.path;
  return action.path + path.slice(query);
}
