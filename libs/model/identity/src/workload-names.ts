import type { Parsed } from './parsed.ts';
import { parseTrustDomain } from './trust-domain.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Why a text is no DNS label, as Kubernetes wants namespaces and services; undefined when it is one. Source: RFC 1123. */
export function labelFault(what: string, text: string): string | undefined {
  if (text.length <= MAX_LABEL && LABEL.test(text)) return undefined;
  return `"${text}" is no ${what}: lower-case letters, digits and "-", at most ${MAX_LABEL}, and no "-" at an end`;
}

/** Why a text is no DNS subdomain, as Kubernetes wants names of objects; undefined when it is one. Source: RFC 1123. */
export function subdomainFault(what: string, text: string): string | undefined {
  if (text.length <= MAX_SUBDOMAIN && text.split('.').every((label) => LABEL.test(label))) return undefined;
  return `"${text}" is no ${what}: lower-case letters, digits, "-" and ".", at most ${MAX_SUBDOMAIN}, and no "-" or "." at an end`;
}

/** An identity that may be given out: stricter than what is understood of others. */
export function createIdentity(names: WorkloadIdentity): Parsed<WorkloadIdentity> {
  const { trustDomain, namespace, serviceAccount } = names;
  const domain = parseTrustDomain(trustDomain);
  if (!domain.ok) return domain;
  const fault = labelFault('namespace', namespace) ?? subdomainFault('service account', serviceAccount);
  return fault === undefined ? { ok: true, value: { trustDomain, namespace, serviceAccount } } : { ok: false, fault };
}
