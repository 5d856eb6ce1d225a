import type { Policy, RBAC as Rules } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import {
  apiGatewayOf,
  authorizationFor,
  customProvider,
  inboundPorts,
  isDryRun,
  type AuthorizationPolicy,
  type AuthorizationProvider,
  type EffectiveAuthorization,
} from '@weft/control-mesh';
import { rulePolicy, type PortLookup, type RuleContext } from './authorization-rule.ts';
import type { TranslateContext } from './context.ts';
import type { Init } from './proto.ts';

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

export function authorizationSteps(cx: TranslateContext, kind: RuleContext['kind']): AuthorizationStep[] {
  const found = authorizationOf(cx);
  const ports = portLookup(cx);
  // What is denied is audited too. Source: Istio, pilot/pkg/security/authz/builder.
  const byAction: readonly [Action, readonly AuthorizationPolicy[]][] = [
    ['AUDIT', found.audit],
    ['DENY', found.deny],
    ['ALLOW', found.allow],
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

/** True where what arrives is audited: access logs then say by which policy. */
export function isAudited(cx: TranslateContext): boolean {
  return authorizationOf(cx).audit.some((policy) => !isDryRun(policy));
}

/** True where a policy asks for the server name of connections: somebody has to look for it. */
export function asksServerName(cx: TranslateContext): boolean {
  const { audit, deny, allow, custom } = authorizationOf(cx);
  return [...audit, ...deny, ...allow, ...custom].some(({ spec }) =>
    (spec.rules ?? []).some(({ when = [] }) => when.some(({ key }) => key === 'connection.sni')),
  );
}

/** Names of CUSTOM rules begin with it: by that the provider is asked. */
export const CUSTOM_RULE_PREFIX = 'istio-ext-authz-';
const BAD_PROVIDER = '-deny-due-to-bad-CUSTOM-action';

/** What CUSTOM policies are about, and who is asked then; a text: why nobody can be, so that the rules deny. */
export interface CustomStep {
  readonly rules: Init<Rules>;
  readonly provider: AuthorizationProvider | string;
}

/** Undefined: the workload has no CUSTOM policy. Those in a dry run are not asked, as in Istio. */
export function customStep(cx: TranslateContext, kind: RuleContext['kind']): CustomStep | undefined {
  const policies = authorizationOf(cx).custom.filter((policy) => !isDryRun(policy));
  if (policies.length === 0) return undefined;
  const provider = customProvider(cx.snapshot, policies);
  const suffix = typeof provider === 'string' ? BAD_PROVIDER : '';
  // The rules are asked like those that deny: of a connection, without what only a request has.
  const rules = rbacRules(
    policies,
    { kind, action: 'DENY', ports: portLookup(cx) },
    (name) => `${CUSTOM_RULE_PREFIX}${name}${suffix}`,
  );
  return { rules, provider };
}

/** Every rule is a policy of its own, named so that a denial can be traced to it. */
function rbacRules(
  policies: readonly AuthorizationPolicy[],
  cx: Omit<RuleContext, 'namespace'>,
  nameOf: (name: string) => string = (name) => name,
): Init<Rules> {
  const named: Record<string, Init<Policy>> = {};
  for (const { ref, spec } of policies)
    for (const [i, rule] of (spec.rules ?? []).entries()) {
      const policy = rulePolicy(rule, { ...cx, namespace: ref.namespace });
      if (policy !== undefined) named[nameOf(ruleName(ref, i))] = policy;
    }
  return { action: ACTIONS[cx.action].number, policies: named };
}

export function ruleName(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  i: number,
): string {
  return `ns[${namespace}]-policy[${name}]-rule[${i}]`;
}

/** Nothing arrives there. */
const NO_PORT = 0;

/** A policy names the port of the program, whatever clients call; calls arrive at the proxy's. Source: Operation.ports. */
function portLookup(cx: TranslateContext): PortLookup {
  if (cx.proxy.role !== 'sidecar') return (port) => [port];
  const ports = inboundPorts(cx.snapshot, cx.proxy);
  return (wanted) => {
    const found = new Set(ports.flatMap(({ appPort, listenPort }) => (wanted === appPort ? [listenPort] : [])));
    if (found.size > 0) return [...found];
    // What no program has is asked for as it is, unless the proxy itself has it, for a program at another port.
    return [ports.some(({ listenPort }) => listenPort === wanted) ? NO_PORT : wanted];
  };
}

function authorizationOf(cx: TranslateContext): EffectiveAuthorization {
  const { namespace, labels } = cx.proxy;
  return authorizationFor(cx.snapshot, { namespace, labels, gateways: apiGatewayOf(cx.proxy) });
}
