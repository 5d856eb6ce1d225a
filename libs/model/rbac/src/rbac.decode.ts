import type { DecodeContext } from '@weft/api-envoy';
import type { Policy, RBAC } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import { decodePermission } from './permission.decode.ts';
import { decodePrincipal } from './principal.decode.ts';
import type { Rbac, RbacPolicy } from './rbac.ts';
import { anyOf, type RequestTest } from './request.ts';

/** Envoy's enum by number. */
const ACTIONS = ['ALLOW', 'DENY', 'LOG'] as const;

/** Undefined where there are faults, which are in `cx`. */
export function decodeRbac(message: RBAC, cx: DecodeContext): Rbac | undefined {
  const before = cx.faults.length;
  const names = Object.keys(message.policies).sort(inByteOrder);
  const policies = names.flatMap(
    (name) => decodePolicy(name, message.policies[name] as Policy, cx.at('policies', name)) ?? [],
  );
  if (cx.faults.length > before) return undefined;
  return { action: ACTIONS[message.action] ?? 'ALLOW', policies };
}

function decodePolicy(name: string, message: Policy, cx: DecodeContext): RbacPolicy | undefined {
  for (const [field, value] of [
    ['condition', message.condition],
    ['checked_condition', message.checkedCondition],
  ] as const)
    if (value !== undefined) cx.at(field).later('CEL conditions');
  const permissions = decodeAll(message.permissions, cx.at('permissions'), decodePermission);
  const principals = decodeAll(message.principals, cx.at('principals'), decodePrincipal);
  return { name, permission: anyOf(permissions), principal: anyOf(principals) };
}

function decodeAll<M>(
  messages: readonly M[],
  cx: DecodeContext,
  decode: (message: M, cx: DecodeContext) => RequestTest | undefined,
): RequestTest[] {
  if (messages.length === 0) cx.error('is empty', { expected: 'at least one' });
  return messages.flatMap((message, i) => decode(message, cx.at(i)) ?? []);
}

function inByteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
