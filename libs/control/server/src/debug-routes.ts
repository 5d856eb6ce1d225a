import type { ControlPlane } from './control-plane.ts';
import type { ApiRoutes } from './http-api.ts';

/** What the debug port answers beyond registrations. */
export function debugRoutes(_controlPlane: ControlPlane): ApiRoutes {
  return {};
}
