import type {
  AuthorizationPolicyRule,
  AuthorizationPolicyRuleFromSource,
  AuthorizationPolicyRuleToOperation,
  AuthorizationPolicyRuleWhen,
} from '@weft/api-kube';
import type { Permission, Policy, Principal } from '@weft/api-envoy/gen/envoy/config/rbac/v3/rbac_pb';
import type { ValueMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/value_pb';
import {
  allPermissions,
  allPrincipals,
  anyPermission,
  anyPrincipal,
  authenticated,
  cidrRange,
  escapeRegex,
  notPermission,
  notPrincipal,
  regexMatcher,
  somePermission,
  somePrincipal,
  wildcardMatcher,
  wildcardRegex,
} from './authorization-match.ts';
import type { Init } from './proto.ts';

/** What the port that a policy names is at this proxy: the ports where its calls arrive. */
export type PortLookup = (port: number) => readonly number[];

/** Where a rule is asked: of requests, or of connections, which have neither method nor path nor headers. */
export interface RuleContext {
  readonly kind: 'http' | 'tcp';
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT';
  readonly ports: PortLookup;
  /** Of the policy: service accounts without a namespace are in it. */
  readonly namespace: string;
}

/**
 * One rule as a policy of Envoy: who (`from`, and those of `when` that ask for the caller), and what (`to`, and the rest of
 * `when`). Undefined: it can never hold here. On plain connections what asks for requests cannot be told, and claims of a JWT
 * nowhere, since nobody verifies them yet: an ALLOW rule with such a condition allows nothing, a DENY rule is asked without it,
 * so that neither lets more through than was written.
 */
export function rulePolicy(rule: AuthorizationPolicyRule, cx: RuleContext): Init<Policy> | undefined {
  const froms = (rule.from ?? []).map(({ source = {} }) => sourcePrincipals(source, cx));
  const tos = (rule.to ?? []).map(({ operation = {} }) => operationPermissions(operation, cx));
  const whens = (rule.when ?? []).map((condition) => conditionOf(condition, cx));
  if ([...froms, ...tos, ...whens].includes('never')) return undefined;
  const principals: Init<Principal>[] = [];
  const permissions: Init<Permission>[] = [];
  if (froms.length > 0)
    principals.push(somePrincipal(froms.map((all) => join(all as Init<Principal>[], allPrincipals, anyPrincipal))));
  if (tos.length > 0)
    permissions.push(somePermission(tos.map((all) => join(all as Init<Permission>[], allPermissions, anyPermission))));
  for (const when of whens) {
    if (when === 'never') continue;
    principals.push(...when.principals);
    permissions.push(...when.permissions);
  }
  return {
    principals: [join(principals, allPrincipals, anyPrincipal)],
    permissions: [join(permissions, allPermissions, anyPermission)],
  };
}

function join<T>(parts: T[], all: (parts: T[]) => T, any: () => T): T {
  return parts.length === 0 ? any() : all(parts);
}

type Never = 'never';

/** What a connection cannot be asked: nothing for DENY, and the end of the rule for the others. */
function httpOnly<T>(cx: RuleContext, make: () => T[]): T[] | Never {
  if (cx.kind === 'http') return make();
  return cx.action === 'DENY' ? [] : 'never';
}

/** Values that one has to be, and values that none may be. */
function either<T>(
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
  how: { readonly one: (text: string) => T; readonly some: (parts: T[]) => T; readonly not: (part: T) => T },
): T[] {
  return [
    ...(values === undefined || values.length === 0 ? [] : [how.some(values.map(how.one))]),
    ...(notValues === undefined || notValues.length === 0 ? [] : [how.not(how.some(notValues.map(how.one)))]),
  ];
}

const WHO = { some: somePrincipal, not: notPrincipal } as const;
const WHAT = { some: somePermission, not: notPermission } as const;

const principalNamed = (text: string): Init<Principal> => authenticated(wildcardMatcher(text, 'spiffe://'));
const inNamespace = (text: string): Init<Principal> =>
  authenticated(regexMatcher(`spiffe://[^/]+/ns/${wildcardRegex(text)}/.*`));
const ofTrustDomain = (text: string): Init<Principal> =>
  authenticated(regexMatcher(`spiffe://${wildcardRegex(text)}/.*`));
const directAddress = (text: string): Init<Principal> => ({
  identifier: { case: 'directRemoteIp', value: cidrRange(text) },
});
const remoteAddress = (text: string): Init<Principal> => ({ identifier: { case: 'remoteIp', value: cidrRange(text) } });

function ofServiceAccount(text: string, namespace: string): Init<Principal> {
  const [first = '', second] = text.split('/');
  const [ns, account] = second === undefined ? [namespace, first] : [first, second];
  return authenticated(regexMatcher(`spiffe://[^/]+/ns/${escapeRegex(ns)}/sa/${escapeRegex(account)}`));
}

function sourcePrincipals(source: AuthorizationPolicyRuleFromSource, cx: RuleContext): Init<Principal>[] | Never {
  const account = (text: string): Init<Principal> => ofServiceAccount(text, cx.namespace);
  const claims = source.requestPrincipals !== undefined || source.notRequestPrincipals !== undefined;
  if (claims && cx.action !== 'DENY') return 'never';
  return [
    ...either(source.principals, source.notPrincipals, { one: principalNamed, ...WHO }),
    ...either(source.namespaces, source.notNamespaces, { one: inNamespace, ...WHO }),
    ...either(source.serviceAccounts, source.notServiceAccounts, { one: account, ...WHO }),
    ...either(source.trustDomains, source.notTrustDomains, { one: ofTrustDomain, ...WHO }),
    ...either(source.ipBlocks, source.notIpBlocks, { one: directAddress, ...WHO }),
    ...either(source.remoteIpBlocks, source.notRemoteIpBlocks, { one: remoteAddress, ...WHO }),
  ];
}

const path = (text: string): Init<Permission> => ({
  rule: {
    case: 'urlPath',
    value: { rule: { case: 'path', value: text.includes('{') ? templateMatcher(text) : wildcardMatcher(text) } },
  },
});

/** Templates as `/users/{*}/files/{**}`: `{*}` is one segment, `{**}` any number of them. */
function templateMatcher(text: string) {
  const parts = text.split(/(\{\*\*?\})/);
  return regexMatcher(
    parts.map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : escapeRegex(part))).join(''),
  );
}

