import type { Parsed } from './parsed.ts';

/** Istio's default (`meshConfig.trustDomain`). */
export const DEFAULT_TRUST_DOMAIN = 'cluster.local';

const MAX_TRUST_DOMAIN = 255;
const TRUST_DOMAIN = /^[a-z0-9._-]+$/;

/** Source: SPIFFE-ID 2.1: lower-case letters, digits, dots, dashes and underscores; no port, no user. */
export function parseTrustDomain(text: string): Parsed<string> {
  const fault = trustDomainFault(text);
  return fault === undefined ? { ok: true, value: text } : { ok: false, fault };
}

function trustDomainFault(text: string): string | undefined {
  if (text === '') return 'the trust domain is empty';
  if (text.length > MAX_TRUST_DOMAIN)
    return `the trust domain has ${text.length} characters; ${MAX_TRUST_DOMAIN} are allowed`;
  if (!TRUST_DOMAIN.test(text))
    return `"${text}" is not a trust domain: it may hold lower-case letters, digits, ".", "-" and "_"`;
  return undefined;
}
