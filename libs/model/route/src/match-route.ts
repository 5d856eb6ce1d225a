import type { RequestHeaderMap } from '@weft/core-http';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import { asciiLowerCase, matchHeaders, matchQuery, pathOnly } from '@weft/model-match';
import { withoutPort } from './route-index.ts';
import { resolveRoute } from './resolve-route.ts';
import type { IndexedVirtualHost, PathMatch, ResolvedRoute, Route, RouteMatch, RouteTable } from './route.ts';

/** What matching may ask beyond the headers. A connection manager's stream implements it. */
export interface MatchContext {
  readonly flags: RuntimeSnapshot;
  /** A uniform integer of 32 bits; the same for every look-up of one request. */
  readonly draw: number;
  /** The request came from inside (`require_tls: EXTERNAL_ONLY` spares it). */
  readonly internalRequest: boolean;
}

/**
 * The first route, in order, of the best virtual host that matches the request. Undefined: none does. What `require_tls`
 * looks at is x-forwarded-proto, or `headers.scheme` where there is none.
 */
export function matchRoute(table: RouteTable, headers: RequestHeaderMap, cx: MatchContext): ResolvedRoute | undefined {
  const { index } = table;
  const authority = index.hostHeader === '' ? headers.authority : (headers.get(index.hostHeader) ?? '');
  const host = index.findVirtualHost(authority);
  if (host === undefined) return undefined;
  // A scheme is what the client says; x-forwarded-proto is what a connection manager knows or believes.
  if (host.redirectToTls !== undefined && (headers.get('x-forwarded-proto') ?? headers.scheme) !== 'https') {
    if (host.virtualHost.requireTls === 'all' || !cx.internalRequest) return host.redirectToTls;
  }
  const route = findRoute(host, headers, index.ignorePathParameters, cx);
  return route && resolveRoute(route, headers, cx);
}

/** The host that a request is for, as virtual hosts are asked for by it (VHDS). Undefined: there is one already. */
export function missingHost({ index }: RouteTable, headers: RequestHeaderMap): string | undefined {
  const authority = index.hostHeader === '' ? headers.authority : (headers.get(index.hostHeader) ?? '');
  const host = index.ignorePort ? withoutPort(authority) : authority;
  return host === '' || index.findVirtualHost(authority) !== undefined ? undefined : host.toLowerCase();
}

function findRoute(
  host: IndexedVirtualHost,
  headers: RequestHeaderMap,
  ignorePathParameters: boolean,
  cx: MatchContext,
): Route | undefined {
  const { routes } = host.virtualHost;
  let path = pathOnly(headers.path);
  if (ignorePathParameters && path.includes(';')) path = path.slice(0, path.indexOf(';'));
  const exact = host.byPath?.get(path);
  const { scanned } = host;
  // Both lists are in the order of the routes: merging them keeps "the first match wins".
  for (let i = 0, j = 0; ;) {
    const nextExact = exact !== undefined && i < exact.length ? (exact[i] as number) : Infinity;
    const nextScanned = j < scanned.length ? (scanned[j] as number) : Infinity;
    if (nextExact === nextScanned) return undefined;
    if (nextExact < nextScanned) i += 1;
    else j += 1;
    const route = routes[Math.min(nextExact, nextScanned)] as Route;
    if (matches(route.match, path, headers, cx)) return route;
  }
}

function matches(match: RouteMatch, path: string, headers: RequestHeaderMap, cx: MatchContext): boolean {
  if (!pathMatches(match.path, path, headers)) return false;
  const { runtimeFraction, headers: headerMatchers, query } = match;
  if (runtimeFraction !== undefined && !cx.flags.enabled(runtimeFraction.key, runtimeFraction.fraction, cx.draw))
    return false;
  if (match.grpc && !isGrpc(headers)) return false;
  if (headerMatchers.length > 0 && !matchHeaders(headerMatchers, headers)) return false;
  return query.length === 0 || matchQuery(query, headers.path);
}

function pathMatches(match: PathMatch, path: string, headers: RequestHeaderMap): boolean {
  // A CONNECT without a path can only be meant for a connect_matcher.
  if (match.kind === 'connect') return headers.method === 'CONNECT';
  if (path === '') return false;
  if (match.kind === 'safe_regex') return match.re.matches(path);
  const given = match.ignoreCase ? asciiLowerCase(path) : path;
  const { text } = match;
  switch (match.kind) {
    case 'prefix':
      return given.startsWith(text);
    case 'path':
      return given === text;
    case 'path_separated_prefix':
      return given.startsWith(text) && (given.length === text.length || given.charCodeAt(text.length) === 47);
  }
}

/** True for gRPC requests: `application/grpc`, also with a suffix such as `+proto`. */
export function isGrpc(headers: RequestHeaderMap): boolean {
  const type = headers.get('content-type');
  if (type === undefined || !type.startsWith('application/grpc')) return false;
  return type.length === 16 || type.charCodeAt(16) === 43;
}
