import type { CidrRange } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type { Permission, Principal } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import type { StringMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/string_pb';
import type { Init } from './proto.ts';

/** Text as AuthorizationPolicy writes it: exact, `prefix*`, `*suffix`, or `*` for anything that is not empty. */
export function wildcardMatcher(text: string, before = ''): Init<StringMatcher> {
  if (text === '*') return regexMatcher('.+');
  if (text.startsWith('*'))
    return before === ''
      ? { matchPattern: { case: 'suffix', value: text.slice(1) } }
      : regexMatcher(`${escapeRegex(before)}.*${escapeRegex(text.slice(1))}`);
  if (text.endsWith('*')) return { matchPattern: { case: 'prefix', value: before + text.slice(0, -1) } };
  return { matchPattern: { case: 'exact', value: before + text } };
}

export function regexMatcher(regex: string): Init<StringMatcher> {
  return { matchPattern: { case: 'safeRegex', value: { regex } } };
}

export function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A segment of a path in which `*` stands for any text: it does not reach over a slash. */
export function wildcardRegex(text: string): string {
  return text.split('*').map(escapeRegex).join('[^/]*');
}

export function anyPrincipal(): Init<Principal> {
  return { identifier: { case: 'any', value: true } };
}
export function allPrincipals(ids: Init<Principal>[]): Init<Principal> {
  return ids.length === 1 && ids[0] !== undefined ? ids[0] : { identifier: { case: 'andIds', value: { ids } } };
}
export function somePrincipal(ids: Init<Principal>[]): Init<Principal> {
  return ids.length === 1 && ids[0] !== undefined ? ids[0] : { identifier: { case: 'orIds', value: { ids } } };
}
export function notPrincipal(id: Init<Principal>): Init<Principal> {
  return { identifier: { case: 'notId', value: id } };
}
export function authenticated(name: Init<StringMatcher>): Init<Principal> {
  return { identifier: { case: 'authenticated', value: { principalName: name } } };
}

export function anyPermission(): Init<Permission> {
  return { rule: { case: 'any', value: true } };
}
export function allPermissions(rules: Init<Permission>[]): Init<Permission> {
  return rules.length === 1 && rules[0] !== undefined ? rules[0] : { rule: { case: 'andRules', value: { rules } } };
}
export function somePermission(rules: Init<Permission>[]): Init<Permission> {
  return rules.length === 1 && rules[0] !== undefined ? rules[0] : { rule: { case: 'orRules', value: { rules } } };
}
export function notPermission(rule: Init<Permission>): Init<Permission> {
  return { rule: { case: 'notRule', value: rule } };
}

/** `10.0.0.0/8`, or one address. */
export function cidrRange(text: string): Init<CidrRange> {
  const [addressPrefix = '', length] = text.split('/');
  return { addressPrefix, prefixLen: Number(length ?? (addressPrefix.includes(':') ? 128 : 32)) };
}
