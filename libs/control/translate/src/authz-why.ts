import { DecodeContext, sourceNamed } from '@weft/api-envoy';
import type { RBAC as Rules } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import {
  findService,
  inboundPorts,
  isHttp,
  mtlsMode,
  resolveHost,
  workloadKey,
  type EffectiveMtls,
  type InboundPort,
  type MeshProxy,
  type MeshSnapshot,
  type ObjectRef,
  type Workload,
} from '@weft/control-mesh';
import { RequestHeaderMap, socketAddress, type TlsConnectionInfo } from '@weft/core-http';
import { decodeRbac, type RbacPolicy, type RbacRequest } from '@weft/model-rbac';
import { authorizationSteps, customStep, type AuthorizationStep, type CustomStep } from './authorization-steps.ts';
import { TranslateContext } from './context.ts';
import { make, type Init } from './proto.ts';

/** Who asks whom for what. Workloads by `name`, `namespace/name`, or the service they serve; a source also by `spiffe://…`. */
export interface AuthzQuestion {
  readonly source: string;
  readonly destination: string;
  readonly method: string;
  readonly path: string;
  /** The port that clients know. Default: the destination's first. */
  readonly port?: number;
  /** The Host of the request. Default: the destination's service. */
  readonly host?: string;
  /** Further headers, `[name, value, …]`. */
  readonly headers?: readonly string[];
}

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

export interface AuthzAnswer {
  readonly allowed: boolean;
  /** One sentence. */
  readonly reason: string;
  /** The provider of a CUSTOM policy that is asked before, and may deny. */
  readonly asks?: string;
  /** The rule that decided; undefined where none did. */
  readonly rule: string | undefined;
  /** `''`: the source has none, since it calls without mutual TLS. */
  readonly sourceIdentity: string;
  readonly destination: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly mtls: EffectiveMtls['mode'];
  /** The resource that says so. */
  readonly mtlsBy: ObjectRef | undefined;
  readonly tried: readonly TriedRule[];
}

/** What the proxy of `destination` would say to the request, and every rule it would ask. A text: why it cannot be told. */
export function authzWhy(snapshot: MeshSnapshot, question: AuthzQuestion): AuthzAnswer | string {
  const destination = findWorkload(snapshot, question.destination);
  if (destination === undefined) return `there is no workload or service "${question.destination}"`;
  const identity = sourceIdentity(snapshot, question.source);
  if (identity === undefined)
    return `there is no workload or service "${question.source}", and it is no spiffe:// identity`;
  const proxy = proxyOf(destination);
  const ports = inboundPorts(snapshot, proxy);
  const port = question.port === undefined ? ports[0] : ports.find((one) => one.servicePort === question.port);
  if (port === undefined)
    return `"${question.destination}" has no port${question.port === undefined ? '' : ` ${question.port}`}`;
  const { namespace, labels } = proxy;
  const { mode, source } = mtlsMode(snapshot, { namespace, labels, port: port.appPort });
  const base = {
    sourceIdentity: mode === 'DISABLE' ? '' : identity,
    destination: { namespace, name: destination.name, port: port.servicePort },
    mtls: mode,
    mtlsBy: source?.ref,
  };
  if (mode === 'STRICT' && identity === '')
    return {
      ...base,
      allowed: false,
      reason: `plaintext to a STRICT port: ${question.source} has no proxy that would speak mutual TLS`,
      rule: undefined,
      tried: [],
    };
  const cx = new TranslateContext(snapshot, proxy);
  const kind = isHttp(port.protocol) ? 'http' : 'tcp';
  const request = requestOf(question, port, base.sourceIdentity);
  const custom = askCustom(customStep(cx, kind), kind, request);
  const decision = decide(authorizationSteps(cx, kind), request);
  const tried = [...custom.tried, ...decision.tried];
  if (custom.denied !== undefined) return { ...base, ...custom.denied, allowed: false, tried };
  const asks = decision.allowed ? custom.asks : undefined;
  return { ...base, ...decision, tried, ...(asks === undefined ? {} : { asks }) };
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

type Decision = Pick<AuthzAnswer, 'allowed' | 'reason' | 'rule' | 'tried'>;

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
  if (mustBeAllowed)
    return {
      allowed: false,
      reason: 'there are ALLOW policies, and none of their rules matches',
      rule: undefined,
      tried,
    };
  return { allowed: true, reason: 'no policy says anything about it', rule: undefined, tried };
}

function policiesOf(rules: Init<Rules> | undefined): readonly RbacPolicy[] {
  if (rules === undefined) return [];
  const cx = new DecodeContext(sourceNamed('rules'));
  return decodeRbac(make<Rules>('envoy.config.rbac.v3.RBAC', rules), cx)?.policies ?? [];
}

function requestOf(
  { method, path, host, headers = [] }: AuthzQuestion,
  port: InboundPort,
  identity: string,
): RbacRequest {
  const ssl = { peer: { uriSans: [identity], dnsSans: [], subject: '' } } as unknown as TlsConnectionInfo;
  const from = socketAddress('0.0.0.0', 0);
  return {
    connection: {
      id: 0,
      localAddress: socketAddress('127.0.0.1', port.listenPort),
      directRemoteAddress: from,
      tls: identity !== '',
      requestedServerName: '',
      ...(identity === '' ? {} : { ssl }),
    },
    remoteAddress: from,
    headers: new RequestHeaderMap(method, path, host ?? port.service?.hostname ?? '', [...headers]),
  };
}

/** By `name` or `namespace/name`; else the first that serves a service of that name. */
function findWorkload(snapshot: MeshSnapshot, text: string): Workload | undefined {
  const [first = '', second] = text.split('/');
  const [namespace, name] = second === undefined ? ['default', first] : [first, second];
  const own = snapshot.workloads.get(workloadKey({ namespace, name }));
  if (own !== undefined) return own;
  const service = findService(snapshot, resolveHost(snapshot, name, namespace), namespace);
  if (service === undefined) return undefined;
  const endpoint = snapshot.endpoints
    .get(`${service.namespace}/${service.hostname}`)
    ?.find(({ workload }) => workload !== '');
  return endpoint && snapshot.workloads.get(workloadKey({ namespace: endpoint.namespace, name: endpoint.workload }));
}

/** `''`: it has no proxy, and calls in plaintext. Undefined: nobody knows it. */
function sourceIdentity(snapshot: MeshSnapshot, text: string): string | undefined {
  if (text.startsWith('spiffe://')) return text;
  const workload = findWorkload(snapshot, text);
  return workload && (workload.proxied ? workload.identity : '');
}

function proxyOf({ namespace, name, labels, serviceAccount, addresses, locality }: Workload): MeshProxy {
  return {
    id: `${namespace}/${name}`,
    role: 'sidecar',
    namespace,
    name,
    labels,
    serviceAccount,
    addresses,
    traffic: 'explicit',
    upstreams: [],
    dialled: [],
    locality,
  };
}
