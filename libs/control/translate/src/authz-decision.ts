import { DecodeContext, sourceNamed } from '@weft/api-envoy';
import type { RBAC as Rules } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import { RequestHeaderMap, socketAddress } from '@weft/core-http';
import { applyPathRules } from '@weft/model-match';
import { decodeRbac, type RbacPolicy, type RbacRequest } from '@weft/model-rbac';
import { isIP } from 'node:net';
import { authorizationSteps, customStep, type AuthorizationStep, type CustomStep } from './authorization-steps.ts';
import type { TranslateContext } from './context.ts';
import { PATH_RULES } from './hcm.ts';
import { meshConnection } from './mesh-certificate.ts';
import { make, type Init } from './proto.ts';

/** One rule of a policy that was asked. */
export interface TriedRule {
  readonly action: AuthorizationStep['action'] | 'CUSTOM';
  /** `ns[default]-policy[videos-api]-rule[0]`, as denials name it. */
  readonly rule: string;
  /** Counted only. */
  readonly dryRun: boolean;
  /** Who asks is one of those that it is about. */
  readonly sourceMatches: boolean;
  /** What is asked is what it is about. */
  readonly operationMatches: boolean;
}

/** What the proxy of the destination decides, and every rule it asks. */
export interface Decision {
  readonly allowed: boolean;
  /** One sentence. */
  readonly reason: string;
  /** The rule that decided; undefined where none did. */
  readonly rule: string | undefined;
  readonly tried: readonly TriedRule[];
  /** The provider of a CUSTOM policy that is asked before, and may deny. */
  readonly asks?: string;
}

/** A request as the destination's proxy sees it. */
export interface SeenRequest {
  readonly kind: 'http' | 'tcp';
  readonly listenPort: number;
  /** `''`: no certificate of the mesh came with it. */
  readonly identity: string;
  /** SNI of the connection; `''`: none, or nobody looked. */
  readonly serverName: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: readonly string[];
}

export function decideRequest(cx: TranslateContext, seen: SeenRequest): Decision {
  const request = requestOf(cx, seen);
  if (seen.kind === 'http' && applyPathRules(request.headers, PATH_RULES) === 'refuse') {
    const reason = `the proxy answers 400 to the path "${seen.path}" before any policy is asked`;
    return { allowed: false, reason, rule: undefined, tried: [] };
  }
  const custom = askCustom(customStep(cx, seen.kind), seen.kind, request);
  const decision = decide(authorizationSteps(cx, seen.kind), request);
  const tried = [...custom.tried, ...decision.tried];
  if (custom.denied !== undefined) return { ...custom.denied, allowed: false, tried };
  const asks = decision.allowed ? custom.asks : undefined;
  return { ...decision, tried, ...(asks === undefined ? {} : { asks }) };
}

interface CustomAnswer {
  readonly tried: readonly TriedRule[];
  readonly asks?: string;
  readonly denied?: { readonly reason: string; readonly rule: string };
}

/** The rules of CUSTOM policies: one that holds asks the provider, or denies where that is nobody. */
function askCustom(step: CustomStep | undefined, kind: 'http' | 'tcp', request: RbacRequest): CustomAnswer {
  // Over HTTP nobody can be asked about a connection.
  if (step === undefined || (kind === 'tcp' && typeof step.provider !== 'string' && step.provider.grpc === undefined))
    return { tried: [] };
  const { rules, provider } = step;
  const tried = triedRules(rules, request, { action: 'CUSTOM', dryRun: false });
  const rule = tried.find((one) => one.sourceMatches && one.operationMatches)?.rule;
  if (rule === undefined) return { tried };
  return typeof provider === 'string'
    ? { tried, denied: { reason: `denied by ${rule}: ${provider}`, rule } }
    : { tried, asks: provider.name };
}

function triedRules(
  rules: Init<Rules> | undefined,
  request: RbacRequest,
  of: Pick<TriedRule, 'action' | 'dryRun'>,
): TriedRule[] {
  return policiesOf(rules).map(({ name, permission, principal }) => ({
    ...of,
    rule: name,
    sourceMatches: principal(request),
    operationMatches: permission(request),
  }));
}

function decide(steps: readonly AuthorizationStep[], request: RbacRequest): Decision {
  const tried: TriedRule[] = [];
  const matchOf = (step: AuthorizationStep, rules: Init<Rules> | undefined, dryRun: boolean): string | undefined => {
    const asked = triedRules(rules, request, { action: step.action, dryRun });
    tried.push(...asked);
    return asked.find((one) => one.sourceMatches && one.operationMatches)?.rule;
  };
  let denied: string | undefined;
  let allowed: string | undefined;
  let mustBeAllowed = false;
  for (const step of steps) {
    matchOf(step, step.shadowRules, true);
    const match = matchOf(step, step.rules, false);
    if (step.action === 'DENY') denied = match;
    if (step.action === 'ALLOW' && step.rules !== undefined) {
      mustBeAllowed = true;
      allowed = match;
    }
  }
  if (denied !== undefined) return { allowed: false, reason: `denied by ${denied}`, rule: denied, tried };
  if (allowed !== undefined) return { allowed: true, reason: `allowed by ${allowed}`, rule: allowed, tried };
  const reason = mustBeAllowed
    ? 'there are ALLOW policies, and none of their rules matches'
    : 'no policy says anything about it';
  return { allowed: !mustBeAllowed, reason, rule: undefined, tried };
}

function policiesOf(rules: Init<Rules> | undefined): readonly RbacPolicy[] {
  if (rules === undefined) return [];
  const cx = new DecodeContext(sourceNamed('rules'));
  return decodeRbac(make<Rules>('envoy.config.rbac.v3.RBAC', rules), cx)?.policies ?? [];
}

function requestOf(
  { proxy }: TranslateContext,
  seen: SeenRequest,
): RbacRequest & { readonly headers: RequestHeaderMap } {
  const { identity, serverName, address, method, path, host, headers, listenPort } = seen;
  const from = socketAddress(address, 0);
  return {
    connection: {
      id: 0,
      localAddress: socketAddress(proxy.addresses.find((one) => isIP(one) !== 0) ?? '127.0.0.1', listenPort),
      directRemoteAddress: from,
      tls: identity !== '',
      requestedServerName: serverName,
      ...(identity === '' ? {} : { ssl: meshConnection(identity, serverName) }),
    },
    remoteAddress: proxy.role === 'sidecar' ? (forwardedFor(headers) ?? from) : from,
    headers: new RequestHeaderMap(method, path, host, [...headers]),
  };
}

/** A sidecar believes the caller's proxy who the client was; a gateway goes by the connection. */
function forwardedFor(headers: readonly string[]) {
  const at = headers.findIndex((text, i) => i % 2 === 0 && text === 'x-forwarded-for');
  const last = at < 0 ? undefined : headers[at + 1]?.split(',').at(-1)?.trim();
  return last === undefined || isIP(last) === 0 ? undefined : socketAddress(last, 0);
}
