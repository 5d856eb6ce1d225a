import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { RBAC } from '@weft/api-envoy/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { durationMs } from '@weft/model-policy';
import { decodeRbac, rbacSupport, type Rbac } from '@weft/model-rbac';

/** Source: RBAC v3 of network filters. */
export interface RbacFilterConfig {
  readonly statPrefix: string;
  readonly shadowStatPrefix: string;
  /** Undefined: everything passes, and nothing is counted. */
  readonly rules: Rbac | undefined;
  /** Only counted. */
  readonly shadowRules: Rbac | undefined;
  /** Asked with each data, and not only with the first. */
  readonly continuous: boolean;
  /** How long a denied connection is held before it is closed; 0: not at all. */
  readonly delayDenyMs: number;
}

const TYPE = 'envoy.extensions.filters.network.rbac.v3.RBAC';

export const rbacFilterSupport: FieldSupport = mergeSupport([
  {
    [TYPE]: ['rules', 'shadow_rules', 'shadow_rules_stat_prefix', 'stat_prefix', 'enforcement_type', 'delay_deny'],
  },
  rbacSupport,
]);

/** Envoy's enum by number. */
const ENFORCEMENT = ['ONE_TIME_ON_FIRST_BYTE', 'CONTINUOUS'] as const;

export function decodeRbacFilter(message: RBAC, cx: DecodeContext): RbacFilterConfig | undefined {
  const before = cx.faults.length;
  // Left out they would let everything pass, so they are faults and no warnings.
  if (message.matcher !== undefined) cx.at('matcher').later('');
  if (message.shadowMatcher !== undefined) cx.at('shadow_matcher').later('');
  const { rules, shadowRules } = message;
  const config: RbacFilterConfig = {
    statPrefix: message.statPrefix,
    shadowStatPrefix: message.shadowRulesStatPrefix,
    rules: rules && decodeRbac(rules, cx.at('rules')),
    shadowRules: shadowRules && decodeRbac(shadowRules, cx.at('shadow_rules')),
    continuous: ENFORCEMENT[message.enforcementType] === 'CONTINUOUS',
    delayDenyMs: durationMs(message.delayDeny, 0),
  };
  return cx.faults.length > before ? undefined : config;
}
