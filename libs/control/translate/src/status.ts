import { secretFault, type MeshObject, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
import type { ObjectStatus, StatusWorld } from './object-status.ts';
import { gatewayApiRouteStatus, gatewayStatus } from './status-gateways.ts';
import { meshConfigStatus } from './status-mesh-config.ts';
import {
  gatewayClassStatus,
  namespaceStatus,
  referenceGrantStatus,
  serviceAccountStatus,
  workloadGroupStatus,
} from './status-references.ts';
import { secretStatus } from './status-secrets.ts';
import { authorizationStatus, peerAuthenticationStatus } from './status-security.ts';
import { serviceStatus, workloadEntryStatus } from './status-services.ts';
import { destinationRuleStatus, serviceProfileStatus, sidecarStatus } from './status-traffic.ts';
import { virtualServiceStatus } from './status-virtual-services.ts';
import { viewGroups } from './view-groups.ts';

/** One kind, or several of one nature, at a time. */
const ASPECTS: readonly ((world: StatusWorld, documents: readonly MeshObject[]) => ObjectStatus[])[] = [
  virtualServiceStatus,
  destinationRuleStatus,
  gatewayStatus,
  gatewayApiRouteStatus,
  peerAuthenticationStatus,
  authorizationStatus,
  sidecarStatus,
  meshConfigStatus,
  serviceProfileStatus,
  serviceStatus,
  workloadEntryStatus,
  workloadGroupStatus,
  referenceGrantStatus,
  namespaceStatus,
  gatewayClassStatus,
  serviceAccountStatus,
  secretStatus,
];

/**
 * What every policy, route and service does, for the proxies there are. The listeners and routes of each group of proxies that
 * see the same are made anew: ask seldom, and not on each push.
 * `documents` are where Secrets and WorkloadEntries are, which the mesh's snapshot has not; without them nothing is said of either.
 */
export function status(
  snapshot: MeshSnapshot,
  proxies: readonly MeshProxy[],
  documents?: Iterable<MeshObject>,
): ObjectStatus[] {
  const steps = statusInSteps(snapshot, proxies, documents);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, yielding every few milliseconds of work, so that who has other things to do can stop in between. */
export function* statusInSteps(
  snapshot: MeshSnapshot,
  proxies: readonly MeshProxy[],
  documents?: Iterable<MeshObject>,
): Generator<void, ObjectStatus[]> {
  const all = documents && [...documents];
  const secrets = all?.filter(({ ref }) => ref.group === '' && ref.kind === 'Secret');
  const groups = yield* viewGroups(snapshot, proxies);
  const world: StatusWorld = {
    snapshot,
    proxies,
    groups,
    secrets,
    secretFault: (name, namespace) => secrets && secretFault(secrets, name, namespace),
  };
  const found: ObjectStatus[] = [];
  for (const aspect of ASPECTS) {
    found.push(...aspect(world, all ?? []));
    yield;
  }
  return found;
}
