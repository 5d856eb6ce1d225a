import type { Message } from '@bufbuild/protobuf';
import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { RBAC, RBACPerRoute } from '@weft/api-envoy/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { decodeRbac, rbacSupport, type Rbac } from '@weft/model-rbac';

export const RBAC_TYPE = 'envoy.extensions.filters.http.rbac.v3.RBAC';
export const RBAC_ROUTE_TYPE = 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute';

/** Source: RBAC v3 of HTTP filters. */
export interface RbacConfig {
  /** Undefined: every request passes, and none is counted. */
  readonly rules: Rbac | undefined;
  readonly rulesStatPrefix: string;
  /** Decided, counted and noted in dynamic metadata; never enforced. */
  readonly shadowRules: Rbac | undefined;
  readonly shadowStatPrefix: string;
  /** Also count by the name of the policy. */
  readonly trackPerRule: boolean;
}

export const rbacFilterSupport: FieldSupport = mergeSupport([
  {
    [RBAC_TYPE]: [
      'rules', 'rules_stat_prefix', 'shadow_rules', 'shadow_rules_stat_prefix', 'track_per_rule_stats',
    ],
    [RBAC_ROUTE_TYPE]: ['rbac'],
  },
  rbacSupport,
]); // prettier-ignore

export function decodeRbacConfig(message: Message, cx: DecodeContext): RbacConfig | undefined {
  const before = cx.faults.length;
  const { rules, shadowRules, matcher, shadowMatcher, ...rest } = message as RBAC;
  // Left out they would let everything pass, so they are faults and no warnings.
  if (matcher !== undefined) cx.at('matcher').later('', { expected: 'rules' });
  if (shadowMatcher !== undefined) cx.at('shadow_matcher').later('', { expected: 'shadow_rules' });
  const config: RbacConfig = {
    rules: rules && decodeRbac(rules, cx.at('rules')),
    rulesStatPrefix: rest.rulesStatPrefix,
    shadowRules: shadowRules && decodeRbac(shadowRules, cx.at('shadow_rules')),
    shadowStatPrefix: rest.shadowRulesStatPrefix,
    trackPerRule: rest.trackPerRuleStats,
  };
  return cx.faults.length > before ? undefined : config;
}

/** What takes the filter's place on a route; without `rbac` every request passes there. */
export function decodeRbacRoute(message: Message, cx: DecodeContext): RbacConfig | undefined {
  const { rbac } = message as RBACPerRoute;
  if (rbac !== undefined) return decodeRbacConfig(rbac, cx.at('rbac'));
  return {
    rules: undefined,
    rulesStatPrefix: '',
    shadowRules: undefined,
    shadowStatPrefix: '',
    trackPerRule: false,
  };
}
