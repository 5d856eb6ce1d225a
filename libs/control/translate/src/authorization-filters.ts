import type { Filter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { Policy, RBAC as Rules } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import type { RBAC as HttpRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { HttpFilter } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { RBAC as NetworkRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { authorizationFor, inboundPorts, isDryRun, type AuthorizationPolicy } from '@weft/control-mesh';
import { rulePolicy, type PortLookup, type RuleContext } from './authorization-rule.ts';
import type { TranslateContext } from './context.ts';
import { pack, type Init } from './proto.ts';

/** RBAC.Action by number, and what the dry run of each counts under. Source: Istio's names. */
const ACTIONS = {
  DENY: { number: 1, shadowPrefix: 'istio_dry_run_deny_' },
  ALLOW: { number: 0, shadowPrefix: 'istio_dry_run_allow_' },
  AUDIT: { number: 2, shadowPrefix: 'istio_dry_run_audit_' },
} as const;

type Action = keyof typeof ACTIONS;

/** Of one action: what is enforced, and what is only counted. */
export interface AuthorizationStep {
  readonly action: Action;
  readonly rules: Init<Rules> | undefined;
  readonly shadowRules: Init<Rules> | undefined;
  readonly shadowPrefix: string;
}

/** Before the router: who may ask for what. Denials first, then what is allowed, as in Istio. */
export function httpAuthorization(cx: TranslateContext): Init<HttpFilter>[] {
  return authorizationSteps(cx, 'http').map(({ rules, shadowRules, shadowPrefix }) => ({
    name: 'envoy.filters.http.rbac',
    configType: {
      case: 'typedConfig',
      value: pack<HttpRbac>('envoy.extensions.filters.http.rbac.v3.RBAC', {
        ...(rules === undefined ? {} : { rules }),
        ...(shadowRules === undefined ? {} : { shadowRules, shadowRulesStatPrefix: shadowPrefix }),
      }),
    },
  }));
}

/** The same for connections whose bytes nobody looks into. */
export function networkAuthorization(cx: TranslateContext): Init<Filter>[] {
  return authorizationSteps(cx, 'tcp').map(({ rules, shadowRules, shadowPrefix }) => ({
    name: 'envoy.filters.network.rbac',
    configType: {
      case: 'typedConfig',
      value: pack<NetworkRbac>('envoy.extensions.filters.network.rbac.v3.RBAC', {
        statPrefix: 'tcp.',
        ...(rules === undefined ? {} : { rules }),
        ...(shadowRules === undefined ? {} : { shadowRules, shadowRulesStatPrefix: shadowPrefix }),
      }),
    },
  }));
}

export function authorizationSteps(cx: TranslateContext, kind: RuleContext['kind']): AuthorizationStep[] {
  const { namespace, labels } = cx.proxy;
  const found = authorizationFor(cx.snapshot, { namespace, labels, gateways: gatewaysOf(cx) });
  const ports = portLookup(cx);
  const byAction: readonly [Action, readonly AuthorizationPolicy[]][] = [
    ['DENY', found.deny],
    ['ALLOW', found.allow],
    ['AUDIT', found.audit],
  ];
  return byAction.flatMap(([action, policies]) => {
    if (policies.length === 0) return [];
    const enforced = policies.filter((policy) => !isDryRun(policy));
    const dry = policies.filter(isDryRun);
    const rulesOf = (some: readonly AuthorizationPolicy[]) =>
      some.length === 0 ? undefined : rbacRules(some, { kind, action, ports });
    const { shadowPrefix } = ACTIONS[action];
    return [{ action, rules: rulesOf(enforced), shadowRules: rulesOf(dry), shadowPrefix }];
  });
}

/** Every rule is a policy of its own, named so that a denial can be traced to it. */
function rbacRules(policies: readonly AuthorizationPolicy[], cx: Omit<RuleContext, 'namespace'>): Init<Rules> {
  const named: Record<string, Init<Policy>> = {};
  for (const { ref, spec } of policies)
    for (const [i, rule] of (spec.rules ?? []).entries()) {
      const policy = rulePolicy(rule, { ...cx, namespace: ref.namespace });
      if (policy !== undefined) named[ruleName(ref, i)] = policy;
    }
  return { action: ACTIONS[cx.action].number, policies: named };
}

export function ruleName(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  i: number,
): string {
  return `ns[${namespace}]-policy[${name}]-rule[${i}]`;
}

/** A policy names the port of the program; calls arrive at the proxy's. */
function portLookup(cx: TranslateContext): PortLookup {
  if (cx.proxy.role !== 'sidecar') return (port) => [port];
  const ports = inboundPorts(cx.snapshot, cx.proxy);
  return (wanted) => [
    ...new Set(
      ports.flatMap(({ appPort, servicePort, listenPort }) =>
        wanted === appPort || wanted === servicePort ? [listenPort] : [],
      ),
    ),
  ];
}

function gatewaysOf({ proxy }: TranslateContext): string[] {
  return proxy.role === 'gateway' ? [`${proxy.namespace}/${proxy.name}`] : [];
}
