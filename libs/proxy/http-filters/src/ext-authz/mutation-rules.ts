import type { Re2 } from '@weft/model-match';
import { isValidValue } from './validate-outcome.ts';

export type MutationKind = 'set' | 'append' | 'remove';

/** Which headers of a request a service may change. Source: envoy.config.common.mutation_rules.v3.HeaderMutationRules. */
export interface MutationRules {
  /** Also those that say where a request goes, and how. */
  readonly allowAllRouting: boolean;
  /** Also those that begin with x-envoy. */
  readonly allowEnvoy: boolean;
  /** None that begins with a colon. */
  readonly disallowSystem: boolean;
  readonly disallowAll: boolean;
  /** These in any case, unless `disallow` matches them too. */
  readonly allow: Re2 | undefined;
  readonly disallow: Re2 | undefined;
  /** What is not allowed makes the whole answer invalid; otherwise it is left out. */
  readonly disallowIsError: boolean;
}

const ROUTING: ReadonlySet<string> = new Set(['host', ':authority', ':method', ':scheme']);
/** RFC 3986 section 3.2, without user information's escapes. */
const AUTHORITY = /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]%]*$/;

/** `name` is in lower case. */
export function isAllowed(rules: MutationRules, kind: MutationKind, name: string, value: string): boolean {
  return mayChange(rules, kind, name) && (kind === 'remove' || canBe(name, value));
}

function mayChange(rules: MutationRules, kind: MutationKind, name: string): boolean {
  const system = name.startsWith(':');
  if (kind === 'remove' && (system || name === 'host')) return false;
  if (rules.disallow?.matches(name) === true) return false;
  if (rules.allow?.matches(name) === true) return true;
  if (rules.disallowAll || (!rules.allowAllRouting && ROUTING.has(name))) return false;
  // Of these there is one value, to which nothing is appended.
  if (system && (kind === 'append' || rules.disallowSystem)) return false;
  return rules.allowEnvoy || !name.startsWith('x-envoy');
}

function canBe(name: string, value: string): boolean {
  if (name === 'host' || name === ':authority') return AUTHORITY.test(value);
  if (name === ':scheme') return value === 'http' || value === 'https';
  return name.startsWith(':') || isValidValue(value);
}
