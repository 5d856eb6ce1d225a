import type { Report } from '../report.ts';
import type {
  AuthorizationPolicyRuleFromSource,
  AuthorizationPolicyRuleToOperation,
  AuthorizationPolicyRuleWhen,
  AuthorizationPolicySpec,
  AuthorizationPolicyTargetRef,
} from '../types/index.ts';
import { isAddressRange } from './words.ts';

const KEYS = [
  ...[
    'source.ip',
    'remote.ip',
    'source.namespace',
    'source.trustDomain',
    'source.principal',
    'source.serviceAccount',
    'request.auth.principal',
  ],
  ...['request.auth.audiences', 'request.auth.presenter', 'destination.ip', 'destination.port', 'connection.sni'],
];
const NAMED_KEYS = /^(request\.headers|request\.auth\.claims|experimental\.envoy\.filters\.[^[\]]+)\[.+\]$/;

export function checkAuthorizationPolicy(spec: AuthorizationPolicySpec, report: Report): void {
  const { action, provider, rules = [], targetRef, targetRefs = [] } = spec;
  checkTarget(targetRef, 'spec.targetRef', report);
  for (const [i, target] of targetRefs.entries()) checkTarget(target, `spec.targetRefs[${i}]`, report);
  if (action === 'CUSTOM') checkCustom(spec, report);
  if (action !== 'CUSTOM' && provider !== undefined)
    report('spec.provider', `is set, and the action is ${action ?? 'ALLOW'}`, { expected: 'action CUSTOM' });
  for (const [i, { from = [], to = [], when = [] }] of rules.entries()) {
    const path = `spec.rules[${i}]`;
    for (const [j, { source }] of from.entries()) checkSource(source, `${path}.from[${j}]`, report);
    for (const [j, { operation }] of to.entries()) checkOperation(operation, `${path}.to[${j}]`, report);
    for (const [j, condition] of when.entries()) checkCondition(condition, `${path}.when[${j}]`, report);
  }
}

/** Group and kind of what a policy may be bound to. Source: Istio's validation of policy targets. */
const TARGETS: Readonly<Record<string, string>> = {
  Gateway: 'gateway.networking.k8s.io',
  GatewayClass: 'gateway.networking.k8s.io',
  Service: '',
  ServiceEntry: 'networking.istio.io',
};

function checkTarget(target: AuthorizationPolicyTargetRef | undefined, path: string, report: Report): void {
  if (target === undefined) return;
  const { kind, group = '' } = target;
  const wanted = TARGETS[kind];
  const expected = `one of ${Object.keys(TARGETS).join(', ')}`;
  if (wanted === undefined) report(`${path}.kind`, `a policy cannot be bound to a ${kind}`, { expected });
  else if (wanted !== group && !(wanted === '' && group === 'core'))
    report(target.group === undefined ? path : `${path}.group`, `${kind} is not of the group "${group}"`, {
      expected: `"${wanted}"`,
    });
}

function checkCondition(condition: AuthorizationPolicyRuleWhen, path: string, report: Report): void {
  const { key, values = [], notValues = [] } = condition;
  if (!KEYS.includes(key) && !NAMED_KEYS.test(key))
    report(`${path}.key`, `unknown key "${key}"`, {
      expected: `one of ${KEYS.join(', ')}, request.headers[NAME], experimental.envoy.filters.FILTER[KEY]`,
    });
  if (values.length + notValues.length === 0)
    report(path, 'compares with nothing', { expected: 'values or notValues' });
  for (const list of ['values', 'notValues'] as const)
    for (const [i, text] of (condition[list] ?? []).entries()) {
      if (/^(source|remote|destination)\.ip$/.test(key) && !isAddressRange(text))
        report(`${path}.${list}[${i}]`, `"${text}" is no address`, {
          expected: 'an IP address or a range such as 10.0.0.0/8',
        });
      if (key === 'destination.port' && !isPort(text))
        report(`${path}.${list}[${i}]`, `"${text}" is no port`, { expected: '1 to 65535' });
    }
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
}

