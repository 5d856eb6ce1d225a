import type { Filter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { RBAC as Rules } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import type { RBAC as HttpRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { HttpFilter } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { RBAC as NetworkRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { authorizationSteps, type AuthorizationStep } from './authorization-steps.ts';
import type { TranslateContext } from './context.ts';
import { httpCustomAuthorization, networkCustomAuthorization } from './custom-authorization.ts';
import { AUDIT_PREFIX } from './names.ts';
import { pack, type Init } from './proto.ts';

/** Before the router: who may ask for what. Providers first, then audits, denials, and what is allowed, as in Istio. */
export function httpAuthorization(cx: TranslateContext): Init<HttpFilter>[] {
  const steps = authorizationSteps(cx, 'http')
    .flatMap(ruleSets)
    .map(({ audit, ...rules }): Init<HttpFilter> => ({
      name: 'envoy.filters.http.rbac',
      configType: {
        case: 'typedConfig',
        value: pack<HttpRbac>('envoy.extensions.filters.http.rbac.v3.RBAC', {
          ...rules,
          ...(audit ? { trackPerRuleStats: true } : {}),
        }),
      },
    }));
  return [...httpCustomAuthorization(cx), ...steps];
}

/** The same for connections whose bytes nobody looks into. */
export function networkAuthorization(cx: TranslateContext): Init<Filter>[] {
  const steps = authorizationSteps(cx, 'tcp')
    .flatMap(ruleSets)
    .map(({ audit: _, ...rules }): Init<Filter> => ({
      name: 'envoy.filters.network.rbac',
      configType: {
        case: 'typedConfig',
        value: pack<NetworkRbac>('envoy.extensions.filters.network.rbac.v3.RBAC', { statPrefix: 'tcp.', ...rules }),
      },
    }));
  return [...networkCustomAuthorization(cx), ...steps];
}

interface RuleSet {
  readonly audit: boolean;
  readonly rules?: Init<Rules>;
  readonly shadowRules?: Init<Rules>;
  readonly shadowRulesStatPrefix?: string;
}

/**
 * What one filter holds. LOG alone only leaves a hint that names nothing: the same rules as shadow rules that allow are counted,
 * and note for access logs which of them matched. A dry run of an audit then needs a filter of its own.
 */
function ruleSets({ action, rules, shadowRules, shadowPrefix }: AuthorizationStep): RuleSet[] {
  const shadow = shadowRules === undefined ? {} : { shadowRules, shadowRulesStatPrefix: shadowPrefix };
  if (action !== 'AUDIT' || rules === undefined)
    return [{ audit: false, ...(rules === undefined ? {} : { rules }), ...shadow }];
  const audit = { audit: true, rules, shadowRules: { ...rules, action: ALLOW }, shadowRulesStatPrefix: AUDIT_PREFIX };
  return shadowRules === undefined ? [audit] : [audit, { audit: false, ...shadow }];
}

/** RBAC.Action by number. */
const ALLOW = 0;