function headerIs(name: string, text: string, ignoreCase = false) {
  const value = text === '*' ? undefined : { ...wildcardMatcher(text), ...(ignoreCase ? { ignoreCase: true } : {}) };
  return {
    name,
    headerMatchSpecifier:
      value === undefined ? { case: 'presentMatch' as const, value: true } : { case: 'stringMatch' as const, value },
  };
}

function operationPermissions(
  operation: AuthorizationPolicyRuleToOperation,
  cx: RuleContext,
): Init<Permission>[] | Never {
  const { hosts, notHosts, methods, notMethods, paths, notPaths } = operation;
  const header = (name: string, ignoreCase: boolean) => ({
    one: (text: string): Init<Permission> => ({ rule: { case: 'header', value: headerIs(name, text, ignoreCase) } }),
    ...WHAT,
  });
  const asksRequests = [hosts, notHosts, methods, notMethods, paths, notPaths].some(
    (list) => list !== undefined && list.length > 0,
  );
  const requests = asksRequests
    ? httpOnly(cx, () => [
        ...either(hosts, notHosts, header(':authority', true)),
        ...either(methods, notMethods, header(':method', false)),
        ...either(paths, notPaths, { one: path, ...WHAT }),
      ])
    : [];
  if (requests === 'never') return 'never';
  return [...requests, ...either(operation.ports, operation.notPorts, { one: portPermission(cx), ...WHAT })];
}

function portPermission(cx: RuleContext): (text: string) => Init<Permission> {
  return (text) =>
    somePermission(cx.ports(Number(text)).map((value) => ({ rule: { case: 'destinationPort', value } })));
}

/** What another filter noted; `[text]` asks for one of a list. Source: Istio's experimental.envoy.filters.*. */
function metadataPermission(filter: string, key: string, text: string): Init<Permission> {
  const inList = text.startsWith('[') && text.endsWith(']');
  const value: Init<ValueMatcher> = {
    matchPattern: { case: 'stringMatch', value: wildcardMatcher(inList ? text.slice(1, -1) : text) },
  };
  const oneOf: Init<ValueMatcher> = {
    matchPattern: { case: 'listMatch', value: { matchPattern: { case: 'oneOf', value } } },
  };
  return {
    rule: {
      case: 'metadata',
      value: { filter, path: [{ segment: { case: 'key', value: key } }], value: inList ? oneOf : value },
    },
  };
}

interface Condition {
  readonly principals: Init<Principal>[];
  readonly permissions: Init<Permission>[];
}

/** Attributes of AuthorizationPolicy's conditions. */
function conditionOf({ key, values, notValues }: AuthorizationPolicyRuleWhen, cx: RuleContext): Condition | Never {
  const who = (one: (text: string) => Init<Principal>): Condition => ({
    principals: either(values, notValues, { one, ...WHO }),
    permissions: [],
  });
  const what = (one: (text: string) => Init<Permission>): Condition => ({
    principals: [],
    permissions: either(values, notValues, { one, ...WHAT }),
  });
  switch (key) {
    case 'source.ip':
      return who(directAddress);
    case 'remote.ip':
      return who(remoteAddress);
    case 'source.principal':
      return who(principalNamed);
    case 'source.namespace':
      return who(inNamespace);
    case 'source.trustDomain':
      return who(ofTrustDomain);
    case 'source.serviceAccount':
      return who((text) => ofServiceAccount(text, cx.namespace));
    case 'destination.ip':
      return what((text) => ({ rule: { case: 'destinationIp', value: cidrRange(text) } }));
    case 'destination.port':
      return what(portPermission(cx));
    case 'connection.sni':
      return what((text) => ({ rule: { case: 'requestedServerName', value: wildcardMatcher(text) } }));
  }
  const noted = /^experimental\.(envoy\.filters\.[^[]+)\[(.+)\]$/.exec(key);
  if (noted !== null) return what((text) => metadataPermission(noted[1] ?? '', noted[2] ?? '', text));
  const header = /^request\.headers\[([^\]]+)\]$/.exec(key)?.[1];
  if (header === undefined) return cx.action === 'DENY' ? { principals: [], permissions: [] } : 'never';
  const principals = httpOnly(cx, () =>
    either(values, notValues, {
      one: (text): Init<Principal> => ({ identifier: { case: 'header', value: headerIs(header.toLowerCase(), text) } }),
      ...WHO,
    }),
  );
  return principals === 'never' ? 'never' : { principals, permissions: [] };
}