/** Istio asks nobody about callers by identity, and neither do we: what is taken here is taken there. */
function checkCustom({ provider, rules = [] }: AuthorizationPolicySpec, report: Report): void {
  if ((provider?.name ?? '') === '')
    report('spec', 'is CUSTOM and names no provider', { expected: 'provider with a name' });
  if (rules.length === 0)
    report('spec', 'is CUSTOM and has no rules, so nobody is ever asked', { expected: 'rules; "rules: [{}]" is all' });
  for (const [i, { from = [], when = [] }] of rules.entries()) {
    for (const [j, { source = {} }] of from.entries())
      for (const key of Object.keys(source))
        if (!/IpBlocks$|^ipBlocks$/i.test(key))
          report(`spec.rules[${i}].from[${j}].source.${key}`, `"${key}" cannot be told by a CUSTOM rule`, {
            atKey: true,
            expected: 'ipBlocks or remoteIpBlocks, or an ALLOW or DENY policy for the callers',
          });
    for (const [j, { key }] of when.entries())
      if (/^(source\.(namespace|trustDomain|serviceAccount|principal)$|request\.auth\.)/.test(key))
        report(`spec.rules[${i}].when[${j}].key`, `"${key}" cannot be told by a CUSTOM rule`);
  }
}

function checkSource(source: AuthorizationPolicyRuleFromSource | undefined, path: string, report: Report): void {
  if (source === undefined || Object.keys(source).length === 0) {
    report(`${path}.source`, 'is empty', { expected: 'at least one condition; to allow all sources leave out "from"' });
    return;
  }
  for (const key of ['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'] as const)
    for (const [i, block] of (source[key] ?? []).entries())
      if (!isAddressRange(block))
        report(`${path}.source.${key}[${i}]`, `"${block}" is no address`, {
          expected: 'an IP address or a range such as 10.0.0.0/8',
        });
  for (const key of ['principals', 'notPrincipals'] as const)
    for (const [i, principal] of (source[key] ?? []).entries())
      if (principal.startsWith('spiffe://'))
        report(`${path}.source.${key}[${i}]`, `"${principal}" begins with a scheme`, {
          suggestion: principal.slice(9),
        });
}

function checkOperation(operation: AuthorizationPolicyRuleToOperation | undefined, path: string, report: Report): void {
  if (operation === undefined || Object.keys(operation).length === 0) {
    report(`${path}.operation`, 'is empty', {
      expected: 'at least one condition; to allow all operations leave out "to"',
    });
    return;
  }
  for (const key of ['ports', 'notPorts'] as const)
    for (const [i, port] of (operation[key] ?? []).entries())
      if (!isPort(port)) report(`${path}.operation.${key}[${i}]`, `"${port}" is no port`, { expected: '1 to 65535' });
  for (const key of ['paths', 'notPaths'] as const)
    for (const [i, one] of (operation[key] ?? []).entries()) checkPath(one, `${path}.operation.${key}[${i}]`, report);
}

/** A path, `prefix*`, `*suffix`, or a template whose `{*}` and `{**}` are whole segments. Source: Istio's path templates. */
function checkPath(path: string, place: string, report: Report): void {
  if (!/^[/*{]/.test(path)) {
    report(place, `"${path}" matches no path`, { suggestion: `/${path}` });
    return;
  }
  if (!/[{}]/.test(path)) return;
  const segments = path.split('/');
  const wrong = segments.find((segment) => segment !== '{*}' && segment !== '{**}' && /[{}*]/.test(segment));
  const rest = segments.indexOf('{**}');
  if (wrong !== undefined)
    report(place, `"${wrong}" is no segment of a template`, {
      expected: '{*} for one segment and {**} for any number, each between slashes, and no other "*", "{" or "}"',
    });
  else if (rest >= 0 && segments.slice(rest + 1).some((segment) => segment.startsWith('{')))
    report(place, 'has an operator behind {**}', { expected: 'only text behind it' });
}
