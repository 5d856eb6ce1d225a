import { secretFault, type MeshObject, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
import type { ObjectStatus, StatusWorld } from './object-status.ts';
import { authorizationStatus, peerAuthenticationStatus } from './status-security.ts';
import { gatewayApiRouteStatus, gatewayStatus } from './status-gateways.ts';
import { meshConfigStatus } from './status-mesh-config.ts';
import { serviceStatus } from './status-services.ts';
import { destinationRuleStatus, serviceProfileStatus, sidecarStatus, virtualServiceStatus } from './status-traffic.ts';

/**
 * What every policy, route and service does, for the proxies there are. Each proxy's scope is worked out once for each kind
 * that needs it: for a thousand proxies ask seldom, and not on each push.
 * `documents` are where Secrets are, which the mesh's snapshot has not; without them nothing is said of Secrets.
 */
export function status(
  snapshot: MeshSnapshot,
  proxies: readonly MeshProxy[],
  documents?: Iterable<MeshObject>,
): ObjectStatus[] {
  const secrets = documents && [...documents].filter(({ ref }) => ref.group === '' && ref.kind === 'Secret');
  const world: StatusWorld = {
    snapshot,
    proxies,
    secretFault: (name, namespace) => secrets && secretFault(secrets, name, namespace),
  };
  return [
    ...virtualServiceStatus(world),
    ...destinationRuleStatus(world),
    ...sidecarStatus(world),
    ...gatewayStatus(world),
    ...gatewayApiRouteStatus(world),
    ...peerAuthenticationStatus(world),
    ...authorizationStatus(world),
    ...meshConfigStatus(world),
    ...serviceProfileStatus(world),
    ...serviceStatus(world),
  ];
}
