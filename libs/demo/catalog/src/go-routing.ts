/** The one route of a catalog service: the root, or one path segment that is the id. */
export type ServiceRoute = '/' | '/:id';

/** What a request line gets before any handler runs. */
export type RoutingDecision =
  | { readonly kind: 'serve' }
  | { readonly kind: 'options'; readonly allow: string }
  | { readonly kind: 'method-not-allowed'; readonly allow: string }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'bad-request' }
  | { readonly kind: 'not-found' };

const ALLOW = 'GET, OPTIONS';

/**
 * Routes as the catalog's services always did (a radix-tree router of Go): methods are exact, so HEAD is not GET; a GET
 * whose path only differs by a trailing slash or by `//`, `.` and `..` is redirected; nothing else is found.
 */
export function routeRequest(method: string, url: string, route: ServiceRoute): RoutingDecision {
  if (url === '*' && method === 'OPTIONS') return { kind: 'options', allow: '' };
  const [rawPath = '', ...query] = url.split('?');
  const path = decodePath(rawPath);
  if (path === undefined) return { kind: 'bad-request' };
  if (matches(path, route)) {
    if (method === 'GET') return { kind: 'serve' };
    return { kind: method === 'OPTIONS' ? 'options' : 'method-not-allowed', allow: ALLOW };
  }
  const target = method === 'GET' && path !== '/' ? redirectTarget(path, route) : undefined;
  if (target === undefined) return { kind: 'not-found' };
  const search = query.length > 0 ? `?${query.join('?')}` : '';
  return { kind: 'redirect', location: encodePath(target) + search };
}

function matches(path: string, route: ServiceRoute): boolean {
  return route === '/' ? path === '/' : /^\/[^/]+$/.test(path);
}

function redirectTarget(path: string, route: ServiceRoute): string | undefined {
  const clean = cleanPath(path);
  return [withoutSlash(path), clean, withoutSlash(clean)].find((candidate) => matches(candidate, route));
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Resolves `//`, `.` and `..`; a trailing slash stays. */
function cleanPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${end}`;
}

function decodePath(rawPath: string): string | undefined {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    return undefined;
  }
}

function encodePath(path: string): string {
  return encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23');
}
