import {
  gatewayApiRoutes,
  isGranted,
  refText,
  selectsNamespace,
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

/** Which Gateways let routes of a Namespace in for its labels. */
export function namespaceStatus({ snapshot, groups }: StatusWorld): ObjectStatus[] {
  const { namespaces, k8sGateways } = snapshot.policies;
  return namespaces.map((namespace) => {
    const { ref, labels } = namespace;
    const users = k8sGateways.filter(({ spec }) =>
      spec.listeners.some((listener) => selectsNamespace(listener, { name: ref.name, labels })),
    );
    const names = users.map((gateway) => refText(gateway.ref));
    const serving = countGroups({ groups }, ({ view }) => users.some((gateway) => servesGateway(view, gateway)));
    return statusOf(namespace, serving, usage(names, 'no Gateway lets routes in for its labels'));
  });
}

/** Which Gateways are of each GatewayClass. */
export function gatewayClassStatus({ snapshot, groups }: StatusWorld): ObjectStatus[] {
  const { gatewayClasses, k8sGateways } = snapshot.policies;
  return gatewayClasses.map((gatewayClass) => {
    const users = k8sGateways.filter(({ spec }) => spec.gatewayClassName === gatewayClass.ref.name);
    const names = users.map(({ ref }) => refText(ref));
    const serving = countGroups({ groups }, ({ view }) => users.some((gateway) => servesGateway(view, gateway)));
    return statusOf(gatewayClass, serving, usage(names, 'no Gateway is of this class'));
  });
}

/** How many workloads registered as one of each WorkloadGroup. */
export function workloadGroupStatus({ snapshot, proxies }: StatusWorld): ObjectStatus[] {
  const { workloadGroups } = snapshot.policies;
  if (workloadGroups.length === 0) return [];
  const members = [...snapshot.workloads.values()].filter(({ group }) => group !== undefined);
  const connected = new Set(proxies.map(({ namespace, name }) => `${namespace}/${name}`));
  return workloadGroups.map((group) => {
    const { namespace, name } = group.ref;
    const own = members.filter((one) => one.group === name && one.namespace === namespace);
    const effectiveOn = own.filter((one) => connected.has(`${one.namespace}/${one.name}`)).length;
    const users = own.length === 0 ? [] : [`${own.length} ${own.length === 1 ? 'workload' : 'workloads'}`];
    return statusOf(group, effectiveOn, usage(users, `no workload registered with --group ${name}`));
  });
}

/** How many workloads run under each ServiceAccount. */
export function serviceAccountStatus(
  { snapshot, proxies }: StatusWorld,
  documents: readonly MeshObject[],
): ObjectStatus[] {
  const accounts = documents.filter(({ ref }) => ref.group === '' && ref.kind === 'ServiceAccount');
  if (accounts.length === 0) return [];
  const key = ({
    namespace,
    serviceAccount,
  }: {
    readonly namespace: string;
    readonly serviceAccount: string;
  }): string => `${namespace}/${serviceAccount}`;
  const workloads = Map.groupBy(snapshot.workloads.values(), key);
  const connected = Map.groupBy(proxies, key);
  return accounts.map((account) => {
    const name = `${account.ref.namespace}/${account.ref.name}`;
    const count = workloads.get(name)?.length ?? 0;
    const users = count === 0 ? [] : [`${count} ${count === 1 ? 'workload' : 'workloads'}`];
    return statusOf(account, connected.get(name)?.length ?? 0, usage(users, 'no workload runs under it'));
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
