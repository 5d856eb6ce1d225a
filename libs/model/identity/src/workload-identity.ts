import type { Parsed } from './parsed.ts';
import { formatSpiffeId, parseSpiffeId } from './spiffe-id.ts';

/** The identity of a workload: that of its service account. Source: Istio's `spiffe://<td>/ns/<ns>/sa/<sa>`. */
export interface WorkloadIdentity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** `spiffe://cluster.local/ns/videos/sa/playlists-api` */
export function formatIdentity({ trustDomain, namespace, serviceAccount }: WorkloadIdentity): string {
  return formatSpiffeId({ trustDomain, path: `/ns/${namespace}/sa/${serviceAccount}` });
}

export function parseIdentity(text: string): Parsed<WorkloadIdentity> {
  const id = parseSpiffeId(text);
  if (!id.ok) return id;
  const [, ns, namespace, sa, serviceAccount, ...more] = id.value.path.split('/');
  if (ns !== 'ns' || sa !== 'sa' || namespace === undefined || serviceAccount === undefined || more.length > 0)
    return { ok: false, fault: `"${text}" is no workload: its path is not /ns/<namespace>/sa/<service account>` };
  return { ok: true, value: { trustDomain: id.value.trustDomain, namespace, serviceAccount } };
}

export function sameIdentity(a: WorkloadIdentity, b: WorkloadIdentity): boolean {
  return a.trustDomain === b.trustDomain && a.namespace === b.namespace && a.serviceAccount === b.serviceAccount;
}

/** As authorization policies write it: without the scheme. Source: Istio's AuthorizationPolicy `principals`. */
export function principalOf(identity: WorkloadIdentity): string {
  return formatIdentity(identity).slice('spiffe://'.length);
}

/**
 * The same workload under every name of its mesh, its own first: while a trust domain is renamed, peers know it by either.
 * Source: `meshConfig.trustDomainAliases`.
 */
export function withAliases(identity: WorkloadIdentity, trustDomains: readonly string[]): readonly WorkloadIdentity[] {
  const names = new Set([identity.trustDomain, ...trustDomains]);
  return [...names].map((trustDomain) => ({ ...identity, trustDomain }));
}
