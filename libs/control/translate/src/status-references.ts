import {
  gatewayApiRoutes,
  isGranted,
  refText,
  servesGateway,
  type CrossReference,
  type MeshObject,
} from '@weft/control-mesh';
import { countGroups, statusOf, usage, type ObjectStatus, type StatusWorld } from './object-status.ts';

interface Reference extends CrossReference {
  readonly by: MeshObject;
}

/** What uses each ReferenceGrant: references into its namespace that it lets. */
export function referenceGrantStatus(world: StatusWorld): ObjectStatus[] {
  const { snapshot } = world;
  const references = crossReferences(world);
  return snapshot.policies.referenceGrants.map((grant) => {
    const alone = { ...snapshot, policies: { ...snapshot.policies, referenceGrants: [grant] } };
    const users = [...new Set(references.filter((one) => isGranted(alone, one)).map(({ by }) => by))];
    const effectiveOn = countGroups(world, ({ view, trace }) =>
      users.some((by) => servesGateway(view, by) || trace.isActing(by)),
    );
    const names = users.map(({ ref }) => refText(ref));
    return statusOf(grant, effectiveOn, usage(names, `nothing that it lets refers to ${grant.ref.namespace}`));
  });
}

/** Everything of the Gateway API that refers to another namespace. */
function crossReferences({ snapshot }: StatusWorld): Reference[] {
  const fromRoutes = gatewayApiRoutes(snapshot).flatMap(({ object }): Reference[] =>
    (object.spec.rules ?? []).flatMap(({ backendRefs = [] }) =>
      backendRefs.map(({ group, kind, name, namespace = object.ref.namespace }) => ({
        by: object,
        from: object.ref,
        to: { group, kind, namespace, name },
      })),
    ),
  );
  const fromGateways = snapshot.policies.k8sGateways.flatMap((object) =>
    object.spec.listeners.flatMap(({ tls }) =>
      (tls?.certificateRefs ?? []).map(({ group, kind, name, namespace = object.ref.namespace }): Reference => ({
        by: object,
        from: object.ref,
        to: { group: group ?? '', kind: kind ?? 'Secret', namespace, name },
      })),
    ),
  );
  return [...fromRoutes, ...fromGateways].filter(({ from, to }) => from.namespace !== to.namespace);
}
