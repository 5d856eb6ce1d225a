import type { AuthorizationPolicySpec } from '@weft/api-kube';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshSnapshot } from './snapshot.ts';

export type AuthorizationPolicy = MeshObject<AuthorizationPolicySpec>;

/** The policies that are asked for one workload, by what they do; each list oldest first. */
export interface EffectiveAuthorization {
  readonly custom: readonly AuthorizationPolicy[];
  readonly deny: readonly AuthorizationPolicy[];
  readonly allow: readonly AuthorizationPolicy[];
  readonly audit: readonly AuthorizationPolicy[];
}

/** Who is asked about. */
export interface AuthorizationTarget {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `namespace/name` of Gateways (Gateway API) that it is the proxy of. */
  readonly gateways?: readonly string[];
}

/** Policies of the root namespace are for every namespace. Source: AuthorizationPolicy's selector and targetRefs. */
export function authorizationFor(snapshot: MeshSnapshot, target: AuthorizationTarget): EffectiveAuthorization {
  const { rootNamespace } = snapshot.config;
  const found = snapshot.policies.authorizationPolicies.filter(
    ({ ref, spec }) =>
      (ref.namespace === rootNamespace || ref.namespace === target.namespace) &&
      labelsMatch(spec.selector?.matchLabels, target.labels) &&
      namesTarget(ref.namespace, spec, target),
  );
  const doing = (action: string): AuthorizationPolicy[] =>
    found.filter(({ spec }) => (spec.action ?? 'ALLOW') === action);
  return { custom: doing('CUSTOM'), deny: doing('DENY'), allow: doing('ALLOW'), audit: doing('AUDIT') };
}

/** Annotation `istio.io/dry-run: "true"`: decided and counted, not enforced. */
export function isDryRun({ annotations }: AuthorizationPolicy): boolean {
  return annotations['istio.io/dry-run'] === 'true';
}

/** All resources that a policy is bound to by reference; none: its selector decides. */
export function targetRefsOf(spec: AuthorizationPolicySpec) {
  return [...(spec.targetRef === undefined ? [] : [spec.targetRef]), ...(spec.targetRefs ?? [])];
}

function namesTarget(
  namespace: string,
  spec: AuthorizationPolicySpec,
  { gateways = [] }: AuthorizationTarget,
): boolean {
  const refs = targetRefsOf(spec);
  return (
    refs.length === 0 || refs.some(({ kind, name }) => kind === 'Gateway' && gateways.includes(`${namespace}/${name}`))
  );
}
