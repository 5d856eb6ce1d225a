/** What a page of another origin needs to read an answer, as the catalog's services send it. */
const CORS_HEADERS = {
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE',
  'access-control-allow-headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, accept, origin, Cache-Control, X-Requested-With, X-MY-API-Version',
  'access-control-allow-credentials': 'true',
  'access-control-allow-origin': '*',
} as const;

/** CORS headers are for `ENVIRONMENT=DEBUG` only: behind an ingress, page and API have one origin. */
export function corsHeaders(environment: string | undefined): Readonly<Record<string, string>> {
  return environment === 'DEBUG' ? CORS_HEADERS : {};
}
