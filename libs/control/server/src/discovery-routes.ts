import { REST_PATHS, type XdsServer } from '@weft/xds-server';
import type { ApiRoutes } from './http-api.ts';

/** REST-JSON discovery on a port without TLS: `POST /v3/discovery:clusters` and its like. Its callers show no certificate. */
export function discoveryRoutes(xds: XdsServer): ApiRoutes {
  return Object.fromEntries(
    REST_PATHS.map((path) => [
      `POST ${path}`,
      ({ method, body, peerAddress }) => {
        const answer = xds.rest({ method, path, body, peerAddress });
        return { status: answer?.status ?? 404, body: answer?.body ?? '', contentType: 'application/json' };
      },
    ]),
  ) as ApiRoutes;
}
