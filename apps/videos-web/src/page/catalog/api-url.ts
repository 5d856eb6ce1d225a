/** What the rule needs to know of the address that the page was loaded from; `window.location` fits. */
export interface PageLocation {
  readonly origin: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
}

/**
 * Where the page finds playlists-api.
 * - Below `/home/` it came through a gateway, which has the API at `/api/playlists` of the same origin.
 * - On `localhost` it came straight from its own port, and so did playlists-api, on port 81.
 * - Anywhere else the API is at `/api/playlists` of the same host and port. An empty port is valid: `http://host:/api`.
 */
export function apiUrl({ origin, hostname, port, pathname }: PageLocation): string {
  if (pathname === '/home' || pathname.startsWith('/home/')) return `${origin}/api/playlists`;
  if (hostname === 'localhost') return 'http://localhost:81/';
  return `http://${hostname}:${port}/api/playlists`;
}
