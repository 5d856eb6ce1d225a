import type { SpecOf } from '@weft/api-kube';
import { byAge, type MeshObject } from './object.ts';

/** The kinds that say how traffic is treated, by their place in `Policies`. */
export const POLICY_KINDS = {
  virtualServices: 'networking.istio.io/VirtualService',
  destinationRules: 'networking.istio.io/DestinationRule',
  gateways: 'networking.istio.io/Gateway',
  sidecars: 'networking.istio.io/Sidecar',
  peerAuthentications: 'security.istio.io/PeerAuthentication',
  authorizationPolicies: 'security.istio.io/AuthorizationPolicy',
  httpRoutes: 'gateway.networking.k8s.io/HTTPRoute',
  grpcRoutes: 'gateway.networking.k8s.io/GRPCRoute',
  k8sGateways: 'gateway.networking.k8s.io/Gateway',
  gatewayClasses: 'gateway.networking.k8s.io/GatewayClass',
  referenceGrants: 'gateway.networking.k8s.io/ReferenceGrant',
  serviceProfiles: 'linkerd.io/ServiceProfile',
  workloadGroups: 'networking.istio.io/WorkloadGroup',
  namespaces: '/Namespace',
  meshConfigs: '/ConfigMap',
} as const;

type PolicyKinds = typeof POLICY_KINDS;
type SpecNamed<K extends string> = K extends keyof SpecOf
  ? SpecOf[K]
  : K extends `/${infer Core extends keyof SpecOf}`
    ? SpecOf[Core]
    : never;

/** All resources that say how traffic is treated, by kind; each list oldest first. */
export type Policies = { readonly [P in keyof PolicyKinds]: readonly MeshObject<SpecNamed<PolicyKinds[P]>>[] };

/** Sorts resources into `Policies`; kinds that are none are passed over. */
export function sortPolicies(objects: Iterable<MeshObject>): Policies {
  const lists: Record<string, MeshObject[]> = {};
  for (const place of Object.keys(POLICY_KINDS)) lists[place] = [];
  for (const object of objects) policyPlace(object, lists)?.push(object);
  for (const list of Object.values(lists)) Object.freeze(list.sort(byAge));
  // Each list holds one kind, whose form was checked before it came here.
  return Object.freeze(lists) as unknown as Policies;
}

export function isPolicy({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return PLACES.has(`${group}/${kind}`);
}

const PLACES: ReadonlyMap<string, string> = new Map(Object.entries(POLICY_KINDS).map(([place, kind]) => [kind, place]));

function policyPlace({ ref }: MeshObject, lists: Record<string, MeshObject[]>): MeshObject[] | undefined {
  const place = PLACES.get(`${ref.group}/${ref.kind}`);
  return place === undefined ? undefined : lists[place];
}
