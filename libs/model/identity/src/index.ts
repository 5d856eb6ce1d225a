export type { Parsed } from './parsed.ts';
export { DEFAULT_TRUST_DOMAIN, parseTrustDomain } from './trust-domain.ts';
export { formatSpiffeId, parseSpiffeId, type SpiffeId } from './spiffe-id.ts';
export {
  formatIdentity,
  parseIdentity,
  principalOf,
  sameIdentity,
  withAliases,
  type WorkloadIdentity,
} from './workload-identity.ts';
export { createIdentity, labelFault, subdomainFault } from './workload-names.ts';
